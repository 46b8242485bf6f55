// Package worker is the readable loop in the middle: a message is turned into facts, the facts are applied, and the
// message is answered for. Beside it run the clock, which ends holds and windows, the relay, which tells the world, and the fold, which adds up the tallies.
// It owns no rule: package referral does; no row: package store does; no acknowledgement: package stream does.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
)

// Worker applies messages to a store.
type Worker struct {
	store   *store.Store
	log     *slog.Logger
	metrics *metrics
	told    chan struct{} // there is something in the outbox
	tallied chan struct{} // there is something to fold into the tallies
}

// New makes a worker.
func New(s *store.Store, reg prometheus.Registerer, log *slog.Logger) *Worker {
	return &Worker{store: s, log: log, metrics: newMetrics(reg), told: make(chan struct{}, 1), tallied: make(chan struct{}, 1)}
}

// Handle applies a batch of messages in one transaction. It is a stream.Handler: nil means committed. Nothing is counted
// before: a batch that fails comes again, whole or in parts.
func (w *Worker) Handle(ctx context.Context, batch []*stream.Message) error {
	sorted, err := sift(batch)
	if err != nil {
		return err
	}
	var result store.Result
	if len(sorted.events) > 0 {
		if result, err = w.apply(ctx, sorted.events); err != nil {
			return err
		}
	}
	w.report(ctx, sorted, result)
	return nil
}

// address is what looks like an e-mail address. A reason may quote a little of the message, and goes into the log.
var address = regexp.MustCompile(`[^\s"']+@[^\s"']+`)

// sifted is a batch, read.
type sifted struct {
	events    []fact.Event
	ignored   []string // their types
	malformed []malformed
}

// malformed is a message that can never be understood.
type malformed struct {
	message *stream.Message
	event   fact.Event // what could be read of it
	why     string
}

func sift(batch []*stream.Message) (s sifted, err error) {
	s.events = make([]fact.Event, 0, len(batch))
	for _, m := range batch {
		e, err := read(m)
		if e.Type == "" {
			e.Type = subjectType(m.Subject)
		}
		bad, isBad := errors.AsType[*fact.MalformedError](err)
		switch {
		case errors.Is(err, fact.ErrIgnored):
			s.ignored = append(s.ignored, e.Type)
		case isBad:
			s.malformed = append(s.malformed, malformed{m, e, address.ReplaceAllString(bad.Why, "…")})
		case err != nil:
			return s, err
		default:
			s.events = append(s.events, e)
		}
	}
	return s, nil
}

// read turns a message into facts, by the branch of the subject tree it came on.
func read(m *stream.Message) (fact.Event, error) {
	switch branch, _, _ := strings.Cut(strings.TrimPrefix(m.Subject, stream.InPrefix), "."); branch {
	case "stripe":
		return fact.ParseStripe(m.Data)
	case "user", "referral", "code", "link":
		e, err := fact.ParseCloudEvent(m.Data)
		if err == nil && !strings.HasPrefix(e.Type, branch+".") { // who may publish on one branch may not on another
			err = &fact.MalformedError{Why: "its type is not of the subject it was published to"}
		}
		if err == nil {
			err = e.CheckDate(m.Time) // the same at every delivery: it is when the stream stored it
		}
		return e, err
	}
	return fact.Event{}, fact.ErrIgnored
}

// subjectType is the type a message should be of, going by where it was published.
func subjectType(subject string) string {
	return strings.TrimPrefix(strings.TrimPrefix(subject, stream.InPrefix), "stripe.")
}

// attempts bounds how often a transaction that only lost against others is repeated at once, before the batch goes back.
const attempts = 5

func (w *Worker) apply(ctx context.Context, events []fact.Event) (store.Result, error) {
	for n := 1; ; n++ {
		began := time.Now()
		result, err := w.store.Apply(ctx, events)
		w.metrics.seconds.Observe(time.Since(began).Seconds())
		w.metrics.restarts.Add(float64(result.Restarts))
		kind, conflict := store.Conflict(err)
		if !conflict {
			return result, err
		}
		w.metrics.conflicts.WithLabelValues(kind).Inc()
		if n == attempts {
			return result, err
		}
		w.log.WarnContext(ctx, "a transaction lost against another and is repeated", "kind", kind, "attempt", n)
	}
}

// report counts and logs what a batch came to, and wakes the relay when there is something to tell.
func (w *Worker) report(ctx context.Context, s sifted, r store.Result) {
	w.metrics.batch(s, r)
	for _, bad := range s.malformed {
		bad.message.Reject(bad.why)
		w.log.WarnContext(ctx, "a message can not be understood", "subject", bad.message.Subject,
			"sequence", bad.message.Sequence, "event", bad.event.Name, "why", bad.why)
	}
	for _, e := range s.events {
		w.log.DebugContext(ctx, "event applied", "event", e.Name, "type", e.Type)
		if !r.Seen[e.Key] {
			w.decided(ctx, e)
		}
	}
	w.tell(ctx, r)
}

// decided logs who decided what about a referral and why, whichever way it came.
func (w *Worker) decided(ctx context.Context, e fact.Event) {
	switch {
	case e.Decision != nil:
		w.log.InfoContext(ctx, "a decision was recorded", "event", e.Name, "verdict", e.Decision.Verdict, "by", e.Decision.By, "why", e.Decision.Why)
	case e.Attribution != nil:
		w.log.InfoContext(ctx, "an attribution by hand was recorded", "event", e.Name, "by", e.Attribution.By, "why", e.Attribution.Why)
	}
}

func (w *Worker) tell(ctx context.Context, r store.Result) {
	for _, t := range r.Transitions {
		w.log.InfoContext(ctx, "referral moved", "referral", t.ReferralID, "from", t.Move.From, "to", t.Move.To,
			"reason", t.Move.Reason, "event", t.Cause)
	}
	for _, t := range r.Taken {
		w.metrics.taken.Inc()
		w.log.WarnContext(ctx, "a code was wanted that somebody else has; whoever it was for has the one that was drawn", "event", t.Event, "code", t.Code)
	}
	w.metrics.verdicts(r)
	if len(r.Transitions)+len(r.Transfers) > 0 {
		wake(w.told)
	}
	if r.Tallied {
		wake(w.tallied)
	}
}
