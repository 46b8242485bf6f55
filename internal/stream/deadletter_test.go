package stream

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

// rejectAll is a handler that can make nothing of anything.
func rejectAll(reason string) Handler {
	return func(_ context.Context, batch []*Message) error {
		for _, m := range batch {
			m.Reject(reason)
		}
		return nil
	}
}

func TestARejectedMessageBecomesADeadLetter(t *testing.T) {
	_, nc := newStreams(t)
	publishN(t, nc, 9)
	done, reg := newWork(), prometheus.NewRegistry()
	o := quick(nc)
	o.Metrics = NewMetrics(reg)
	run := consume(t, o, func(_ context.Context, batch []*Message) error {
		for _, m := range batch {
			if string(m.Data) == "4" {
				m.Reject("not JSON:\r\nInjected: header")
				continue
			}
			done.commit([]*Message{m})
		}
		return nil
	})
	eventually(t, "all are answered for", allAnswered(t, nc))
	run.end()
	done.exactlyOnce(t, 9, "4")

	all := letters(t, nc)
	if len(all) != 1 {
		t.Fatalf("%d dead letters", len(all))
	}
	l := all[0]
	if l.Subject != "plusone.dead.in.test.event" || string(l.Data) != "4" {
		t.Errorf("the letter is %q on %s", l.Data, l.Subject)
	}
	for header, want := range map[string]string{
		HeaderDeadReason:               "not JSON:  Injected: header",
		HeaderDeadSubject:              "plusone.in.test.event",
		HeaderDeadStream:               In,
		HeaderDeadConsumer:             DefaultConsumer,
		HeaderDeadSequence:             "5",
		HeaderDeadDelivered:            "1",
		OriginalPrefix + "Nats-Msg-Id": t.Name() + "-4",
		"Injected":                     "",
	} {
		if got := l.Header.Get(header); got != want {
			t.Errorf("%s is %q, not %q", header, got, want)
		}
	}
	at, err := time.Parse(time.RFC3339Nano, l.Header.Get(HeaderDeadAt))
	if err != nil || time.Since(at) > time.Minute {
		t.Errorf("at %v (%v)", at, err)
	}
	if metric(t, reg, "plusone_stream_dead_letters_total", classRejected) != 1 || metric(t, reg, "plusone_stream_messages_total", verdictDead) != 1 {
		t.Error("it was not counted")
	}
}

// TestNothingIsGivenUpBeforeItsLetterIsStored: the dead stream refuses, and the message stays.
func TestNothingIsGivenUpBeforeItsLetterIsStored(t *testing.T) {
	_, nc := newStreams(t)
	p := newPublisher(t, nc, PublisherOptions{})
	if err := p.Publish(t.Context(), "plusone.dead.filler", "", nil, nil); err != nil {
		t.Fatal(err)
	}
	limit(t, nc, Dead, 1)
	publishN(t, nc, 3)
	reg := prometheus.NewRegistry()
	o := quick(nc)
	o.Metrics = NewMetrics(reg)
	run := consume(t, o, rejectAll("never"))
	eventually(t, "each was refused more than once", func() bool { return metric(t, reg, "plusone_stream_messages_total", verdictNakked) > 9 })
	if lag := lagOf(t, nc); lag.Pending+lag.Unacked != 3 {
		t.Errorf("the lag is %+v: a message is lost", lag)
	}
	limit(t, nc, Dead, -1)
	eventually(t, "all are given up", allAnswered(t, nc))
	run.end()
	if n := len(letters(t, nc)); n != 4 {
		t.Errorf("%d dead letters, not 3 and the filler", n)
	}
}

