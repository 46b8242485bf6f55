package devstack

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func startNATS(t *testing.T, cfg NATSConfig) *NATS {
	t.Helper()
	server, err := StartNATS(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

func jetStream(t *testing.T, server *NATS) jetstream.JetStream {
	t.Helper()
	conn, err := nats.Connect(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func TestNATSKeepsItsMessages(t *testing.T) {
	t.Parallel()
	cfg := NATSConfig{Dir: t.TempDir(), Addr: "127.0.0.1:0", SyncAlways: true}
	first := startNATS(t, cfg)
	js := jetStream(t, first)
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}}); err != nil {
		t.Fatal(err)
	}
	big := bytes.Repeat([]byte("x"), 3<<19) // 1.5 MiB: more than the server's default, less than ours
	if _, err := js.Publish(t.Context(), "s", big); err != nil {
		t.Fatal(err)
	}
	first.Stop()

	second := startNATS(t, cfg)
	stream, err := jetStream(t, second).Stream(t.Context(), "S")
	if err != nil {
		t.Fatal(err)
	}
	message, err := stream.GetMsg(t.Context(), 1)
	if err != nil || !bytes.Equal(message.Data, big) {
		t.Fatalf("after a restart: %v", err)
	}
}

func TestNATSSyncsWhenTold(t *testing.T) {
	t.Parallel()
	for _, always := range []bool{true, false} {
		server := startNATS(t, NATSConfig{Dir: t.TempDir(), Addr: "127.0.0.1:0", SyncAlways: always})
		if got := server.server.JetStreamConfig().SyncAlways; got != always {
			t.Errorf("asked for %v, runs with %v", always, got)
		}
	}
}

func TestNATSPortInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	_, err = StartNATS(NATSConfig{Dir: t.TempDir(), Addr: addr})
	if !errors.Is(err, ErrPortInUse) || !strings.Contains(err.Error(), addr) {
		t.Errorf("got %v, want ErrPortInUse with the address", err)
	}
	if err := newFatal("Error listening on port: %s, %q", addr, "listen tcp: bind: address already in use"); !errors.Is(err, ErrPortInUse) {
		t.Errorf("taken between our look and the server's: got %v", err)
	}
}

func newFatal(format string, v ...any) error {
	log := newNATSLog(nil)
	log.Fatalf(format, v...)
	return log.fatal()
}

func TestNATSThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []NATSConfig{
		{Dir: file, Addr: "127.0.0.1:0"},
		{Addr: "127.0.0.1:0"},
		{Dir: t.TempDir(), Addr: "here"},
		{Dir: t.TempDir(), Addr: "127.0.0.1:port"},
	} {
		server, err := StartNATS(cfg)
		if err == nil {
			server.Stop()
			t.Errorf("%+v started", cfg)
		}
		t.Log(err)
	}
}
