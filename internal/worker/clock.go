package worker

import (
	"context"
	"time"
)

// tickPage is how many due referrals are looked at in one transaction.
const tickPage = 256

// The values of the label result.
const (
	tickDone   = "done"
	tickFailed = "failed"
)

// RunClock ends holds and windows that are due, every so often, until the context ends.
func (w *Worker) RunClock(ctx context.Context, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	fault := &outage{log: w.log, what: "looking for holds and windows that are due"}
	for {
		w.tick(ctx, fault)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// tick looks once. What fails is due again at the next tick.
func (w *Worker) tick(ctx context.Context, fault *outage) {
	r, err := w.store.Tick(ctx, tickPage)
	w.tell(ctx, r)
	w.metrics.restarts.Add(float64(r.Restarts))
	if err != nil {
		if ctx.Err() == nil {
			w.metrics.ticks.WithLabelValues(tickFailed).Inc()
			fault.note(ctx, err)
		}
		return
	}
	fault.note(ctx, nil)
	w.metrics.ticks.WithLabelValues(tickDone).Inc()
	w.metrics.ticked.SetToCurrentTime()
}
