package stream

import (
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Message is one delivery, as a handler sees it. What becomes of it is decided by the batch loop from what the handler
// returns; the handler itself never acknowledges anything.
type Message struct {
	Subject   string
	Data      []byte
	Header    nats.Header
	Sequence  uint64    // in its stream: the same at every delivery
	Delivered int       // 1 at the first delivery; grows with outages too, so it is no measure of the message's own faults
	Time      time.Time // when the stream stored it

	stream, consumer string
	raw              jetstream.Msg
	touched          time.Time // when the server last heard that we hold it; guarded by held.mu
	rejected         bool
	reason           string
}

// Reject marks a message that can never be processed, however often it is delivered. It takes effect when the handler
// returns nil: the message becomes a dead letter, and the rest of the batch is acknowledged. The reason is written into
// the dead letter: name what is wrong, never a secret.
func (m *Message) Reject(reason string) {
	m.rejected, m.reason = true, reason
}

// Rejected says whether the handler rejected the message, and why.
func (m *Message) Rejected() (reason string, rejected bool) {
	return m.reason, m.rejected
}

func newMessage(raw jetstream.Msg) (*Message, error) {
	meta, err := raw.Metadata()
	if err != nil {
		return nil, fmt.Errorf("stream: message without metadata on %s: %w", raw.Subject(), err)
	}
	return &Message{
		Subject:   raw.Subject(),
		Data:      raw.Data(),
		Header:    raw.Headers(),
		Sequence:  meta.Sequence.Stream,
		Delivered: int(meta.NumDelivered),
		Time:      meta.Timestamp,
		stream:    meta.Stream,
		consumer:  meta.Consumer,
		raw:       raw,
		touched:   time.Now(),
	}, nil
}