// TestARepeatedDeathIsStoredOnce: the process was killed after the letter was stored and before the term.
func TestARepeatedDeathIsStoredOnce(t *testing.T) {
	_, nc := newStreams(t)
	publishN(t, nc, 1)
	o := quick(nc)
	o.AckWait = 300 * time.Millisecond
	// The one that is killed: it takes the message, stores its letter, and is not heard of again.
	cfg := (&consumer{opts: o.withDefaults()}).consumerConfig(jetstream.ConsumerConfig{})
	durable, err := jetStream(t, nc).CreateConsumer(t.Context(), In, cfg)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := durable.Next()
	if err != nil {
		t.Fatal(err)
	}
	m, err := newMessage(raw)
	if err != nil {
		t.Fatal(err)
	}
	letter := deadLetter(obituary{m: m, reason: "first"}, time.Now(), dropNone)
	if err := newPublisher(t, nc, PublisherOptions{}).publishAll(t.Context(), []*nats.Msg{letter})[0]; err != nil {
		t.Fatal(err)
	}
	run := consume(t, o, rejectAll("second"))
	eventually(t, "it is given up", allAnswered(t, nc))
	run.end()
	all := letters(t, nc)
	if len(all) != 1 || all[0].Header.Get(HeaderDeadReason) != "first" {
		t.Errorf("%d dead letters", len(all))
	}
}

