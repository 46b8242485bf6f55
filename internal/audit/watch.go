package audit

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/plusone-dev/plusone/internal/store"
)

// Watch audits a database over and over, and shows the verdicts as metrics and in the log.
type Watch struct {
	log     *slog.Logger
	audit   func(ctx context.Context, progress func(rows int)) (Report, error)
	metrics *watchMetrics
}

// NewWatch makes one. The log is told which checks found something, and how often, but not the example: that may name a
// person. `plusone audit` shows it to whoever asks.
func NewWatch(db *store.Database, reg prometheus.Registerer, log *slog.Logger) *Watch {
	return &Watch{log: log, metrics: newWatchMetrics(reg), audit: func(ctx context.Context, progress func(rows int)) (Report, error) {
		return Run(ctx, db, progress)
	}}
}

// againAfter is when an audit that failed is tried again, where the next one is not due before.
const againAfter = time.Minute

// Run audits at once, and then every so often from the end of one audit to the beginning of the next, until the context
// ends. A law that is broken does not end it, and neither does a database that is away: that is tried again after a
// minute.
func (w *Watch) Run(ctx context.Context, every time.Duration) error {
	w.metrics.interval.Set(every.Seconds())
	for {
		wait := every
		if !w.once(ctx) {
			wait = min(every, againAfter)
		}
		if !sleep(ctx, wait) {
			return nil
		}
	}
}

// once says whether the audit came to a verdict.
func (w *Watch) once(ctx context.Context) bool {
	began := time.Now()
	report, err := w.audit(ctx, considerate(ctx))
	took := time.Since(began)
	if err != nil {
		if ctx.Err() == nil {
			w.metrics.runs.WithLabelValues(resultFailed).Inc()
			w.log.ErrorContext(ctx, "the audit came to no verdict; it is tried again", "error", err, "seconds", took.Seconds())
		}
		return false
	}
	w.metrics.show(report, took)
	for _, l := range report.Lines {
		if l.Broken > 0 {
			w.log.ErrorContext(ctx, "a law is broken: `plusone audit` gives an example", "law", l.Law, "name", Laws[l.Law-1].Name,
				"check", l.Check, "must_be", l.Text, "broken", l.Broken)
		}
	}
	w.log.InfoContext(ctx, "the audit is done", "held", report.Held, "rows", report.Rows, "seconds", took.Seconds())
	return true
}

// longestRest bounds the rest after a page: one that waited for a busy database need not be waited for as long again.
const longestRest = time.Second

// considerate is a progress that rests after each page for as long as the page took: what goes on all day takes no more
// than half of one of the database's processors, and holds no snapshot while it rests.
func considerate(ctx context.Context) func(int) {
	began := time.Now()
	return func(int) {
		sleep(ctx, min(time.Since(began), longestRest))
		began = time.Now()
	}
}

// sleep says whether it could sleep for that long.
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

// The values of the label result.
const (
	resultHeld   = "held"
	resultBroken = "broken"
	resultFailed = "failed" // no verdict
)

// watchMetrics of the audits of one process.
type watchMetrics struct {
	violations *prometheus.GaugeVec
	success    prometheus.Gauge
	duration   prometheus.Gauge
	rows       prometheus.Gauge
	interval   prometheus.Gauge
	runs       *prometheus.CounterVec
}

func newWatchMetrics(reg prometheus.Registerer) *watchMetrics {
	f := promauto.With(reg)
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Namespace: "plusone", Subsystem: "audit", Name: name, Help: help})
	}
	m := &watchMetrics{
		violations: f.NewGaugeVec(prometheus.GaugeOpts{Namespace: "plusone", Subsystem: "audit", Name: "violations",
			Help: "How often the last audit found a law broken, by law and check. There is none until an audit came to a verdict."},
			[]string{"law", "check"}),
		success:  gauge("last_success_timestamp_seconds", "When an audit last came to a verdict, good or bad. 0 before the first."),
		duration: gauge("duration_seconds", "How long the last audit took that came to a verdict, its rests included. 0 before the first."),
		rows:     gauge("rows", "Payments and referrals that the last audit decided anew. 0 before the first."),
		interval: gauge("interval_seconds", "How long the pause between two audits is."),
		runs: f.NewCounterVec(prometheus.CounterOpts{Namespace: "plusone", Subsystem: "audit", Name: "runs_total",
			Help: "Audits by result: held, broken, failed (no verdict)."}, []string{"result"}),
	}
	for _, result := range []string{resultHeld, resultBroken, resultFailed} {
		m.runs.WithLabelValues(result)
	}
	return m
}

func (m *watchMetrics) show(r Report, took time.Duration) {
	result := resultHeld
	if !r.Held {
		result = resultBroken
	}
	for _, l := range r.Lines {
		m.violations.WithLabelValues(strconv.Itoa(l.Law), l.Check).Set(float64(l.Broken))
	}
	m.runs.WithLabelValues(result).Inc()
	m.rows.Set(float64(r.Rows))
	m.duration.Set(took.Seconds())
	m.success.SetToCurrentTime()
}
