package testkit

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func jetStream(t *testing.T, url string) jetstream.JetStream {
	t.Helper()
	conn, err := nats.Connect(url)
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

func publish(t *testing.T, url string) {
	t.Helper()
	js := jetStream(t, url)
	if _, err := js.CreateOrUpdateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "s", []byte("hello")); err != nil {
		t.Fatal(err)
	}
}

func messages(t *testing.T, url string) uint64 {
	t.Helper()
	stream, err := jetStream(t, url).Stream(t.Context(), "S")
	if err != nil {
		t.Fatal(err)
	}
	info, err := stream.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info.State.Msgs
}

func TestNATSIsFresh(t *testing.T) {
	t.Parallel()
	for range 2 {
		url := NATS(t)
		publish(t, url)
		if got := messages(t, url); got != 1 {
			t.Errorf("%d messages, want only ours", got)
		}
	}
}

func TestNATSProcessKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	s := NATSProcess(t)
	publish(t, s.URL())
	s.Kill()
	if conn, err := nats.Connect(s.URL()); err == nil {
		conn.Close()
		t.Error("killed, and it answers")
	}
	s.Restart()
	if got := messages(t, s.URL()); got != 1 {
		t.Errorf("%d messages at the same address, want the one", got)
	}
}
