package salvage

import (
	"context"
	"errors"
	"fmt"

	"millrace/internal/engine/disk"
	"millrace/internal/vfs"
)

// DamagedError refuses to restore a backup that is damaged.
type DamagedError struct{ Report *Report }

// Error implements error.
func (e *DamagedError) Error() string {
	d := e.Report.Damage[0]
	return fmt.Sprintf("%s is damaged, and was not copied: %s at offset %d: %s", e.Report.Dir, d.File, d.Offset, d.What)
}

// Restore verifies a backup, copies it to a data directory that must be
// missing or empty, syncs and verifies that. The backup is not changed and no
// file is shared with it. Errors: *DamagedError, those of Check,
// disk.ErrNotEmpty, ErrNotApart.
func Restore(ctx context.Context, backup, data disk.Options, progress func(bytes int64)) (*Report, error) {
	if err := Apart(backup.Dir, data.Dir); err != nil {
		return nil, err
	}
	report, err := Check(ctx, backup, progress)
	if err != nil {
		return nil, err
	}
	if !report.Sound {
		return nil, &DamagedError{report}
	}
	if err := disk.CopyDirectory(ctx, backup, data, progress); err != nil {
		return nil, err
	}
	return report, verify(ctx, data, progress)
}

// BackupStopped makes a backup of a directory that no server runs on. It opens
// the directory as the start of a server does. Errors: ErrRunning, those of
// disk.Open and Engine.Backup.
func BackupStopped(ctx context.Context, data disk.Options, to disk.BackupOptions) (disk.BackupInfo, error) {
	if !disk.IsDataDirectory(data) {
		return disk.BackupInfo{}, fmt.Errorf("%s: %w", data.Dir, disk.ErrNoDirectory)
	}
	e, err := disk.Open(ctx, data)
	if errors.Is(err, vfs.ErrLocked) {
		err = fmt.Errorf("data directory %s: %w", data.Dir, ErrRunning)
	}
	if err != nil {
		return disk.BackupInfo{}, err
	}
	info, err := e.Backup(ctx, to)
	return info, errors.Join(err, e.Close())
}
