package stream

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Verdicts on a message, as the metrics name them.
const (
	verdictAcked  = "acked"
	verdictNakked = "nakked" // after an error, or handed back unworked
	verdictDead   = "dead"
)

// Classes of dead letters, as the metrics name them: few, whatever the reasons say.
const (
	classRejected = "rejected" // the handler said never
	classFault    = "fault"    // failed too often
	classPanic    = "panic"    // the handler panicked too often
)

// Metrics of the batch loop, for any number of consumers in a process (label consumer).
type Metrics struct {
	batchSize     *prometheus.HistogramVec
	batchSeconds  *prometheus.HistogramVec
	messages      *prometheus.CounterVec
	redeliveries  *prometheus.CounterVec
	bisections    *prometheus.CounterVec
	deadLetters   *prometheus.CounterVec
	interruptions *prometheus.CounterVec
	pauses        *prometheus.CounterVec
	paused        *prometheus.GaugeVec
	lagMessages   *prometheus.GaugeVec
	lagAge        *prometheus.GaugeVec
}

// NewMetrics registers the metrics; with a nil registerer they count for nobody. Made twice on one registerer, both
// count into the same metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "plusone", Subsystem: "stream", Name: name, Help: help}, append([]string{"consumer"}, labels...)))
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return register(reg, prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "plusone", Subsystem: "stream", Name: name, Help: help}, []string{"consumer"}))
	}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		return register(reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "plusone", Subsystem: "stream", Name: name, Help: help, Buckets: buckets}, []string{"consumer"}))
	}
	return &Metrics{
		// Powers of two up to the greatest batch: 1 is an idle worker, 256 one that is behind.
		batchSize: histogram("batch_messages", "Messages in a batch.", prometheus.ExponentialBuckets(1, 2, 9)),
		// From one event on a quiet machine (below 1 ms) over a full batch (some 15 to 40 ms) to AckWait (30 s).
		batchSeconds: histogram("batch_seconds", "Time from taking a batch to its verdicts.",
			[]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}),
		messages:      counter("messages_total", "Messages by verdict: acked, nakked, dead.", "verdict"),
		redeliveries:  counter("redeliveries_total", "Messages that had been delivered before."),
		bisections:    counter("bisections_total", "Batches split in search of the message that makes them fail."),
		deadLetters:   counter("dead_letters_total", "Dead letters stored, by class: rejected, fault, panic.", "class"),
		interruptions: counter("interruptions_total", "Times that pulling broke off and was begun anew."),
		pauses:        counter("pauses_total", "Times that pulling paused because what the handler needs was away."),
		paused:        gauge("paused", "1 while pulling is paused."),
		lagMessages:   gauge("lag_messages", "Messages of the consumer that are not acknowledged yet. NaN when it cannot be asked."),
		lagAge:        gauge("lag_age_seconds", "Age of the oldest message that is not acknowledged yet. NaN when it cannot be asked."),
	}
}

// start makes the series of a consumer appear with zero, so that a rate over them sees their first increase.
func (m *Metrics) start(consumer string) {
	for _, v := range []string{verdictAcked, verdictNakked, verdictDead} {
		m.messages.WithLabelValues(consumer, v)
	}
	for _, c := range []string{classRejected, classFault, classPanic} {
		m.deadLetters.WithLabelValues(consumer, c)
	}
	for _, c := range []*prometheus.CounterVec{m.redeliveries, m.bisections, m.interruptions, m.pauses} {
		c.WithLabelValues(consumer)
	}
	m.batchSize.WithLabelValues(consumer)
	m.batchSeconds.WithLabelValues(consumer)
	m.paused.WithLabelValues(consumer).Set(0)
}

func register[C prometheus.Collector](reg prometheus.Registerer, c C) C {
	if reg == nil {
		return c
	}
	err := reg.Register(c)
	if err == nil {
		return c
	}
	var known prometheus.AlreadyRegisteredError
	if errors.As(err, &known) {
		if existing, ok := known.ExistingCollector.(C); ok {
			return existing
		}
	}
	panic(err) // two metrics of one name: a mistake in this file
}
