package stream

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// pause is the state that all batch loops of a process share: whether what they need is away. The loop that notices
// asks for it; the puller stops pulling, waits until Ready says yes, and ends it.
type pause struct {
	on     atomic.Bool
	streak atomic.Int64 // pauses in a row without a batch that succeeded
	asked  chan struct{}
}

func newPause() *pause { return &pause{asked: make(chan struct{}, 1)} }

// ask begins a pause and says whether it is a new one.
func (p *pause) ask() bool {
	if !p.on.CompareAndSwap(false, true) {
		return false
	}
	p.streak.Add(1)
	select {
	case p.asked <- struct{}{}:
	default: // a word of an earlier pause is still there, and serves
	}
	return true
}

func (p *pause) end() {
	select {
	case <-p.asked:
	default:
	}
	p.on.Store(false)
}

// worked notes that a batch succeeded: the next trouble is a new one.
func (p *pause) worked() {
	if !p.on.Load() && p.streak.Load() != 0 {
		p.streak.Store(0)
	}
}

// before is how many pauses in a row came before this one.
func (p *pause) before() int { return max(0, int(p.streak.Load())-1) }

// awaitReady asks Ready with growing waits until it says yes; an answer may take as long as the longest wait. The first
// wait grows with the streak: when Ready says yes and batches fail nevertheless, pulling must not spin.
func awaitReady(ctx context.Context, o Options, p *pause) {
	began := time.Now()
	for n := p.before(); ; n++ {
		if !sleep(ctx, o.ReadyWait.Delay(n)) {
			return
		}
		err := askReady(ctx, o)
		if err == nil {
			o.Logger.LogAttrs(ctx, slog.LevelInfo, "pulling goes on", slog.Duration("paused", time.Since(began)))
			return
		}
		o.Logger.LogAttrs(ctx, slog.LevelWarn, "not ready to pull", slog.Any("error", err), slog.Duration("paused", time.Since(began)))
	}
}

func askReady(ctx context.Context, o Options) error {
	ctx, cancel := context.WithTimeout(ctx, o.ReadyWait.Max)
	defer cancel()
	return o.Ready(ctx)
}
