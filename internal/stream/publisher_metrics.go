package stream

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// PublisherMetrics say how publishing in groups goes.
type PublisherMetrics struct {
	size    prometheus.Histogram
	seconds prometheus.Histogram
	splits  *prometheus.CounterVec
}

// NewPublisherMetrics registers the metrics; with a nil registerer they count for nobody. Made twice on one registerer,
// both count into the same metrics.
func NewPublisherMetrics(reg prometheus.Registerer) *PublisherMetrics {
	m := &PublisherMetrics{
		// Powers of two up to a full group.
		size: register(reg, prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "plusone_publish_group_messages", Help: "Messages in a group that the stream took as one.",
			Buckets: prometheus.ExponentialBuckets(2, 2, 8)})),
		// From two fsyncs of a fast disk to the timeout.
		seconds: register(reg, prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "plusone_publish_group_seconds", Help: "Time from sending a group to its acknowledgement.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}})),
		splits: register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plusone_publish_group_splits_total",
			Help: "Groups that the stream did not take as one, so that they were split: duplicate, disabled, refused."}, []string{"reason"})),
	}
	for _, reason := range []string{"duplicate", "disabled", "refused"} {
		m.splits.WithLabelValues(reason)
	}
	return m
}

func (m *PublisherMetrics) group(messages int, took time.Duration) {
	m.size.Observe(float64(messages))
	m.seconds.Observe(took.Seconds())
}

func (m *PublisherMetrics) split(reason string) { m.splits.WithLabelValues(reason).Inc() }
