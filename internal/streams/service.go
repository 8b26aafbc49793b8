// Package streams is the semantics of Kinesis streams over an engine: streams
// and shards, hash key ranges, sequence numbers, shard iterators, split, merge
// and resize, retention.
//
// Package ops calls it. Its words are Kinesis's own; AWS's shapes and error
// texts are the business of ops, which turns the typed errors of this package
// into them.
//
// Promises: a change was accepted once the call returned nil, and then it
// happens, whatever crashes. A put was stored once Append returned. Reading a
// view (Lookup, List, ListShards) never waits for the disk.
//
// State: Service.mu guards the catalog's state, in memory only; what it gives
// out is immutable. Service.logMu serialises the reading of the catalog's
// log. Work in the background runs on timers of the clock, one for each
// stream that has a change under way and one for retention; Close ends it.
package streams

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/clock"
	"millrace/internal/engine"
)

// Config is what a Service is made of.
type Config struct {
	Engine engine.Engine
	// Clock is the time; clock.Real if nil.
	Clock clock.Clock
	// Rand is the source of keys, uids and nonces; crypto/rand if nil.
	Rand io.Reader
	// Log is where background work reports; nowhere if nil.
	Log *slog.Logger
	// StateDelay is how long a stream stays CREATING, UPDATING or DELETING.
	// With 0 the change is carried out before the call that asked for it returns.
	StateDelay time.Duration
	// SubscriptionLifetime is how long a subscription lasts;
	// DefaultSubscriptionLifetime if 0.
	SubscriptionLifetime time.Duration
}

func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.SubscriptionLifetime == 0 {
		c.SubscriptionLifetime = DefaultSubscriptionLifetime
	}
	return c
}

// Service is the streams of one installation. All methods may be called
// concurrently.
type Service struct {
	engine engine.Engine
	clock  clock.Clock
	slog   *slog.Logger
	delay  time.Duration

	lifetime time.Duration // of a subscription
	seating  seating
	shelf    eventShelf

	// ctx ends when the Service closes; background work runs under it.
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	randMu sync.Mutex // guards rand
	rand   io.Reader
	sealer *sealer

	// mu guards the fields below. It is never held across a call of the engine.
	mu       sync.RWMutex
	state    *catalog.State
	watchers map[engine.StreamUID]chan struct{} // closed at the stream's next change
	timers   map[engine.StreamUID]func() bool   // stop what arm started
	carrying map[engine.StreamUID]chan struct{} // closed when the transition at work ends
	trimmer  func() bool                        // stops the next retention pass
	closed   bool
	// consumerTimers stop what armConsumers started.
	consumerTimers map[engine.StreamUID]func() bool

	submissions
}

// Open starts the streams of an engine: it reads the catalog, carries out the
// changes that are overdue and sets timers for the others. The engine stays
// the caller's to close, after the Service.
func Open(ctx context.Context, cfg Config) (*Service, error) {
	cfg = cfg.withDefaults()
	s := &Service{
		engine:      cfg.Engine,
		clock:       cfg.Clock,
		slog:        cfg.Log,
		delay:       cfg.StateDelay,
		rand:        cfg.Rand,
		watchers:    map[engine.StreamUID]chan struct{}{},
		timers:      map[engine.StreamUID]func() bool{},
		carrying:    map[engine.StreamUID]chan struct{}{},
		submissions: newSubmissions(cfg.Engine.Catalog()),

		lifetime:       cfg.SubscriptionLifetime,
		seating:        newSeating(),
		consumerTimers: map[engine.StreamUID]func() bool{},
	}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.start(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("open streams: %w", err)
	}
	return s, nil
}

func (s *Service) start(ctx context.Context) error {
	if err := s.replay(ctx); err != nil {
		return err
	}
	if err := s.install(ctx); err != nil {
		return err
	}
	s.resume()
	s.scheduleTrim()
	return nil
}

// install sees to it that the installation has its key.
func (s *Service) install(ctx context.Context) error {
	s.mu.RLock()
	key := s.state.Key()
	s.mu.RUnlock()
	if key == nil {
		if _, err := s.submit(ctx, &catalog.Install{Key: s.random(catalog.KeyBytes)}); err != nil {
			return err
		}
		s.mu.RLock()
		key = s.state.Key()
		s.mu.RUnlock()
	}
	s.sealer = newSealer(key)
	return nil
}

// Close stops the work in the background and waits for it. Changes under way
// are taken up by the next Open.
func (s *Service) Close() error {
	s.cancel()
	s.mu.Lock()
	s.closed = true
	stops := make([]func() bool, 0, len(s.timers)+1)
	for _, stop := range s.timers {
		stops = append(stops, stop)
	}
	for _, stop := range s.consumerTimers {
		stops = append(stops, stop)
	}
	if s.trimmer != nil {
		stops = append(stops, s.trimmer)
	}
	clear(s.timers)
	clear(s.consumerTimers)
	s.mu.Unlock()
	for _, stop := range stops {
		stop()
	}
	s.running.Wait()
	return nil
}

// begin registers background work; false if the Service has closed.
func (s *Service) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Add(1)
	return true
}

func (s *Service) nowMs() int64 { return s.clock.Now().UnixMilli() }

// random draws n bytes. A source of randomness that fails leaves no safe way
// to go on.
func (s *Service) random(n int) []byte {
	b := make([]byte, n)
	s.fill(b)
	return b
}

func (s *Service) fill(b []byte) {
	s.randMu.Lock()
	defer s.randMu.Unlock()
	if _, err := io.ReadFull(s.rand, b); err != nil {
		panic(fmt.Sprintf("streams: no randomness: %v", err))
	}
}

// byUID returns the stream with a uid as it is now, nil where there is none.
func (s *Service) byUID(uid engine.StreamUID) *catalog.Stream {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.state.StreamByUID(uid)
}

// watch is byUID with a channel that is closed at the stream's next change.
func (s *Service) watch(uid engine.StreamUID) (*catalog.Stream, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.state.StreamByUID(uid)
	ch := s.watchers[uid]
	if ch == nil {
		ch = make(chan struct{})
		if st == nil {
			close(ch)
			return nil, ch
		}
		s.watchers[uid] = ch
	}
	return st, ch
}
