package stream

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The headers of an atomic batch, as the server reads them (ADR-50 of nats-architecture-and-design).
const (
	headerBatch       = "Nats-Batch-Id"
	headerBatchNumber = "Nats-Batch-Sequence"
	headerBatchCommit = "Nats-Batch-Commit"
)

const (
	// maxGroup is how many messages go in one atomic batch at most. The server takes a thousand.
	maxGroup = 500
	// maxSeat is the largest message that goes in a group. Larger ones gain nothing, and may be refused for their size.
	maxSeat = 128 << 10
	// groupPause is for how long messages go one by one after the server would take no atomic batches at all.
	groupPause = 10 * time.Second
)

// groups publishes messages in atomic batches, of what is there when the batch before has been acknowledged: alone when
// idle, many together under load. A server that flushes every acknowledged message to the disk flushes such a batch once,
// so many callers share the cost that one of them would have. What waits is sent ahead, so that the server has it at hand.
//
// A batch is stored whole or not at all. What it can not carry, among others a message that is stored already, is found
// by halving it, and published by itself.
type groups struct {
	p    *Publisher
	name string // of this process's batches
	next atomic.Uint64
	gone atomic.Int64  // until when batches are not tried, in Unix nanoseconds
	room chan struct{} // for as many messages as may await their acknowledgement

	mu     sync.Mutex
	flying bool     // a group awaits its acknowledgement
	open   []*group // those that wait for it, of which the last takes more
	recent recentIDs
}

// passenger is a message that waits for its group.
type passenger struct {
	msg  *nats.Msg
	done chan error      // takes one
	room <-chan struct{} // that the message has a place of; nil: it has none
}

// tell says what became of the message, and gives its place away.
func (s *passenger) tell(err error) {
	s.done <- err
	if s.room != nil {
		<-s.room
	}
}

// group is one atomic batch. All but its last message are on their way: that one will commit it.
type group struct {
	id    string
	seats []*passenger
	err   error // of sending ahead
}

func newGroups(p *Publisher, inFlight int) *groups {
	return &groups{p: p, name: rand.Text(), room: make(chan struct{}, inFlight)}
}

// publish returns when the message's group was acknowledged. A caller that stops waiting does not stop the message.
func (g *groups) publish(ctx context.Context, m *nats.Msg) error {
	select {
	case g.room <- struct{}{}:
	case <-ctx.Done():
		return classify(ctx.Err())
	}
	seat := &passenger{msg: m, done: make(chan error, 1), room: g.room}
	if !g.board(seat) { //nolint:contextcheck // a group carries the messages of many callers: none of their contexts is its own
		<-g.room
		return g.p.publishOne(ctx, m)
	}
	select {
	case err := <-seat.done:
		return err
	case <-ctx.Done():
		return classify(ctx.Err())
	}
}

// board has the message wait for the next group, and sees to it that one leaves. It refuses a message that is known not to
// fit into one.
func (g *groups) board(seat *passenger) bool {
	nc := g.p.js.Conn()
	if size := len(seat.msg.Data); size > maxSeat || int64(size) > nc.MaxPayload()/2 || g.paused() {
		return false
	}
	// Sent ahead without a connection, messages would be kept until there is one, and come as groups that nobody commits.
	if !nc.IsConnected() {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	// One that was stored a moment ago would hold up its whole group; by itself the server answers it at once.
	if !g.recent.add(seat.msg.Header.Get(jetstream.MsgIDHeader)) {
		return false
	}
	if n := len(g.open); n == 0 || len(g.open[n-1].seats) == maxGroup {
		g.open = append(g.open, g.newGroup())
	}
	g.sit(g.open[len(g.open)-1], seat)
	if !g.flying {
		g.flying = true
		go g.fly()
	}
	return true
}

func (g *groups) paused() bool { return time.Now().UnixNano() < g.gone.Load() }

func (g *groups) newGroup() *group {
	return &group{id: g.name + "-" + strconv.FormatUint(g.next.Add(1), 36)}
}

// sit gives a message the last seat of a group, and sends the one that had it ahead.
func (g *groups) sit(b *group, seat *passenger) {
	if n := len(b.seats); n > 0 && b.err == nil {
		b.err = g.p.js.Conn().PublishMsg(b.seats[n-1].msg)
	}
	b.seats = append(b.seats, seat)
	seat.msg.Header[headerBatch] = []string{b.id}
	seat.msg.Header[headerBatchNumber] = []string{strconv.Itoa(len(b.seats))}
}

// fly commits group after group, until nobody waits.
func (g *groups) fly() {
	for {
		g.mu.Lock()
		if len(g.open) == 0 {
			g.flying = false
			g.mu.Unlock()
			return
		}
		b := g.open[0]
		g.open = g.open[1:]
		g.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), g.p.timeout)
		g.land(ctx, b)
		cancel()
	}
}