// TestHeadersThatTheServerObeysDoNotStopALetter: each of these would make the dead stream refuse or lose it.
func TestHeadersThatTheServerObeysDoNotStopALetter(t *testing.T) {
	_, nc := newStreams(t)
	p := newPublisher(t, nc, PublisherOptions{})
	err := p.Publish(t.Context(), "plusone.in.x", "id", map[string]string{
		"Nats-Expected-Stream": In, "Nats-Expected-Last-Sequence": "0", "X-Mine": "kept",
		"Plusone-Dead-Reason": "forged", "plusone-dead-at": "forged",
	}, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	run := consume(t, quick(nc), rejectAll("never"))
	eventually(t, "it is given up", allAnswered(t, nc))
	run.end()
	all := letters(t, nc)
	if len(all) != 1 {
		t.Fatalf("%d dead letters", len(all))
	}
	h := all[0].Header
	if h.Get("X-Mine") != "kept" || h.Get(OriginalPrefix+"Nats-Expected-Stream") != In || h.Get(HeaderDeadReason) != "never" || h["plusone-dead-at"] != nil {
		t.Errorf("the headers are %v", h)
	}
}

func TestTheLargestMessageStillFitsAsADeadLetter(t *testing.T) {
	_, nc := newStreams(t)
	p := newPublisher(t, nc, PublisherOptions{})
	const headers = 200 // what its own headers take
	body := bytes.Repeat([]byte("x"), int(nc.MaxPayload())-deadRoom-headers)
	if err := p.Publish(t.Context(), "plusone.in.x", "id", map[string]string{"X-A": "b"}, body); err != nil {
		t.Fatal(err)
	}
	run := consume(t, quick(nc), rejectAll(strings.Repeat("ä", 10_000)))
	eventually(t, "it is given up", allAnswered(t, nc))
	run.end()
	if all := letters(t, nc); len(all) != 1 || !bytes.Equal(all[0].Data, body) {
		t.Errorf("%d dead letters", len(all))
	}
}

// theLetter publishes a message that nobody can make anything of, and returns its dead letter.
func theLetter(t *testing.T, nc *nats.Conn, m Msg) *jetstream.RawStreamMsg {
	t.Helper()
	if err := newPublisher(t, nc, PublisherOptions{}).PublishBatch(t.Context(), []Msg{m}); err != nil {
		t.Fatal(err)
	}
	run := consume(t, quick(nc), rejectAll("never"))
	eventually(t, "it is given up", allAnswered(t, nc))
	run.end()
	all := letters(t, nc)
	if len(all) != 1 || !bytes.Equal(all[0].Data, m.Data) {
		t.Fatalf("%d dead letters", len(all))
	}
	return all[0]
}

// TestRenamedHeadersThatHaveNoRoomAreDropped: each grows by its new name, and a thousand of them by more than there is.
func TestRenamedHeadersThatHaveNoRoomAreDropped(t *testing.T) {
	_, nc := newStreams(t)
	header := map[string]string{"X-Mine": "kept"}
	for i := range 1000 {
		header[fmt.Sprintf("Nats-X-%04d", i)] = "x"
	}
	const headers = 17_000 // what they take: 11 bytes of name, 1 of value, 4 of punctuation
	h := theLetter(t, nc, Msg{Subject: "plusone.in.x", Header: header, Data: make([]byte, int(nc.MaxPayload())-deadRoom-headers)}).Header
	if h.Get(HeaderDeadDropped) != "Nats-* headers: 1000 had no room" || h.Get("X-Mine") != "kept" ||
		h.Get(HeaderDeadReason) != "never" || h[OriginalPrefix+"Nats-X-0000"] != nil {
		t.Errorf("%d headers, of which dropped: %s", len(h), h.Get(HeaderDeadDropped))
	}
}

// TestAllHeadersAreDroppedWhenEvenTheOthersHaveNoRoom: an operator has limited the dead stream's messages.
func TestAllHeadersAreDroppedWhenEvenTheOthersHaveNoRoom(t *testing.T) {
	_, nc := newStreams(t)
	js := jetStream(t, nc)
	c := infos(t, js)[Dead]
	c.MaxMsgSize = 2048
	if _, err := js.UpdateStream(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	header := map[string]string{"X-Mine": strings.Repeat("x", 3000), "Nats-X": "y"}
	h := theLetter(t, nc, Msg{Subject: "plusone.in.x", Header: header, Data: []byte("body")}).Header
	if h.Get(HeaderDeadDropped) != "all headers: 2 had no room" || h["X-Mine"] != nil || h.Get(HeaderDeadSubject) != "plusone.in.x" {
		t.Errorf("the headers are %v", h)
	}
}

func TestDeadSubject(t *testing.T) {
	for subject, want := range map[string]string{
		"plusone.in.user.registered":  "plusone.dead.in.user.registered",
		"plusone.out.reward.granted":  "plusone.dead.out.reward.granted",
		"elsewhere.altogether":        "plusone.dead.elsewhere.altogether",
		"plusone.in.plusone.in.twice": "plusone.dead.in.plusone.in.twice",
	} {
		if got := DeadSubject(subject); got != want {
			t.Errorf("DeadSubject(%q) is %q, not %q", subject, got, want)
		}
	}
}

func TestCleanReason(t *testing.T) {
	for in, want := range map[string]string{
		"plain":              "plain",
		" \x00a\x1bb\u0085 ": "a b",
		"bad \xff byte":      "bad  byte",
	} {
		if got := cleanReason(in); got != want {
			t.Errorf("cleanReason(%q) is %q, not %q", in, got, want)
		}
	}
	if got := cleanReason(strings.Repeat("é", maxReason)); len(got) > maxReason || !utf8.ValidString(got) {
		t.Errorf("a long reason became %d bytes", len(got))
	}
}

func TestFaultsAreBoundedAndForgotten(t *testing.T) {
	f := newFaults()
	for seq := range uint64(3 * maxFaultsKept) {
		f.add(seq)
	}
	if len(f.counts) > maxFaultsKept || len(f.order) > maxFaultsKept {
		t.Errorf("%d counts and %d names are kept", len(f.counts), len(f.order))
	}
	last := uint64(3*maxFaultsKept - 1)
	if n := f.add(last); n != 2 {
		t.Errorf("the second fault counts as %d", n)
	}
	clean, suspects := f.split([]*Message{{Sequence: last}, {Sequence: 1 << 40}})
	if fmt.Sprint(len(clean), len(suspects)) != "1 1" || suspects[0].Sequence != last {
		t.Errorf("split into %v and %v", clean, suspects)
	}
	f.forget(last)
	if n := f.add(last); n != 1 {
		t.Errorf("after forgetting it counts as %s", strconv.Itoa(n))
	}
}
