package worker

import (
	"context"
	"math"
	"sync"
	"time"
)

// foldRows is how many rows of the tallies' queue are folded at a time. A row holds what one transaction changed.
const foldRows = 64

// foldRest is how long the fold rests after it found nothing more: what changes meanwhile is added together, and the row of a
// day, which every batch changes, is written once for all of them.
const foldRest = 100 * time.Millisecond

// RunFold adds what transactions changed to the tallies until the context ends: soon after this process changed something,
// and every so often what others left.
func (w *Worker) RunFold(ctx context.Context, every time.Duration) error {
	var measuring sync.WaitGroup
	measuring.Go(func() { repeat(ctx, measureEach*every, w.measureTallies) })
	defer measuring.Wait()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	fault := &outage{log: w.log, what: "folding the tallies"}
	for {
		tallied := w.tallied
		if !w.fold(ctx, fault) {
			tallied = nil // batches that go on being committed are no reason to try again at once
		}
		if !pause(ctx, min(foldRest, every)) {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tallied:
		case <-ticker.C:
		}
	}
}

// fold folds until nothing is left. It says no when something failed: then a later turn goes on.
func (w *Worker) fold(ctx context.Context, fault *outage) bool {
	for ctx.Err() == nil {
		rows, err := w.store.FoldTallies(ctx, foldRows)
		if err != nil {
			if ctx.Err() == nil {
				w.metrics.foldFailures.Inc()
				fault.note(ctx, err)
			}
			return false
		}
		fault.note(ctx, nil)
		w.metrics.folded.Add(float64(rows))
		if rows < foldRows {
			break
		}
	}
	return true
}

// measureTallies shows NaN for what cannot be measured, never the last good value.
func (w *Worker) measureTallies(ctx context.Context) {
	rows, age, err := w.store.TallyLag(ctx)
	if err != nil {
		w.metrics.tallyRows.Set(math.NaN())
		w.metrics.tallyAge.Set(math.NaN())
		return
	}
	w.metrics.tallyRows.Set(float64(rows))
	w.metrics.tallyAge.Set(age.Seconds())
}

// wake rouses what waits for a word, unless the word has been given already.
func wake(waiting chan<- struct{}) {
	select {
	case waiting <- struct{}{}:
	default:
	}
}

// repeat does something at once and then every so often, until the context ends.
func repeat(ctx context.Context, every time.Duration, do func(context.Context)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		do(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// pause says whether it could rest for that long.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
