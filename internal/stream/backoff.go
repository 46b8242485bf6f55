package stream

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff is a wait that doubles from Min to Max.
type Backoff struct {
	Min, Max time.Duration
}

// Delay is the wait after n earlier ones. It is spread over the upper half of its value, so that workers which failed
// together do not come back together.
func (b Backoff) Delay(n int) time.Duration {
	d := b.Min
	for ; n > 0 && d < b.Max; n-- {
		d *= 2
	}
	d = min(d, b.Max)
	return d - rand.N(d/2+1) //nolint:gosec // nobody gains by guessing it
}

func (b Backoff) or(def Backoff) Backoff {
	if b.Min <= 0 {
		b.Min = def.Min
	}
	if b.Max <= 0 {
		b.Max = def.Max
	}
	b.Max = max(b.Min, b.Max)
	return b
}

// sleep waits, and says whether it could wait to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
