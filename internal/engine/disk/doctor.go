package disk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"millrace/internal/engine"
)

// The doctor's files look at a data directory as recovery does, but go on
// where recovery stops: at damage. They change nothing in it.

// Damage is a place in a data directory where the bytes are not those that
// were written.
type Damage struct {
	File   string
	Offset int64
	What   string
	// Stream is whose records the place holds, zero where they may be anybody's.
	Stream engine.StreamUID
	// Shard counts where HasShard is set; First to Last are then the positions
	// of the Records that the place holds.
	HasShard    bool
	Shard       uint32
	First, Last engine.Position
	Records     uint64
	// FirstArrival and LastArrival are theirs, in Unix milliseconds.
	FirstArrival, LastArrival int64
	// Harmless says that a server opens the directory all the same, and that
	// nothing acknowledged is missing for it.
	Harmless bool
}

// Lost is records of a shard that nothing in the directory holds undamaged.
type Lost struct {
	Shard       engine.ShardRef
	First, Last engine.Position
	// Records is how many there were, or with AtMost what the positions allow.
	Records uint64
	AtMost  bool
	// Open says that the shard may have had records from First on, and nothing
	// tells whether and how many. Last and Records are 0 then.
	Open bool
	// FirstArrival and LastArrival are about when they arrived, in Unix milliseconds.
	FirstArrival, LastArrival int64
}

// Command is a catalog command with its place in the log.
type Command struct {
	At   engine.Index
	Body []byte
}

// CatalogFound is what is readable of the catalog's log.
type CatalogFound struct {
	// Snapshot covers the commands up to At; nil where there is none.
	Snapshot []byte
	At       engine.Index
	// Commands are those behind At, in order; some may be missing.
	Commands []Command
	// Complete says that no command is missing, as far as can be known.
	Complete bool
}

// ShardFound is a shard with what is known of it.
type ShardFound struct {
	Ref              engine.ShardRef
	Sealed           bool
	Start, Tip, Next engine.Position
	// Arrival is that of its newest record, Trim what retention has let go;
	// both in Unix milliseconds. Oldest is that of the oldest record found.
	Arrival, Trim, Oldest int64
	// First is the first position found, 0 where there is no record.
	First engine.Position

	known  bool // from a checkpoint or its creation, not only from its records
	seen   int  // the gaps of the journal in front of its newest entry
	pieces []piece
}

// Survey is what a look at a whole data directory found. It holds the
// directory's lock until Close.
type Survey struct {
	Damage  []Damage
	Lost    []Lost
	Catalog CatalogFound
	Shards  []*ShardFound // in order of stream and shard
	Files   int
	Bytes   int64
	Records uint64 // found undamaged, those past retention included

	opts  Options
	lock  io.Closer
	node  [16]byte
	base  engine.Position
	floor map[engine.StreamUID]engine.Position
}

// Sound says whether a server would open the directory and serve every record
// that was acknowledged, as far as its bytes can tell.
func (s *Survey) Sound() bool {
	return !slices.ContainsFunc(s.Damage, func(d Damage) bool { return !d.Harmless })
}

// Close gives the directory's lock back.
func (s *Survey) Close() error { return s.lock.Close() }

// ErrNoDirectory says that a directory holds no data of ours.
var ErrNoDirectory = errors.New("not a data directory")

// Inspect reads and verifies every byte of a data directory that a server
// depends on, and changes nothing. progress, if not nil, is told of bytes as
// they are read; FolderBytes says how many there are about. Errors: vfs.ErrLocked (a
// server runs on it), ErrNoDirectory, a format version of another program, a
// disk that cannot be read. Damage is no error.
func Inspect(ctx context.Context, opts Options, progress func(bytes int64)) (*Survey, error) {
	opts = opts.withDefaults()
	if progress == nil {
		progress = func(int64) {}
	}
	if !IsDataDirectory(opts) {
		return nil, fmt.Errorf("%s: %w", opts.Dir, ErrNoDirectory)
	}
	lock, err := lockExisting(opts)
	if err != nil {
		return nil, err
	}
	d := &doctor{
		Survey:  &Survey{opts: opts, lock: lock, floor: map[engine.StreamUID]engine.Position{}},
		ctx:     ctx,
		step:    progress,
		streams: map[engine.StreamUID]*streamFound{},
		dropped: map[engine.StreamUID]bool{},
	}
	if err := d.run(); err != nil {
		lock.Close()
		return nil, err
	}
	return d.Survey, nil
}

// IsDataDirectory says whether a directory looks like one of ours.
func IsDataDirectory(opts Options) bool {
	opts = opts.withDefaults()
	names, _ := opts.FS.List(opts.Dir)
	return slices.ContainsFunc(names, func(name string) bool {
		return name == formatName || name == journalDir || name == snapDir || name == streamsDir
	})
}

// lockExisting takes the lock where the file is there: making it would change
// the directory, and where it is missing no server runs.
func lockExisting(opts Options) (io.Closer, error) {
	names, err := opts.FS.List(opts.Dir)
	if err != nil || !slices.Contains(names, lockName) {
		return io.NopCloser(nil), err
	}
	return opts.FS.Lock(opts.path(lockName))
}

