package testkit

import (
	"context"
	"fmt"
	"testing"
	"time"

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

func TestNATSClusterKeepsWhatItAcknowledgedWithoutItsLeader(t *testing.T) {
	t.Parallel()
	servers := NATSCluster(t)
	js := jetStream(t, URLs(servers))
	var stream jetstream.Stream
	Eventually(t, time.Minute, func() (bool, string) { // they may still be electing
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var err error
		stream, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}, Replicas: 3})
		return err == nil, fmt.Sprint(err)
	})
	if _, err := js.Publish(t.Context(), "s", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	leader := stream.CachedInfo().Cluster.Leader
	for _, s := range servers {
		if s.Name() == leader {
			s.Kill()
		}
	}
	Eventually(t, time.Minute, func() (bool, string) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		info, err := stream.Info(ctx)
		return err == nil && info.State.Msgs == 1 && info.Cluster.Leader != leader, fmt.Sprintf("%+v, %v", info, err)
	})
}
