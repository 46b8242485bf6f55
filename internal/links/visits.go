package links

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/plusone-dev/plusone/internal/fact"
)

// Publisher puts a message on the stream. Publish returns nil only once the stream has acknowledged it. Of two messages of one id
// the stream keeps one.
type Publisher interface {
	Publish(ctx context.Context, subject, msgID string, header map[string]string, data []byte) error
}

const (
	subject = "plusone.in.link.visited"
	source  = "/plusone/links"

	maxWaiting = 8192 // visits in memory, of some hundred bytes each: a minute of a hundred a second
	maxBatch   = 256  // published at a time

	publishWithin = 5 * time.Second // one batch
	flushWithin   = 5 * time.Second // all that is left, when the process stops

	// How long to rest when the stream does not take a batch.
	minRest = 100 * time.Millisecond
	maxRest = 5 * time.Second
)

// Visits publishes visits in the background. Nobody who follows a link waits for it: what there is no room for is dropped, and
// counted as such. A visit moves no money, so it need not outlive a crash as other events do.
type Visits struct {
	to      Publisher
	queue   chan visit
	metrics *Metrics
	log     *slog.Logger
	away    bool // the stream did not take the last batch
}

// visit is one that waits. It keeps its id, so that it counts once however often it is published.
type visit struct {
	id string
	fact.Visit
}

// NewVisits publishes to a stream. Metrics may be nil.
func NewVisits(to Publisher, m *Metrics, log *slog.Logger) *Visits {
	return newVisits(to, maxWaiting, m, log)
}

func newVisits(to Publisher, room int, m *Metrics, log *slog.Logger) *Visits {
	if m == nil {
		m = NewMetrics(nil)
	}
	return &Visits{to: to, queue: make(chan visit, room), metrics: m, log: log}
}

// add has a visit published, and says no when there is no room. It never waits.
func (v *Visits) add(f fact.Visit) bool {
	if v == nil {
		return false
	}
	id, err := uuid.NewV7()
	if err != nil {
		return false
	}
	select {
	case v.queue <- visit{id: id.String(), Visit: f}:
		v.metrics.waiting.Inc()
		return true
	default:
		return false
	}
}

// Run publishes until the context ends, and then what is left.
func (v *Visits) Run(ctx context.Context) error {
	var batch []visit
	rest := minRest
	for ctx.Err() == nil {
		batch = v.gather(ctx, batch)
		if batch = v.publish(ctx, batch); len(batch) == 0 {
			rest = minRest
			continue
		}
		pause(ctx, rest)
		rest = min(2*rest, maxRest)
	}
	v.flush(ctx, batch)
	return nil
}

// gather fills a batch with what is there. While there is nothing at all it waits.
func (v *Visits) gather(ctx context.Context, batch []visit) []visit {
	if len(batch) == 0 {
		select {
		case one := <-v.queue:
			batch = append(batch, one)
		case <-ctx.Done():
		}
	}
	return v.fill(batch)
}

func (v *Visits) fill(batch []visit) []visit {
	for len(batch) < maxBatch {
		select {
		case one := <-v.queue:
			batch = append(batch, one)
		default:
			return batch
		}
	}
	return batch
}

// publish publishes a batch at once, and returns what the stream did not take. What is on its way when the process is told to stop
// may still arrive.
func (v *Visits) publish(ctx context.Context, batch []visit) (left []visit) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishWithin)
	defer cancel()
	errs := make([]error, len(batch))
	var all sync.WaitGroup
	for i, one := range batch {
		all.Go(func() { errs[i] = v.send(ctx, one) })
	}
	all.Wait()
	var failed error
	for i, err := range errs {
		if err != nil {
			left, failed = append(left, batch[i]), err
			continue
		}
		v.metrics.note(outcomeCounted)
		v.metrics.waiting.Dec()
	}
	v.tell(ctx, len(left), failed)
	return left
}

// tell logs when the stream goes away, and when it is back.
func (v *Visits) tell(ctx context.Context, left int, err error) {
	switch {
	case err != nil && !v.away:
		v.log.WarnContext(ctx, "the stream does not take visits: they wait in memory, and links go on", "waiting", left+len(v.queue), "error", err)
	case err == nil && v.away:
		v.log.InfoContext(ctx, "the stream takes visits again")
	}
	v.away = err != nil
}

type visitData struct {
	Code string `json:"code"`
	Via  string `json:"via,omitempty"`
}

func (v *Visits) send(ctx context.Context, one visit) error {
	at := one.At.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
	text, err := json.Marshal(fact.NewCloudEvent(source, one.id, fact.LinkVisited, at, visitData{Code: one.Code, Via: one.Via}))
	if err != nil {
		return err
	}
	return v.to.Publish(ctx, subject, fact.MessageID(source, one.id), map[string]string{"Content-Type": "application/cloudevents+json"}, text)
}

// flush publishes what is left when the process stops, as long as the stream takes it and there is time.
func (v *Visits) flush(ctx context.Context, batch []visit) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushWithin)
	defer cancel()
	for batch = v.fill(batch); len(batch) > 0 && ctx.Err() == nil; batch = v.fill(batch) {
		if batch = v.publish(ctx, batch); len(batch) > 0 {
			pause(ctx, minRest)
		}
	}
	lost := len(batch) + len(v.queue)
	if lost == 0 {
		return
	}
	for range lost {
		v.metrics.note(outcomeDropped)
		v.metrics.waiting.Dec()
	}
	v.log.WarnContext(ctx, "the process stops with visits that the stream did not take: they are not counted", "visits", lost)
}

// pause rests, unless the context ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
