package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"millrace/internal/engine"
	"millrace/internal/engine/disk"
	"millrace/internal/vfs"
)

// openEngine opens the disk engine on the machine's file system or in memory.
func openEngine(ctx context.Context, cfg Config) (engine.Engine, error) {
	options := disk.Options{FS: vfs.OS{}, Dir: cfg.Data, Clock: cfg.Clock, Rand: cfg.Rand, Log: cfg.Log, Durability: cfg.Durability, JournalBytes: cfg.JournalBytes}
	if cfg.fs != nil {
		options.FS = cfg.fs
	} else if cfg.Data == Memory {
		options.FS, options.Dir = vfs.NewMem(), "data"
	} else if err := prepareDirectory(cfg.Data); err != nil {
		return nil, err
	}
	return disk.Open(ctx, options)
}

// prepareDirectory makes the data directory, for its owner alone. One that is
// there already is closed to others if it is empty or ours; a directory with
// something else in it is not ours to change.
func prepareDirectory(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "FORMAT")); err != nil && len(entries) > 0 {
		return fmt.Errorf("data directory %s has files of something else in it, and others may read it; name an empty or a new directory", dir)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("data directory %s can be read by others: %w", dir, err)
	}
	return nil
}

// watchedEngine tells the server when the engine has lost its footing. Which
// call finds out is a matter of chance, so all that write are watched.
type watchedEngine struct {
	engine.Engine
	fail func(error)
}

func (w *watchedEngine) watch(err error) error {
	if errors.Is(err, engine.ErrUnknownOutcome) {
		w.fail(err)
	}
	return err
}

// Append watches the engine's Append.
func (w *watchedEngine) Append(ctx context.Context, runs []engine.Run) error {
	return w.watch(w.Engine.Append(ctx, runs))
}

// Seal watches the engine's Seal.
func (w *watchedEngine) Seal(ctx context.Context, ref engine.ShardRef) (engine.Position, error) {
	end, err := w.Engine.Seal(ctx, ref)
	return end, w.watch(err)
}

// CreateShard watches the engine's CreateShard.
func (w *watchedEngine) CreateShard(ctx context.Context, refs ...engine.ShardRef) error {
	return w.watch(w.Engine.CreateShard(ctx, refs...))
}

// DropStream watches the engine's DropStream.
func (w *watchedEngine) DropStream(ctx context.Context, stream engine.StreamUID) error {
	return w.watch(w.Engine.DropStream(ctx, stream))
}

// DropShard watches the engine's DropShard.
func (w *watchedEngine) DropShard(ctx context.Context, ref engine.ShardRef) error {
	return w.watch(w.Engine.DropShard(ctx, ref))
}

// Catalog watches the engine's catalog log.
func (w *watchedEngine) Catalog() engine.Log { return watchedLog{w.Engine.Catalog(), w} }

type watchedLog struct {
	engine.Log
	w *watchedEngine
}

// Append watches the log's Append.
func (l watchedLog) Append(ctx context.Context, command []byte) (engine.Index, error) {
	at, err := l.Log.Append(ctx, command)
	return at, l.w.watch(err)
}

var _ engine.Engine = (*watchedEngine)(nil)

// ParseDurability reads the form that the command line has: "fsync",
// "interval=DUR" or "none".
func ParseDurability(text string) (disk.Durability, error) {
	switch text {
	case "fsync":
		return disk.Fsync, nil
	case "none":
		return disk.None, nil
	}
	interval, ok := strings.CutPrefix(text, "interval=")
	if !ok {
		return disk.Durability{}, fmt.Errorf("durability %q is none of fsync, interval=DUR and none", text)
	}
	d, err := time.ParseDuration(interval)
	if err != nil || d <= 0 {
		return disk.Durability{}, fmt.Errorf("durability %q: the interval must be a duration such as 100ms", text)
	}
	return disk.Interval(d), nil
}
