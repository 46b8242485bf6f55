package stream

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// buryN gives up messages of which each has its number as its body.
func buryN(t *testing.T, nc *nats.Conn, n int, reason string) {
	t.Helper()
	publishN(t, nc, n)
	run := consume(t, quick(nc), rejectAll(reason))
	eventually(t, "all are given up", allAnswered(t, nc))
	run.end()
}

func TestLettersAreReadTheLatestFirst(t *testing.T) {
	_, nc := newStreams(t)
	buryN(t, nc, 7, "no good")
	l, err := NewLetters(nc)
	if err != nil {
		t.Fatal(err)
	}
	var got []uint64
	pages := 0
	for before := uint64(0); ; pages++ {
		page, total, next, err := l.Page(t.Context(), before, 3)
		if err != nil || total != 7 {
			t.Fatalf("%d letters, %v", total, err)
		}
		for _, letter := range page {
			got = append(got, letter.Sequence)
			if letter.Reason != "no good" || letter.Stream != In || letter.Of == 0 || letter.Delivered != 1 || letter.At.IsZero() ||
				!strings.HasPrefix(letter.Subject, InPrefix) || letter.Size != len(letter.Body) {
				t.Errorf("a letter is %+v", letter)
			}
		}
		if before = next; next == 0 {
			break
		}
	}
	if want := "[7 6 5 4 3 2 1]"; fmt.Sprint(got) != want || pages != 2 {
		t.Errorf("%v on %d further pages, want %s", got, pages, want)
	}
	if page, _, next, err := l.Page(t.Context(), 1<<40, 100); err != nil || len(page) != 7 || next != 0 {
		t.Errorf("from beyond the end: %d letters, next %d, %v", len(page), next, err)
	}
	if dead, err := jetStream(t, nc).Stream(t.Context(), Dead); err != nil || dead.CachedInfo().State.Consumers != 0 {
		t.Errorf("looking left something behind: %+v, %v", dead.CachedInfo().State, err)
	}
	if st, err := l.Standing(t.Context()); err != nil || st != (Standing{Dead: 7}) {
		t.Errorf("the stream stands at %+v, %v", st, err)
	}
	publishes(t, nc, "plusone.in.user.registered", "plusone.in.user.erased")
	if st, err := l.Standing(t.Context()); err != nil || st.Pending != 2 {
		t.Errorf("the stream stands at %+v, %v", st, err)
	}
}

func TestLettersThatWereRemovedLeaveGaps(t *testing.T) {
	_, nc := newStreams(t)
	buryN(t, nc, 5, "no good")
	dead, err := jetStream(t, nc).Stream(t.Context(), Dead)
	if err != nil {
		t.Fatal(err)
	}
	for _, sequence := range []uint64{5, 3, 1} {
		if err := dead.DeleteMsg(t.Context(), sequence); err != nil {
			t.Fatal(err)
		}
	}
	l, err := NewLetters(nc)
	if err != nil {
		t.Fatal(err)
	}
	page, total, next, err := l.Page(t.Context(), 0, 10)
	if err != nil || total != 2 || next != 0 || len(page) != 2 || page[0].Sequence != 4 || page[1].Sequence != 2 {
		t.Errorf("%+v of %d, next %d, %v", page, total, next, err)
	}
}

// TestALetterIsCutShort: one may be of a megabyte.
func TestALetterIsCutShort(t *testing.T) {
	_, nc := newStreams(t)
	body := strings.Repeat("x", 3*letterShown)
	if _, err := nc.Request("plusone.dead.in.user.registered", []byte(body), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	l, err := NewLetters(nc)
	if err != nil {
		t.Fatal(err)
	}
	page, _, _, err := l.Page(t.Context(), 0, 10)
	if err != nil || len(page) != 1 {
		t.Fatalf("%d letters, %v", len(page), err)
	}
	if got := page[0]; got.Size != len(body) || len(got.Body) != letterShown || got.Subject != "plusone.dead.in.user.registered" || got.Reason != "" {
		t.Errorf("%d of %d bytes on %s", len(got.Body), got.Size, got.Subject)
	}
}

func TestLettersWithoutAStream(t *testing.T) {
	s := newServer(t)
	nc := s.connect()
	l, err := NewLetters(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := l.Page(t.Context(), 0, 10); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("without a stream: %v", err)
	}
}