// doctor is a survey in the making.
type doctor struct {
	*Survey
	ctx  context.Context
	step func(int64)

	saved    *checkpoint // the newest readable one, nil for none
	gaps     bool        // something of unknown extent is missing from the journal
	passed   int         // how many gaps of the journal are behind
	unread   []uint64    // journal files that are missing, or whose header is
	journals []*journalScan
	streams  map[engine.StreamUID]*streamFound
	dropped  map[engine.StreamUID]bool
	fillers  []filler // records of before the checkpoint that old journal files still have
	bad      []badBlock
}

// streamFound is a stream in the making.
type streamFound struct {
	floor  engine.Position
	shards map[uint32]*ShardFound
	gaps   bool // blocks of unknown extent are damaged
}

func (d *doctor) run() error {
	if err := d.readFormat(); err != nil {
		return err
	}
	if err := d.readCheckpoints(); err != nil {
		return err
	}
	if err := d.readJournals(); err != nil {
		return err
	}
	if err := d.readSegments(); err != nil {
		return err
	}
	d.attachFillers()
	d.finish()
	return nil
}

func (d *doctor) damaged(file string, offset int64, format string, args ...any) *Damage {
	d.Damage = append(d.Damage, Damage{File: file, Offset: offset, What: fmt.Sprintf(format, args...)})
	return &d.Damage[len(d.Damage)-1]
}

func (d *doctor) read(bytes int64) {
	d.Bytes += bytes
	d.step(bytes)
}

func (d *doctor) readFormat() error {
	path := d.opts.path(formatName)
	node, err := readFormat(d.opts.FS, path)
	d.Files++
	d.node = node
	switch {
	case err == nil:
		d.read(formatBytes)
	case errors.Is(err, fs.ErrNotExist):
		d.damaged(path, 0, "the file is missing")
	case errors.Is(err, engine.ErrCorrupt):
		d.damaged(path, 0, "the file that says which format this is does not verify")
	default:
		return err
	}
	return nil
}

// readCheckpoints takes the newest checkpoint that verifies.
func (d *doctor) readCheckpoints() error {
	numbers, err := listNumbered(d.opts.FS, d.opts.path(snapDir), snapExt)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, number := range slices.Backward(numbers) {
		path := d.opts.snapPath(number)
		b, err := readFile(d.opts.FS, path)
		d.Files++
		d.read(int64(len(b)))
		var c *checkpoint
		if err == nil {
			c, err = parseCheckpoint(b)
		}
		if err == nil && c.number != number {
			err = fmt.Errorf("this is checkpoint %d under the name of %d", c.number, number)
		}
		if err != nil {
			d.damaged(path, 0, "checkpoint: %v", err).Harmless = d.saved != nil
		} else if d.saved == nil {
			d.saved = c
		}
	}
	d.Catalog.Complete = d.saved != nil || len(numbers) == 0
	d.restore()
	return nil
}

// restore starts from the checkpoint, as recovery does.
func (d *doctor) restore() {
	if d.saved == nil {
		return
	}
	d.base = d.saved.base
	c := d.saved.catalog
	d.Catalog.Snapshot, d.Catalog.At = c.snapshot, c.at
	for i, command := range c.commands {
		d.Catalog.Commands = append(d.Catalog.Commands, Command{c.at + 1 + engine.Index(i), command})
	}
	for _, s := range d.saved.streams {
		st := &streamFound{floor: s.floor, shards: map[uint32]*ShardFound{}}
		d.streams[s.uid] = st
		for _, v := range s.shards {
			st.shards[v.shard] = &ShardFound{
				Ref: engine.ShardRef{Stream: s.uid, Shard: v.shard}, Sealed: v.sealed, Start: v.start, Tip: v.tip, Next: v.next,
				Arrival: v.arrival, Trim: v.trim, known: true,
			}
		}
	}
}

// finish sums up.
func (d *doctor) finish() {
	for uid, st := range d.streams {
		d.floor[uid] = st.floor
		for _, sh := range st.shards {
			sh.sortPieces()
			d.Shards = append(d.Shards, sh)
		}
	}
	slices.SortFunc(d.Shards, func(a, b *ShardFound) int { return compareRefs(a.Ref, b.Ref) })
	for _, sh := range d.Shards {
		d.Lost = append(d.Lost, d.lostOf(sh)...)
	}
}

func compareRefs(a, b engine.ShardRef) int {
	return cmp.Or(slices.Compare(a.Stream[:], b.Stream[:]), cmp.Compare(a.Shard, b.Shard))
}

// FolderBytes is about how much Inspect reads of a data directory.
func FolderBytes(opts Options) int64 {
	opts = opts.withDefaults()
	dirs := []string{opts.path(journalDir), opts.path(snapDir)}
	streams, _ := opts.FS.List(opts.path(streamsDir))
	for _, name := range streams {
		dirs = append(dirs, opts.path(streamsDir, name))
	}
	var sum int64
	for _, dir := range dirs {
		names, _ := opts.FS.List(dir)
		for _, name := range names {
			if f, err := opts.FS.Open(dir + "/" + name); err == nil {
				size, _ := f.Size()
				sum += size
				f.Close()
			}
		}
	}
	return sum
}
