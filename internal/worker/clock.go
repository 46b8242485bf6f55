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
	for {
		w.tick(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// tick looks once. What fails is due again at the next tick.
func (w *Worker) tick(ctx context.Context) {
	r, err := w.store.Tick(ctx, tickPage)
	w.tell(ctx, r)
	w.metrics.restarts.Add(float64(r.Restarts))
	if err != nil {
		if ctx.Err() == nil {
			w.metrics.ticks.WithLabelValues(tickFailed).Inc()
			w.log.WarnContext(ctx, "the clock could not look for holds and windows that are due; it tries again", "error", err)
		}
		return
	}
	w.metrics.ticks.WithLabelValues(tickDone).Inc()
	w.metrics.ticked.SetToCurrentTime()
}
