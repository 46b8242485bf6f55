package store

import (
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// valve is a way to a database that can be shut without anybody being told: packets are swallowed, and no connection fails.
type valve struct {
	listener net.Listener
	to       string
	shut     sync.RWMutex
}

func newValve(t *testing.T, to string) *valve {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	v := &valve{listener: l, to: to}
	go v.serve()
	return v
}

func (v *valve) serve() {
	for {
		in, err := v.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", v.to)
		if err != nil {
			in.Close()
			continue
		}
		go v.pass(in, out)
		go v.pass(out, in)
	}
}

func (v *valve) pass(from, to net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		v.shut.RLock()
		_, failed := to.Write(buffer[:n])
		v.shut.RUnlock()
		if err != nil || failed != nil {
			return
		}
	}
}

// TestAConnectionThatHangs is given up after a while, as a fault that may pass, and all goes on when the way is free.
func TestAConnectionThatHangs(t *testing.T) {
	dsn, err := url.Parse(testkit.As(t, testkit.Database(t), "plusone_worker"))
	if err != nil {
		t.Fatal(err)
	}
	v := newValve(t, dsn.Host)
	dsn.Host = v.listener.Addr().String()
	pool, err := Open(t.Context(), dsn.String(), WithConnections(9), WithStatementTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if got := pool.Config().MaxConns; got != 9 {
		t.Errorf("%d connections", got)
	}
	w := newWorld(t, "")
	s, err := New(pool, w.store.opts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(t.Context(), sequences[0].events); err != nil {
		t.Fatal(err)
	}

	s.patience = 300 * time.Millisecond
	v.shut.Lock()
	for name, attempt := range map[string]func() error{
		"applying":  func() error { _, err := s.Apply(t.Context(), sequences[1].events); return err },
		"the clock": func() error { _, err := s.Tick(t.Context(), 10); return err },
		"the relay": func() error { _, err := s.Relay(t.Context(), 10, nil); return err },
	} {
		if err := attempt(); err == nil || !Transient(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	v.shut.Unlock()

	s.patience = patience
	if _, err := s.Apply(t.Context(), sequences[1].events); err != nil {
		t.Error(err)
	}
}
