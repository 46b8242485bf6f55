package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// mute listens to what is published below "mute." and never answers, as a stream whose server is stuck.
func mute(t *testing.T, s *testServer) *atomic.Int64 {
	t.Helper()
	nc := s.connect()
	var heard atomic.Int64
	if _, err := nc.Subscribe("mute.>", func(*nats.Msg) { heard.Add(1) }); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return &heard
}

func muteMsgs(n int) []Msg {
	msgs := someMsgs(0, n)
	for i := range msgs {
		msgs[i].Subject = "mute.a"
	}
	return msgs
}

// TestAGroupWhoseConnectionIsLost ends with it: nobody will answer, and a relay holds a transaction meanwhile.
func TestAGroupWhoseConnectionIsLost(t *testing.T) {
	s, nc := newStreams(t)
	heard := mute(t, s)
	p := newPublisher(t, nc, PublisherOptions{Grouped: true, Timeout: time.Hour})
	ended := make(chan error, 1)
	go func() { ended <- p.PublishBatch(context.WithoutCancel(t.Context()), muteMsgs(5)) }()
	eventually(t, "the group is sent", func() bool { return heard.Load() == 5 })
	s.stop()
	select {
	case err := <-ended:
		if !errors.Is(err, ErrUnavailable) || errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it still waits for an answer")
	}
	s.start()
}

// TestGroupsHaveRoomForSoMany: when nothing is acknowledged, the rest wait outside, and leave when their time is up.
func TestGroupsHaveRoomForSoMany(t *testing.T) {
	s, nc := newStreams(t)
	heard := mute(t, s)
	p := newPublisher(t, nc, PublisherOptions{Grouped: true, InFlight: 8, Timeout: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	var callers sync.WaitGroup
	for i := range 100 {
		callers.Go(func() {
			if err := p.Publish(ctx, "mute.a", fmt.Sprint(i), nil, nil); !errors.Is(err, ErrUnavailable) {
				t.Errorf("message %d: %v", i, err)
			}
		})
	}
	callers.Wait()
	if n := heard.Load(); n > 8 {
		t.Errorf("%d messages were sent, and there is room for 8", n)
	}
	p.groups.mu.Lock()
	defer p.groups.mu.Unlock()
	if n := len(p.groups.room); n > 8 {
		t.Errorf("%d messages wait", n)
	}
}

// TestNothingIsSentAheadWithoutAConnection: it would come later, as a group that nobody commits.
func TestNothingIsSentAheadWithoutAConnection(t *testing.T) {
	s, nc := newStreams(t)
	p, _ := grouped(t, nc)
	s.stop()
	eventually(t, "the connection is lost", func() bool { return !nc.IsConnected() })
	for i := range 20 {
		if err := p.Publish(t.Context(), "plusone.in.a", fmt.Sprint(i), nil, make([]byte, 1000)); !errors.Is(err, ErrUnavailable) {
			t.Errorf("message %d: %v", i, err)
		}
	}
	if n, err := nc.Buffered(); n != 0 || err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("%d bytes wait for a connection (%v)", n, err)
	}
	s.start()
}

// TestAStreamBetweenTwoLeadersIsAskedAgain: that nobody answers for a moment refuses no group.
func TestAStreamBetweenTwoLeadersIsAskedAgain(t *testing.T) {
	s, nc := newStreams(t)
	js := jetStream(t, nc)
	if err := js.DeleteStream(t.Context(), In); err != nil {
		t.Fatal(err)
	}
	p, _ := grouped(t, nc)
	ended := make(chan error, 1)
	go func() { ended <- p.PublishBatch(context.WithoutCancel(t.Context()), someMsgs(0, 20)) }()
	eventually(t, "the group is split", func() bool { return splits(t, p, "refused") == 1 })
	if err := Ensure(t.Context(), js, Config{}); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := stored(t, s, In); n != 20 {
		t.Errorf("%d messages are stored, not 20", n)
	}
}
