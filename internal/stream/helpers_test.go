package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

// testServer is a real server in this process, with JetStream on disk. It can be stopped and started again on its port.
type testServer struct {
	t    *testing.T
	opts server.Options
	srv  *server.Server
}

func newServer(t *testing.T) *testServer {
	t.Helper()
	s := &testServer{t: t, opts: server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true,
	}}
	s.start()
	t.Cleanup(s.stop)
	return s
}

func (s *testServer) start() {
	s.t.Helper()
	opts := s.opts
	srv, err := server.NewServer(&opts)
	if err != nil {
		s.t.Fatal(err)
	}
	srv.Start()
	if !srv.ReadyForConnections(20 * time.Second) {
		s.t.Fatal("the server did not start")
	}
	s.srv = srv
	if addr, ok := srv.Addr().(*net.TCPAddr); ok {
		s.opts.Port = addr.Port
	}
}

func (s *testServer) stop() {
	s.srv.Shutdown()
	s.srv.WaitForShutdown()
}

func (s *testServer) connect() *nats.Conn {
	s.t.Helper()
	nc, err := Connect(s.srv.ClientURL(), s.t.Name(), nil,
		nats.ReconnectWait(20*time.Millisecond), nats.ReconnectJitter(time.Millisecond, time.Millisecond))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(nc.Close)
	return nc
}

// newStreams is a server with our streams, and a connection to it.
func newStreams(t *testing.T) (*testServer, *nats.Conn) {
	t.Helper()
	s := newServer(t)
	nc := s.connect()
	if err := Ensure(t.Context(), jetStream(t, nc), Config{}); err != nil {
		t.Fatal(err)
	}
	return s, nc
}

func jetStream(t *testing.T, nc *nats.Conn) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func newPublisher(t *testing.T, nc *nats.Conn, o PublisherOptions) *Publisher {
	t.Helper()
	p, err := NewPublisher(nc, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// publishN publishes messages whose bodies are "0", "1", …, n-1.
func publishN(t *testing.T, nc *nats.Conn, n int) {
	t.Helper()
	msgs := make([]Msg, n)
	for i := range msgs {
		msgs[i] = Msg{Subject: "plusone.in.test.event", ID: fmt.Sprintf("%s-%d", t.Name(), i), Data: []byte(strconv.Itoa(i))}
	}
	if err := newPublisher(t, nc, PublisherOptions{}).PublishBatch(t.Context(), msgs); err != nil {
		t.Fatal(err)
	}
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// work counts, body by body, what a handler has committed.
type work struct {
	mu   sync.Mutex
	done map[string]int
}

func newWork() *work { return &work{done: make(map[string]int)} }

func (w *work) commit(batch []*Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range batch {
		w.done[string(m.Data)]++
	}
}

func (w *work) len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.done)
}

// exactlyOnce checks that each of n bodies, but those excepted, was committed once and nothing else was.
func (w *work) exactlyOnce(t *testing.T, n int, except ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	want := make(map[string]int, n)
	for i := range n {
		want[strconv.Itoa(i)] = 1
	}
	for _, e := range except {
		delete(want, e)
	}
	for body, times := range w.done {
		if want[body] != times {
			t.Errorf("message %q was committed %d times, not %d", body, times, want[body])
		}
	}
	if len(w.done) != len(want) {
		t.Errorf("%d messages were committed, not %d", len(w.done), len(want))
	}
}

var errAway = errors.New("the database is away")

// quick are options whose waits are short, and whose only transient error is errAway.
func quick(nc *nats.Conn) Options {
	short := Backoff{5 * time.Millisecond, 50 * time.Millisecond}
	return Options{
		Conn: nc, AckWait: 10 * time.Second, Grace: 5 * time.Second, LagEvery: 20 * time.Millisecond,
		Transient: func(err error) bool { return errors.Is(err, errAway) },
		Retry:     short, FaultRetry: short, ReadyWait: short,
	}
}

// running is a Consume in its own goroutine.
type running struct {
	t    *testing.T
	stop context.CancelFunc
	done chan error
}

func consume(t *testing.T, o Options, h Handler) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, stop: cancel, done: make(chan error, 1)}
	go func() { r.done <- Consume(ctx, o, h) }()
	t.Cleanup(func() { cancel() })
	return r
}

// end stops it and expects an orderly return.
func (r *running) end() {
	r.t.Helper()
	r.stop()
	select {
	case err := <-r.done:
		if err != nil {
			r.t.Errorf("Consume returned %v", err)
		}
	case <-time.After(30 * time.Second):
		r.t.Fatal("Consume did not return")
	}
}

func lagOf(t *testing.T, nc *nats.Conn) Lag {
	t.Helper()
	p, err := NewProbe(nc, "", "")
	if err != nil {
		t.Fatal(err)
	}
	lag, err := p.Lag(t.Context())
	if err != nil {
		return Lag{Pending: 1} // not made yet, or the server is away: certainly not done
	}
	return lag
}

// allAnswered says whether the consumer has nothing left. For a moment after it was made the server shows none pending
// whatever is in the stream: of a stream that is not empty, something must have been delivered, in the same answer.
func allAnswered(t *testing.T, nc *nats.Conn) func() bool {
	js := jetStream(t, nc)
	return func() bool {
		s, err := js.Stream(t.Context(), In)
		if err != nil {
			return false
		}
		c, err := s.Consumer(t.Context(), DefaultConsumer)
		if err != nil {
			return false
		}
		info := c.CachedInfo()
		begun := s.CachedInfo().State.Msgs == 0 || info.Delivered.Consumer > 0
		return begun && info.NumPending == 0 && info.NumAckPending == 0
	}
}

// letters reads the whole dead stream.
func letters(t *testing.T, nc *nats.Conn) []*jetstream.RawStreamMsg {
	t.Helper()
	s, err := jetStream(t, nc).Stream(t.Context(), Dead)
	if err != nil {
		t.Fatal(err)
	}
	state := s.CachedInfo().State
	var all []*jetstream.RawStreamMsg
	for seq := state.FirstSeq; seq <= state.LastSeq && state.Msgs > 0; seq++ {
		var m *jetstream.RawStreamMsg
		eventually(t, "a letter is handed out", func() bool { // a replica that has just become one may not answer yet
			m, err = s.GetMsg(t.Context(), seq)
			return !errors.Is(err, nats.ErrNoResponders)
		})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// limit makes a stream refuse what exceeds n messages; -1 lifts it.
func limit(t *testing.T, nc *nats.Conn, name string, n int64) {
	t.Helper()
	js := jetStream(t, nc)
	s, err := js.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	c := s.CachedInfo().Config
	c.MaxMsgs = n
	if _, err := js.UpdateStream(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// metric sums the series of a name that carry a label value (any, when empty).
func metric(t *testing.T, reg *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			matches := label == ""
			for _, l := range m.GetLabel() {
				matches = matches || l.GetValue() == label
			}
			if matches {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}
