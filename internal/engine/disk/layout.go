package disk

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"millrace/internal/engine"
	"millrace/internal/vfs"
)

// The names in the data directory.
const (
	formatName  = "FORMAT"
	lockName    = "LOCK"
	ballastName = "BALLAST"
	journalDir  = "journal"
	snapDir     = "snap"
	streamsDir  = "streams"
	tempSuffix  = ".tmp"
	journalExt  = ".j"
	snapExt     = ".cat"
	segmentExt  = ".seg"
)

// Every file starts with seven letters and the version of its format.
const (
	formatMagic  = "MRFORMT\x01"
	journalMagic = "MRJOURN\x01"
	snapMagic    = "MRCHECK\x01"
	segmentMagic = "MRSEGMT\x01"
	formatBytes  = 32
)

func (o Options) path(parts ...string) string {
	return filepath.Join(append([]string{o.Dir}, parts...)...)
}

func numbered(n uint64, ext string) string { return fmt.Sprintf("%016x%s", n, ext) }

func (o Options) journalPath(n uint64) string { return o.path(journalDir, numbered(n, journalExt)) }
func (o Options) snapPath(n uint64) string    { return o.path(snapDir, numbered(n, snapExt)) }

func (o Options) streamPath(uid engine.StreamUID) string { return o.path(streamsDir, uid.String()) }

func (o Options) segmentPath(uid engine.StreamUID, n uint64) string {
	return o.path(streamsDir, uid.String(), numbered(n, segmentExt))
}

// parseNumbered is the inverse of numbered.
func parseNumbered(name, ext string) (uint64, bool) {
	base, ok := strings.CutSuffix(name, ext)
	if !ok || len(base) != 16 {
		return 0, false
	}
	n, err := strconv.ParseUint(base, 16, 64)
	return n, err == nil && numbered(n, ext) == name
}

// listNumbered returns the numbers of the files with an extension, in order.
func listNumbered(fs vfs.FS, dir, ext string) ([]uint64, error) {
	names, err := fs.List(dir)
	if err != nil {
		return nil, err
	}
	var out []uint64
	for _, name := range names {
		if n, ok := parseNumbered(name, ext); ok {
			out = append(out, n)
		}
	}
	return out, nil
}

// corrupt reports damage at a place of a file.
func corrupt(file string, offset int64, format string, args ...any) error {
	return fmt.Errorf("%w: %s at offset %d: %s", engine.ErrCorrupt, file, offset, fmt.Sprintf(format, args...))
}

// readFull reads exactly len(p) bytes; a file that is too short gives io.ErrUnexpectedEOF.
func readFull(f vfs.File, p []byte, off int64) error {
	n, err := f.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// writeNew makes a file durable under its name, whole or not at all: it is
// written under a temporary name first. The folder must exist.
func writeNew(fs vfs.FS, path string, content []byte) (err error) {
	temp := path + tempSuffix
	fs.Remove(temp)
	f, err := fs.Create(temp)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(content, 0)
	if err == nil {
		err = syncFile(f, temp)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		fs.Remove(temp)
		return err
	}
	if err := fs.Rename(temp, path); err != nil {
		return err
	}
	return syncDir(fs, filepath.Dir(path))
}

// errSync marks a failed sync. Whatever its cause, it is never tried again: the
// system may have dropped what it could not write.
var errSync = errors.New("sync failed")

func syncFile(f vfs.File, path string) error {
	if err := f.Sync(); err != nil {
		return fmt.Errorf("%w: %s: %w", errSync, path, err)
	}
	return nil
}

func syncDir(fs vfs.FS, dir string) error {
	if err := fs.SyncDir(dir); err != nil {
		return fmt.Errorf("%w: %s: %w", errSync, dir, err)
	}
	return nil
}

// noSpace says that an operation found the disk full and may be tried again.
func noSpace(err error) bool { return vfs.NoSpace(err) && !errors.Is(err, errSync) }

// encodeFormat is the content of FORMAT: magic, node id, checksum.
func encodeFormat(node [16]byte) []byte {
	b := append([]byte(formatMagic), node[:]...)
	b = append(b, 0, 0, 0, 0)
	return le.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// readFormat checks FORMAT and returns the node id.
func readFormat(fs vfs.FS, path string) (node [16]byte, err error) {
	f, err := fs.Open(path)
	if err != nil {
		return node, err
	}
	defer f.Close()
	b := make([]byte, formatBytes)
	if err := readFull(f, b, 0); err != nil {
		return node, corrupt(path, 0, "%v", err)
	}
	if size, err := f.Size(); err != nil || size != formatBytes {
		return node, corrupt(path, 0, "size is %d, want %d (%v)", size, formatBytes, err)
	}
	if string(b[:7]) == formatMagic[:7] && b[7] != formatMagic[7] && crc32.Checksum(b[:28], castagnoli) == le.Uint32(b[28:]) {
		return node, fmt.Errorf("%s: data directory has format version %d, this program knows %d", path, b[7], formatMagic[7])
	}
	if string(b[:8]) != formatMagic || crc32.Checksum(b[:28], castagnoli) != le.Uint32(b[28:]) {
		return node, corrupt(path, 0, "bad magic or checksum")
	}
	copy(node[:], b[8:])
	return node, nil
}
