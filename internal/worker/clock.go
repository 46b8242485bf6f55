package worker

import (
	"context"
	"sync"
	"time"

	"github.com/plusone-dev/plusone/internal/store"
)

// tickPage is how many due referrals, or purchases to be credited, are looked at in one transaction.
const tickPage = 256

// The values of the label result.
const (
	tickDone   = "done"
	tickFailed = "failed"
)

// RunClock ends holds and windows that are due, and credits what was bought before a sign-up, every so often, until the
// context ends.
func (w *Worker) RunClock(ctx context.Context, every time.Duration) error {
	var counting sync.WaitGroup
	counting.Go(func() { repeat(ctx, unplacedEach, w.measureUnplaced) })
	defer counting.Wait()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	fault := &outage{log: w.log, what: "looking for holds and windows that are due"}
	var asked time.Time // about the currencies
	for {
		if w.tick(ctx, fault) && time.Since(asked) > currenciesEach && w.expectCurrencies(ctx) {
			asked = time.Now()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// currenciesEach is how often the clock looks whether the terms reward in currencies that are new.
const currenciesEach = time.Minute

// expectCurrencies has the counters of rewards and credits begin with zero. It says whether it could.
func (w *Worker) expectCurrencies(ctx context.Context) bool {
	rewards, errRewards := w.store.RewardCurrencies(ctx)
	credits, errCredits := w.store.CreditCurrencies(ctx)
	w.metrics.expect(rewards, credits)
	return errRewards == nil && errCredits == nil
}

// tick looks once, and says whether it could. What fails is due again at the next tick.
func (w *Worker) tick(ctx context.Context, fault *outage) bool {
	r, err := w.store.Tick(ctx, tickPage)
	w.tell(ctx, r)
	w.metrics.restarts.Add(float64(r.Restarts))
	if err != nil {
		if kind, ok := store.Conflict(err); ok {
			w.metrics.conflicts.WithLabelValues(kind).Inc()
		}
		if ctx.Err() == nil {
			w.metrics.ticks.WithLabelValues(tickFailed).Inc()
			fault.note(ctx, err)
		}
		return false
	}
	fault.note(ctx, nil)
	w.metrics.ticks.WithLabelValues(tickDone).Inc()
	w.metrics.ticked.SetToCurrentTime()
	return true
}
