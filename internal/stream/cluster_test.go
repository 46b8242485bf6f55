package stream

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// newCluster is three servers in this process that keep streams together, of which the first is returned.
func newCluster(t *testing.T) *testServer {
	t.Helper()
	var routes []*url.URL // each knows of all, itself included: so they know that they are three
	for _, addr := range freeAddrs(t, 3) {
		routes = append(routes, &url.URL{Scheme: "nats", Host: addr})
	}
	var all []*testServer
	for i, own := range routes {
		port, err := strconv.Atoi(own.Port())
		if err != nil {
			t.Fatal(err)
		}
		s := &testServer{t: t, opts: server.Options{
			ServerName: fmt.Sprintf("n%d", i), Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(),
			NoLog: true, NoSigs: true, Cluster: server.ClusterOpts{Name: "three", Host: "127.0.0.1", Port: port}, Routes: routes,
		}}
		s.start()
		t.Cleanup(s.stop)
		all = append(all, s)
	}
	return all[0]
}

// freeAddrs are different ones that nobody listens on, for the moment.
func freeAddrs(t *testing.T, n int) (all []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // not before the next is found
		all = append(all, l.Addr().String())
	}
	return all
}

// logbook is a logger's text.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// take returns what was written since it was last asked.
func (l *logbook) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.text.String()
	l.text.Reset()
	return text
}

func (l *logbook) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// TestReplicasAreLoweredOnlyWhenSomeoneSaysSo: three servers keep the streams, and a role that was told nothing starts.
func TestReplicasAreLoweredOnlyWhenSomeoneSaysSo(t *testing.T) {
	js := jetStream(t, newCluster(t).connect())
	var log logbook
	ensure := func(replicas int) {
		t.Helper()
		eventually(t, "the servers take it", func() bool { // they may still be electing
			err := Ensure(t.Context(), js, Config{Replicas: replicas, Logger: log.logger()})
			return err == nil
		})
	}
	mustBe := func(replicas int) {
		t.Helper()
		for name, c := range infos(t, js) {
			if c.Replicas != replicas {
				t.Errorf("%s has %d replicas, not %d", name, c.Replicas, replicas)
			}
		}
	}
	ensure(3)
	mustBe(3)
	if text := log.take(); strings.Count(text, "a stream was made") != 3 {
		t.Errorf("the log says %s", text)
	}
	ensure(0)
	mustBe(3)
	if text := log.take(); text != "" {
		t.Errorf("the log says %s", text)
	}
	ensure(1)
	mustBe(1)
	if text := log.take(); strings.Count(text, "Replicas: 3 → 1") != 3 {
		t.Errorf("the log says %s", text)
	}
}

func TestOneServerCannotKeepThree(t *testing.T) {
	_, nc := newStreams(t)
	err := Ensure(t.Context(), jetStream(t, nc), Config{Replicas: 3})
	if err == nil || !strings.Contains(err.Error(), In) || !strings.Contains(err.Error(), "Replicas: 1 → 3") {
		t.Errorf("the error is %v", err)
	}
}
