package powerloss

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// shutdown is EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32) (Linux, fs/ext4/ext4.h).
	shutdown = 0x8004587d
	// noLogFlush leaves what the file system's journal holds in memory behind.
	noLogFlush = 2
	// volumeBytes is the size of the file system. A hundred cycles fill less.
	volumeBytes = 2 << 30
)

// volume is an ext4 in a file, mounted over a loop device.
type volume struct {
	image, at string
}

// newVolume makes one, or skips the test and says why.
func newVolume(t *testing.T) *volume {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("power loss on a real file system: needs root, to mount one")
	}
	dir := t.TempDir()
	v := &volume{image: filepath.Join(dir, "image"), at: filepath.Join(dir, "volume")}
	if err := os.Mkdir(v.at, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(v.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(v.image, volumeBytes); err != nil {
		t.Fatal(err)
	}
	if err := run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1", v.image); err != nil {
		t.Skip("power loss on a real file system: no ext4 here:", err)
	}
	if err := v.mount(1); err != nil {
		t.Skip("power loss on a real file system: cannot mount over a loop device:", err)
	}
	t.Cleanup(func() {
		if err := v.unmount(); err != nil {
			t.Error(err)
		}
	})
	return v
}

// mount takes the seconds after which ext4 writes its journal unasked.
func (v *volume) mount(commit int) error {
	return run("mount", "-o", fmt.Sprintf("loop,commit=%d", commit), v.image, v.at)
}

// unmount waits for a device that is busy for the moment.
func (v *volume) unmount() (err error) {
	for range 50 {
		if err = run("umount", v.at); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// cutPower ends all writing to the device, now.
func (v *volume) cutPower() error {
	dir, err := os.Open(v.at)
	if err != nil {
		return err
	}
	defer dir.Close()
	return unix.IoctlSetPointerInt(int(dir.Fd()), shutdown, noLogFlush)
}

func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}
