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
	// maxGroupBytes bounds what a group holds in the buffers between us and the server.
	maxGroupBytes = 8 << 20
	// maxSeat is the largest message that goes in a group. Larger ones gain nothing, and may be refused for their size.
	maxSeat = 128 << 10
	// maxFlights is how many groups are on their way at a time: one is sent while the other is being written to the disk.
	maxFlights = 2
	// groupPause is for how long messages go one by one after the server would take no atomic batches at all.
	groupPause = 10 * time.Second
)

// groups publishes messages in atomic batches, of what is there when the batch before is on its way: alone when idle, many
// together under load. A server that flushes every acknowledged message to the disk flushes such a batch once, so many
// callers share the cost that one of them would have.
//
// A batch is stored whole or not at all. What it can not carry, among others a message that is stored already, is found
// by halving it, and published by itself.
type groups struct {
	p    *Publisher
	name string // of this process's batches
	next atomic.Uint64
	gone atomic.Int64 // until when batches are not tried, in Unix nanoseconds

	mu      sync.Mutex
	waiting []*passenger
	flights int
	recent  recentIDs
}

// passenger is a message that waits for its group.
type passenger struct {
	msg  *nats.Msg
	size int
	done chan error // takes one
}

func newGroups(p *Publisher) *groups { return &groups{p: p, name: rand.Text()} }

// publish returns when the message's group was acknowledged. A caller that stops waiting does not stop the message.
func (g *groups) publish(ctx context.Context, m *nats.Msg) error {
	seat := &passenger{msg: m, size: len(m.Data), done: make(chan error, 1)}
	if !g.board(seat) {
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
	if seat.size > maxSeat || int64(seat.size) > g.p.js.Conn().MaxPayload()/2 || g.paused() {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	// One that was stored a moment ago would hold up its whole group; by itself the server answers it at once.
	if !g.recent.add(seat.msg.Header.Get(jetstream.MsgIDHeader)) {
		return false
	}
	g.waiting = append(g.waiting, seat)
	if g.flights < maxFlights {
		g.flights++
		go g.fly()
	}
	return true
}

func (g *groups) paused() bool { return time.Now().UnixNano() < g.gone.Load() }

// publishAll publishes all at once, in groups, waits, and returns what became of each.
func (g *groups) publishAll(ctx context.Context, msgs []*nats.Msg) []error {
	if g.paused() {
		return g.p.publishAll(ctx, msgs)
	}
	seats := make([]*passenger, len(msgs))
	for i, m := range msgs {
		seats[i] = &passenger{msg: m, done: make(chan error, 1)}
	}
	for group := range slices.Chunk(seats, maxGroup) {
		g.send(ctx, group)
	}
	errs := make([]error, len(msgs))
	for i, seat := range seats {
		errs[i] = <-seat.done
	}
	return errs
}

// fly sends group after group, until nobody waits.
func (g *groups) fly() {
	for {
		group := g.take()
		if group == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), g.p.timeout)
		g.send(ctx, group)
		cancel()
	}
}

func (g *groups) take() []*passenger {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, size := 0, 0
	for n < len(g.waiting) && n < maxGroup && (n == 0 || size+g.waiting[n].size <= maxGroupBytes) {
		size += g.waiting[n].size
		n++
	}
	if n == 0 {
		g.flights--
		g.waiting = nil
		return nil
	}
	group := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	return group
}

// send has a group stored, and tells each of its passengers what became of their message.
func (g *groups) send(ctx context.Context, group []*passenger) {
	if len(group) == 1 {
		group[0].done <- g.p.publishOne(ctx, group[0].msg)
		return
	}
	err := g.commit(ctx, group)
	var refused *jetstream.APIError
	if errors.As(err, &refused) {
		g.split(ctx, group, refused)
		return
	}
	for _, seat := range group {
		seat.done <- classify(err)
	}
}

// split goes on with a group that the server refused. Nothing of it is stored.
func (g *groups) split(ctx context.Context, group []*passenger, refused *jetstream.APIError) {
	g.p.metrics.split(reasonOf(refused))
	if refused.ErrorCode == codeDuplicateInBatch && len(group) > 4 {
		half := len(group) / 2
		g.send(ctx, group[:half])
		g.send(ctx, group[half:])
		return
	}
	if refused.ErrorCode == codeBatchesDisabled {
		g.gone.Store(time.Now().Add(groupPause).UnixNano())
	}
	msgs := make([]*nats.Msg, len(group))
	for i, seat := range group {
		for _, header := range []string{headerBatch, headerBatchNumber, headerBatchCommit} {
			delete(seat.msg.Header, header)
		}
		msgs[i] = seat.msg
	}
	for i, err := range g.p.publishAll(ctx, msgs) {
		group[i].done <- err
	}
}

// commit sends a group as one atomic batch, and waits for its acknowledgement.
func (g *groups) commit(ctx context.Context, group []*passenger) error {
	nc := g.p.js.Conn()
	if !nc.IsConnected() {
		return fmt.Errorf("%w: not connected", ErrUnavailable)
	}
	began := time.Now()
	id := g.name + "-" + strconv.FormatUint(g.next.Add(1), 36)
	last := len(group) - 1
	for i, seat := range group {
		seat.msg.Header[headerBatch] = []string{id}
		seat.msg.Header[headerBatchNumber] = []string{strconv.Itoa(i + 1)}
		delete(seat.msg.Header, headerBatchCommit)
		if i < last {
			if err := nc.PublishMsg(seat.msg); err != nil {
				return fmt.Errorf("%w: %w", ErrUnavailable, err)
			}
		}
	}
	group[last].msg.Header[headerBatchCommit] = []string{"1"}
	answer, err := nc.RequestMsgWithContext(ctx, group[last].msg)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err := readCommit(answer.Data, len(group)); err != nil {
		return err
	}
	g.p.metrics.group(len(group), time.Since(began))
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

func reasonOf(refused *jetstream.APIError) string {
	switch refused.ErrorCode {
	case codeDuplicateInBatch:
		return "duplicate"
	case codeBatchesDisabled:
		return "disabled"
	default:
		return "refused"
	}
}
