package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Letter is a dead letter, for a person to look at.
type Letter struct {
	Sequence  uint64    // in PLUSONE_DEAD
	At        time.Time // when it was given up
	Subject   string    // the message's own
	Reason    string
	Stream    string // where it was
	Of        uint64 // its sequence there
	Delivered int    // how often it had been, outages included
	Size      int    // of the body
	Body      []byte // its beginning, as far as letterShown goes
}

// letterShown is how much of a letter's body is shown: what matters to a person stands at its beginning.
const letterShown = 4 << 10

// Letters reads what lies on PLUSONE_DEAD and how much waits on PLUSONE_IN. It asks for single messages by their numbers, and
// makes no consumer: looking leaves nothing behind.
type Letters struct{ js jetstream.JetStream }

// NewLetters makes one that reads over a connection.
func NewLetters(nc *nats.Conn) (*Letters, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("stream: %w", err)
	}
	return &Letters{js}, nil
}

// lookedAt is how many numbers are asked for, for one page: letters that were removed leave gaps.
const lookedAt = 200

// Page returns the letters before a number, the latest first (0: all), how many there are, and where the next page begins: 0
// after the last. A page may be short and have a next one all the same, where many letters were removed.
// Errors: ErrUnavailable, ErrForbidden.
func (l *Letters) Page(ctx context.Context, before uint64, limit int) (page []Letter, total, next uint64, err error) {
	s, err := l.stream(ctx, Dead)
	if err != nil {
		return nil, 0, 0, err
	}
	state := s.CachedInfo().State
	if before == 0 || before > state.LastSeq {
		before = state.LastSeq + 1
	}
	err = unlessRefused(ctx, l.js.Conn(), request{"STREAM.MSG.GET.", Dead, adviseUser}, func(ctx context.Context) (err error) {
		page, next, err = walkBack(ctx, s, before, max(state.FirstSeq, 1), limit)
		return err
	})
	if err != nil {
		return nil, 0, 0, fmt.Errorf("stream: dead letters: %w", classify(err))
	}
	return page, state.Msgs, next, nil
}

// walkBack reads letters back from before one number to another.
func walkBack(ctx context.Context, s jetstream.Stream, before, first uint64, limit int) (page []Letter, next uint64, err error) {
	for looked := 0; before > first; looked++ {
		if len(page) == limit || looked == lookedAt {
			return page, before, nil
		}
		before--
		m, err := s.GetMsg(ctx, before)
		if errors.Is(err, jetstream.ErrMsgNotFound) { // somebody removed it
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		page = append(page, letterOf(m))
	}
	return page, 0, nil
}

func (l *Letters) stream(ctx context.Context, name string) (s jetstream.Stream, err error) {
	err = unlessRefused(ctx, l.js.Conn(), request{"STREAM.INFO.", name, adviseUser}, func(ctx context.Context) (err error) {
		s, err = l.js.Stream(ctx, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("stream: %s: %w", name, classify(err))
	}
	return s, nil
}

// letterOf reads the headers that a consumer wrote. A letter that came otherwise has what it has.
func letterOf(m *jetstream.RawStreamMsg) Letter {
	letter := Letter{
		Sequence: m.Sequence, At: m.Time, Subject: or(m.Header.Get(HeaderDeadSubject), m.Subject), Reason: m.Header.Get(HeaderDeadReason),
		Stream: m.Header.Get(HeaderDeadStream), Size: len(m.Data), Body: m.Data[:min(len(m.Data), letterShown)],
	}
	if at, err := time.Parse(time.RFC3339Nano, m.Header.Get(HeaderDeadAt)); err == nil {
		letter.At = at
	}
	if n, err := strconv.ParseUint(m.Header.Get(HeaderDeadSequence), 10, 64); err == nil {
		letter.Of = n
	}
	if n, err := strconv.Atoi(m.Header.Get(HeaderDeadDelivered)); err == nil {
		letter.Delivered = n
	}
	return letter
}

// Standing is how the stream stands.
type Standing struct {
	Dead    uint64 // dead letters
	Pending uint64 // events on PLUSONE_IN that were never delivered to a worker yet
	Unacked uint64 // and those that were, and are not answered for
}

// Standing asks the server. Errors: ErrUnavailable, ErrForbidden.
func (l *Letters) Standing(ctx context.Context) (st Standing, err error) {
	dead, err := l.stream(ctx, Dead)
	if err != nil {
		return st, err
	}
	info, err := l.worker(ctx)
	if err != nil {
		return st, err
	}
	return Standing{Dead: dead.CachedInfo().State.Msgs, Pending: info.NumPending, Unacked: uint64(max(0, info.NumAckPending))}, nil
}
