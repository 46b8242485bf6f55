package worker

import (
	"context"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/plusone-dev/plusone/internal/store"
)

// unplacedEach is how often it is counted what can not be placed.
const unplacedEach = time.Minute

// newUnplaced makes the gauge of what can not be placed, with a series for each kind.
func newUnplaced(reg prometheus.Registerer) *prometheus.GaugeVec {
	g := promauto.With(reg).NewGaugeVec(prometheus.GaugeOpts{
		Name: "plusone_unplaced",
		Help: "Facts that wait for another one, by kind: payment (of nobody who is known), refund and dispute (of a purchase " +
			"nobody has told of), sign_up and attribution (with a code that nobody has). Counted about every minute, and no " +
			"further than to 10000: refunds and disputes together, attributions among the first 10000. NaN when the database " +
			"cannot be asked.",
	}, []string{"kind"})
	for _, kind := range store.UnplacedKinds() {
		g.WithLabelValues(string(kind)).Set(math.NaN())
	}
	return g
}

// measureUnplaced shows NaN for what cannot be measured, never the last good value.
func (w *Worker) measureUnplaced(ctx context.Context) {
	counts, err := w.store.CountUnplaced(ctx)
	for _, kind := range store.UnplacedKinds() {
		n := math.NaN()
		if err == nil {
			n = float64(counts[kind])
		}
		w.metrics.unplaced.WithLabelValues(string(kind)).Set(n)
	}
	waiting, err := w.store.CountWaiting(ctx)
	reviews, backlog := float64(waiting.Reviews), float64(waiting.Backlog)
	if err != nil {
		reviews, backlog = math.NaN(), math.NaN()
	}
	w.metrics.reviews.Set(reviews)
	w.metrics.backlog.Set(backlog)
}
