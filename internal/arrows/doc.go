// Package arrows holds the tests of the house's structure: who may import
// whom (arrows.txt), and that every package says what it is. It has no code.
package arrows
