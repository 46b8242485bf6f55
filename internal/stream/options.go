package stream

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
)

// Handler processes a batch: all of it, or none. Nil means that the work of every message is committed, except of those
// it rejected. An error means that nothing is; the same messages come again, perhaps in other company. It must return
// when its context ends. It may see a message twice (an acknowledgement can be lost), never twice in one batch.
type Handler func(ctx context.Context, batch []*Message) error

// Options of Consume. Only Conn and Transient are required.
type Options struct {
	Conn     *nats.Conn
	Stream   string   // In by default
	Consumer string   // the durable consumer, shared by all processes that name it; DefaultConsumer by default
	Filter   []string // subjects; all of the stream's by default

	MaxBatch      int           // messages a batch at most; 256 by default
	Concurrency   int           // batches at a time in this process; 2 by default
	AckWait       time.Duration // how long the server waits to hear of a message; 30 s by default. Slow batches extend it
	MaxAckPending int           // messages in the hands of all processes together; 20000 by default
	Grace         time.Duration // for the batches in hand when the context ends; 20 s by default

	// Transient says whether an error may pass by itself (database away, serialization). Such an error is nobody's
	// fault: the batch goes back, pulling pauses until Ready returns nil, nothing is counted, nothing dead-lettered.
	Transient func(error) bool
	Ready     func(context.Context) error // nil: pulling goes on after a growing wait
	MaxFaults int                         // failures by a message's own fault, in one process, before its dead letter; 5 by default

	Retry      Backoff // delay of messages after a transient error; 100 ms to 30 s by default
	FaultRetry Backoff // delay of a message after its own fault, or a dead letter that was not stored; 1 s to 1 min by default
	ReadyWait  Backoff // between questions to Ready, and between attempts to pull again; 100 ms to 5 s by default

	Logger   *slog.Logger  // none by default
	Metrics  *Metrics      // none by default
	LagEvery time.Duration // how often the lag is measured for the metrics; 15 s by default
}

func (o Options) withDefaults() Options {
	o.Stream = or(o.Stream, In)
	o.Consumer = or(o.Consumer, DefaultConsumer)
	o.MaxBatch = or(o.MaxBatch, 256)
	o.Concurrency = or(o.Concurrency, 2)
	o.AckWait = or(o.AckWait, 30*time.Second)
	o.MaxAckPending = or(o.MaxAckPending, 20_000)
	o.Grace = or(o.Grace, 20*time.Second)
	o.MaxFaults = or(o.MaxFaults, 5)
	o.Retry = o.Retry.or(Backoff{100 * time.Millisecond, 30 * time.Second})
	o.FaultRetry = o.FaultRetry.or(Backoff{time.Second, time.Minute})
	o.ReadyWait = o.ReadyWait.or(Backoff{100 * time.Millisecond, 5 * time.Second})
	o.LagEvery = or(o.LagEvery, 15*time.Second)
	o.Logger = orDiscard(o.Logger).With("stream", o.Stream, "consumer", o.Consumer)
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.Ready == nil {
		o.Ready = func(context.Context) error { return nil }
	}
	return o
}

func (o Options) validate() error {
	var errs []error
	if o.Conn == nil {
		errs = append(errs, errors.New("a connection is needed"))
	}
	// Without it every outage would count as the messages' own fault and end in dead letters: no default is safe.
	if o.Transient == nil {
		errs = append(errs, errors.New("a judge of transient errors is needed"))
	}
	if o.MaxBatch < 1 || o.Concurrency < 1 || o.MaxAckPending < 1 || o.MaxFaults < 1 {
		errs = append(errs, errors.New("batch, concurrency, pending acknowledgements and faults must be at least 1"))
	}
	if o.AckWait < 0 || o.Grace < 0 || o.LagEvery < 0 {
		errs = append(errs, errors.New("durations cannot be negative"))
	}
	return errors.Join(errs...)
}

func or[T comparable](value, def T) T {
	var zero T
	if value == zero {
		return def
	}
	return value
}
