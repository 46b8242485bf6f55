package ingress

import "github.com/prometheus/client_golang/prometheus"

// The values of the label source.
const (
	sourceStripe = "stripe"
	sourceEvents = "cloudevents"
)

// The values of the label result.
const (
	resultAccepted    = "accepted"    // the stream has it
	resultDropped     = "dropped"     // acknowledged and left out, on purpose
	resultRejected    = "rejected"    // the sender's fault
	resultUnavailable = "unavailable" // the stream's fault: the sender was told to come back
)

// The values of the label reason that alerts look at.
const (
	reasonUnavailable    = "stream-unavailable"
	reasonTimeout        = "stream-timeout"
	reasonOtherMode      = "other-mode"
	reasonWrongSignature = "wrong-signature"
	reasonTooOld         = "too-old"
	reasonInTheFuture    = "in-the-future"
	reasonUnauthorized   = "unauthorized"
)

// Routes are the patterns of what the handler serves, as its requests carry them.
var Routes = []string{routeStripe, routeEvents}

const (
	routeStripe = "/webhooks/stripe"
	routeEvents = "/v1/events"
)

type metrics struct {
	events  *prometheus.CounterVec
	request *prometheus.HistogramVec
	publish prometheus.Observer
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	// From a local acknowledgement to the time limit; Stripe itself gives up after about twenty seconds.
	buckets := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20}
	publish := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "plusone_ingress_publish_duration_seconds",
		Help: "How long the stream took to acknowledge an event, or to fail to.", Buckets: buckets,
	})
	m := &metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plusone_ingress_events_total",
			Help: "Events that came in over HTTP, by source, what became of them, and why. " +
				"A refused batch counts once: it has no events, as far as plusone knows.",
		}, []string{"source", "result", "reason"}),
		request: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "plusone_ingress_request_duration_seconds",
			Help: "How long a request took, from the end of its header to the answer.", Buckets: buckets,
		}, []string{"source"}),
		publish: publish,
	}
	for _, c := range []prometheus.Collector{m.events, m.request, publish} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	m.start()
	return m, nil
}

// start makes the series that alerts look at appear with zero, so that a rate over them sees their first increase.
func (m *metrics) start() {
	for _, source := range []string{sourceStripe, sourceEvents} {
		m.request.WithLabelValues(source)
		m.events.WithLabelValues(source, resultAccepted, "")
		m.events.WithLabelValues(source, resultUnavailable, reasonUnavailable)
		m.events.WithLabelValues(source, resultUnavailable, reasonTimeout)
	}
	m.events.WithLabelValues(sourceStripe, resultDropped, reasonOtherMode)
	for _, reason := range []string{reasonWrongSignature, reasonTooOld, reasonInTheFuture} {
		m.events.WithLabelValues(sourceStripe, resultRejected, reason)
	}
	m.events.WithLabelValues(sourceEvents, resultRejected, reasonUnauthorized)
}

func (m *metrics) count(source, result, reason string, events int) {
	m.events.WithLabelValues(source, result, reason).Add(float64(events))
}
