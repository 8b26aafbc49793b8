package mutants

// mutant is one seeded fault.
type mutant struct {
	name string
	// file is below the module's root. from must stand in it exactly once; it
	// is replaced by to.
	file, from, to string
	// pkg and run say which tests have to notice.
	pkg, run string
}

const (
	diskPkg    = "./internal/engine/disk"
	streamsPkg = "./internal/streams"
	sigv4Pkg   = "./internal/sigv4"
	serverPkg  = "./internal/server"
	opsPkg     = "./internal/ops"
	wirePkg    = "./internal/wire/..."
)

var mutants = []mutant{
	{
		name: "no fsync of the journal",
		file: "internal/engine/disk/committer.go",
		from: "if err := syncFile(c.file.file, c.file.path); err != nil {",
		to:   "if err := error(nil); err != nil {",
		pkg:  diskPkg, run: "TestCrash|TestTrace",
	},
	{
		name: "no fsync of the directory after a new file",
		file: "internal/engine/disk/layout.go",
		from: "return syncDir(fs, filepath.Dir(path))",
		to:   "return nil",
		pkg:  diskPkg, run: "TestCrash|TestTrace",
	},
	{
		name: "no fsync of the journal's directory",
		file: "internal/engine/disk/journal.go",
		from: "err = syncDir(opts.FS, opts.path(journalDir))",
		to:   "err = nil",
		pkg:  diskPkg, run: "TestCrash|TestTrace",
	},
	{
		name: "acknowledged before it is written",
		file: "internal/engine/disk/committer.go",
		from: "\t} else if err := c.write(frame); err != nil {",
		to:   "\t} else if c.publish(); c.early() {\n\t} else if err := c.write(frame); err != nil {",
		pkg:  diskPkg, run: "TestCrash|TestFailures",
	},
	{
		name: "a failed fsync is tried again",
		file: "internal/engine/disk/committer.go",
		from: "if err := syncFile(c.file.file, c.file.path); err != nil {",
		to:   "if err := syncFile(c.file.file, c.file.path); err != nil && c.file.file.Sync() != nil {",
		pkg:  diskPkg, run: "TestFailures|TestFailedSync",
	},
	{
		name: "the journal's checksum is not looked at",
		file: "internal/engine/disk/frame.go",
		from: "if le.Uint32(b[4:]) != frameCRC(b, seed) {",
		to:   "if le.Uint32(b[4:]) == 1 {",
		pkg:  diskPkg, run: "TestBitFlips|TestTornTail|TestCrash",
	},
	{
		name: "a block's checksum is not looked at",
		file: "internal/engine/disk/block.go",
		from: "if payloadCRC(p, seed) != h.payloadCRC {",
		to:   "if h.payloadCRC == 1 {",
		pkg:  diskPkg, run: "TestBitFlips|TestSwappedBlocks",
	},
	{
		name: "a block's checksum is not bound to its stream",
		file: "internal/engine/disk/block.go",
		from: "return crc32.Checksum(le.AppendUint64(uid[:len(uid):len(uid)], number), castagnoli)",
		to:   "return 1",
		pkg:  diskPkg, run: "TestTwinBlocks",
	},
	{
		name: "damage in the middle is cut away",
		file: "internal/engine/disk/journal_reader.go",
		from: "if where, found := f.vouches(from, p); found {",
		to:   "if where, found := f.vouches(from, p); found && p == 0 {",
		pkg:  diskPkg, run: "TestDamageInTheMiddle|TestBitFlips",
	},
	{
		name: "what was only in the page cache is served after a crash",
		file: "internal/engine/disk/recovery.go",
		from: "frames := append(r.recent, savedFrame{frameOpen, r.at, payload})",
		to:   "frames := []savedFrame{{frameOpen, r.at, payload}}",
		pkg:  diskPkg, run: "TestCrash|TestKill",
	},
	{
		name: "positions come again after a relaxed crash",
		file: "internal/engine/disk/recovery.go",
		from: "r.relaxed = last.relaxed && r.closed != last.run",
		to:   "r.relaxed = last.relaxed && last.run[0] == 0 && last.run[1] == 0",
		pkg:  diskPkg, run: "TestRelaxedPositions",
	},
	{
		name: "a sealed shard takes records",
		file: "internal/engine/disk/apply.go",
		from: "case sh.closed:\n\t\tin.Err = engine.ErrSealed\n\t\treturn b",
		to:   "case sh.closed && in.Arrival == 1:\n\t\tin.Err = engine.ErrSealed\n\t\treturn b",
		pkg:  diskPkg, run: "TestContract",
	},
	{
		name: "children start with their parent's second",
		file: "internal/catalog/commit_reshard.go",
		from: "CreatedSec:     floorSec(ms) + 1,",
		to:   "CreatedSec:     floorSec(ms),",
		pkg:  "./internal/catalog ./internal/streams", run: "Test",
	},
	{
		name: "a record lives a millisecond too long",
		file: "internal/streams/read.go",
		from: "MinArrival: st.HorizonMs(now) + 1,",
		to:   "MinArrival: st.HorizonMs(now),",
		pkg:  "./internal/streams ./internal/ops", run: "Retention",
	},
	{
		name: "iterators never expire",
		file: "internal/streams/iterator.go",
		from: "if now := s.nowMs(); now-it.IssuedMs > tokenLifeMs {",
		to:   "if now := s.nowMs(); now-it.IssuedMs > 2*tokenLifeMs {",
		pkg:  "./internal/streams ./internal/ops", run: "Test",
	},
	{
		name: "a nonce is used again",
		file: "internal/streams/sealer.go",
		from: "\tfill(nonce)\n",
		to:   "\tclear(nonce)\n",
		pkg:  streamsPkg, run: "Test",
	},
	{
		name: "half a signature is enough",
		file: "internal/sigv4/sigv4.go",
		from: "sign(key, a.scope.stringToSign(a.stamp, canonical)), []byte(a.signature)) == 1",
		to:   "sign(key, a.scope.stringToSign(a.stamp, canonical))[:32], []byte(a.signature)[:32]) == 1",
		pkg:  "./internal/sigv4 ./internal/server", run: "Test",
	},
	{
		name: "one operation is open to everybody",
		file: "internal/wire/exchange.go",
		from: "if v := x.h.cfg.Verifier; v != nil {",
		to:   "if v := x.h.cfg.Verifier; v != nil && x.operation != \"ListTagsForStream\" {",
		pkg:  serverPkg, run: "TestForgeries",
	},
	{
		name: "any host name is let in",
		file: "internal/wire/hosts.go",
		from: "return ok && (l.any || hostAllowed(host) || l.names[host])",
		to:   "return ok || l.any || hostAllowed(host) || l.names[host]",
		pkg:  "./internal/wire", run: "Test",
	},
	{
		name: "a token serves every operation",
		file: "internal/streams/sealer.go",
		from: "return append(append(make([]byte, 0, 64), raw[:tokenHeader]...), purpose...)",
		to:   "return append(make([]byte, 0, 64), raw[:tokenHeader]...)",
		pkg:  streamsPkg, run: "TestTokensServeOnePurpose",
	},
	{
		name: "an origin may have more than a host",
		file: "internal/wire/origin.go",
		from: "\n\t\torigin != u.Scheme+\"://\"+u.Host {",
		to:   "\n\t\tfalse {",
		pkg:  "./internal/wire", run: "TestOriginForms",
	},
	{
		name: "an answer of net/http goes out as it is",
		file: "internal/server/plain_error.go",
		from: "if bytes.HasPrefix(p, plainExpectation) {",
		to:   "if false {",
		pkg:  serverPkg, run: "TestMalformedRequests",
	},
	{
		name: "throttled records are stored",
		file: "internal/ops/put_batch.go",
		from: "put.Err = errThrottled",
		to:   "_ = errThrottled",
		pkg:  opsPkg, run: "TestPutRecords",
	},
	{
		name: "StreamId is sent",
		file: "internal/ops/describe_stream_summary.go",
		from: "ChannelCount:            new(int32(0)),",
		to:   "ChannelCount:            new(int32(0)), StreamId: new(\"aaaaaaaaaaaaaaaaaaaa-aaa\"),",
		pkg:  opsPkg, run: "TestOnDemandByDefault",
	},
}

// extras are declarations that mutants need, appended to their file.
var extras = map[string]string{
	"acknowledged before it is written": `
// early answers the callers before the frame is on its way.
func (c *committer) early() bool {
	c.finish()
	c.group = c.group[:0]
	return false
}
`,
}