// publishAll publishes all at once, in groups, waits, and returns what became of each.
func (g *groups) publishAll(ctx context.Context, msgs []*nats.Msg) []error {
	if g.paused() {
		return g.p.publishAll(ctx, msgs)
	}
	seats := make([]*passenger, len(msgs))
	for i, m := range msgs {
		seats[i] = &passenger{msg: m, done: make(chan error, 1)}
	}
	for some := range slices.Chunk(seats, maxGroup) {
		g.send(ctx, some)
	}
	errs := make([]error, len(msgs))
	for i, seat := range seats {
		errs[i] = <-seat.done
	}
	return errs
}

// send has messages stored as a group of their own.
func (g *groups) send(ctx context.Context, seats []*passenger) {
	b := g.newGroup()
	if g.p.js.Conn().IsConnected() { // commit says so otherwise
		for _, seat := range seats {
			g.sit(b, seat)
		}
	}
	b.seats = seats
	g.land(ctx, b)
}

// land has a group stored, and tells each of its passengers what became of their message.
func (g *groups) land(ctx context.Context, b *group) {
	if len(b.seats) == 1 {
		b.seats[0].leave()
		b.seats[0].tell(g.p.publishOne(ctx, b.seats[0].msg))
		return
	}
	err := g.commit(ctx, b)
	var refused *jetstream.APIError
	switch {
	case errors.As(err, &refused):
		g.split(ctx, b.seats, refused.ErrorCode)
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, nats.ErrMaxPayload):
		g.split(ctx, b.seats, 0) // a stream between two leaders is asked again; what is too large spoils nobody else's
	default:
		for _, seat := range b.seats {
			seat.tell(classify(err))
		}
	}
}

// leave takes the message out of its group.
func (s *passenger) leave() {
	for _, header := range []string{headerBatch, headerBatchNumber, headerBatchCommit} {
		delete(s.msg.Header, header)
	}
}

// split goes on with a group that the server refused. Nothing of it is stored.
func (g *groups) split(ctx context.Context, seats []*passenger, why jetstream.ErrorCode) {
	g.p.metrics.split(reasonOf(why))
	msgs := make([]*nats.Msg, len(seats))
	for i, seat := range seats {
		seat.leave()
		msgs[i] = seat.msg
	}
	if why == codeDuplicateInBatch && len(seats) > 4 {
		half := len(seats) / 2
		g.send(ctx, seats[:half])
		g.send(ctx, seats[half:])
		return
	}
	if why == codeBatchesDisabled {
		g.gone.Store(time.Now().Add(groupPause).UnixNano())
	}
	for i, err := range g.p.publishAll(ctx, msgs) {
		seats[i].tell(err)
	}
}

// commit sends the last message of a group, and waits for the acknowledgement of all.
func (g *groups) commit(ctx context.Context, b *group) error {
	nc := g.p.js.Conn()
	if !nc.IsConnected() {
		return fmt.Errorf("%w: not connected", ErrUnavailable)
	}
	if b.err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, b.err)
	}
	began := time.Now()
	last := b.seats[len(b.seats)-1].msg
	last.Header[headerBatchCommit] = []string{"1"}
	wait, stop := whileConnected(ctx, nc, g.p.timeout) // what was asked before the connection was lost is never answered
	defer stop()
	answer, err := nc.RequestMsgWithContext(wait, last)
	if errors.Is(err, context.Canceled) && ctx.Err() == nil {
		err = nats.ErrDisconnected
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err := readCommit(answer.Data, len(b.seats)); err != nil {
		return err
	}
	g.p.metrics.group(len(b.seats), time.Since(began))
	return nil
}

// readCommit reads the server's answer to the last message of a batch. A server before 2.12 knows no batches: it stores the
// messages one by one, and answers for the last alone. That is no acknowledgement of the others.
func readCommit(answer []byte, want int) error {
	var ack struct {
		Error *jetstream.APIError `json:"error"`
		Batch string              `json:"batch"`
		Count int                 `json:"count"`
	}
	switch err := json.Unmarshal(answer, &ack); {
	case err != nil:
		return fmt.Errorf("%w: the answer to a batch is not understood", ErrUnavailable)
	case ack.Error != nil:
		return ack.Error
	case ack.Batch == "" || ack.Count != want:
		return &jetstream.APIError{ErrorCode: codeBatchesDisabled, Description: "the server knows no atomic batches (NATS 2.12 does)"}
	}
	return nil
}

func reasonOf(why jetstream.ErrorCode) string {
	switch why {
	case codeDuplicateInBatch:
		return "duplicate"
	case codeBatchesDisabled:
		return "disabled"
	default:
		return "refused"
	}
}
