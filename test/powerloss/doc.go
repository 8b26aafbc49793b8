// Package powerloss holds the test that takes the file system away from a
// running server, as a loss of power does, and reads back what was
// acknowledged. It is Linux's ext4 that loses: what it had not put into its
// journal and onto the device is gone.
package powerloss
