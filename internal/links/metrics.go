package links

import (
	"github.com/prometheus/client_golang/prometheus"
)

// What a visit may count as.
const (
	outcomeCounted     = "counted"     // the stream has it
	outcomeCrawler     = "crawler"     // a program
	outcomePrefetched  = "prefetched"  // a browser, before anybody asked it to
	outcomeEmbedded    = "embedded"    // a picture or a frame of another page
	outcomeUnknown     = "unknown"     // a code that nobody has
	outcomeLimited     = "limited"     // too many from one address
	outcomeUnavailable = "unavailable" // the database did not answer
	outcomeDropped     = "dropped"     // no room to keep it until the stream takes it
)

var outcomes = []string{
	outcomeCounted, outcomeCrawler, outcomePrefetched, outcomeEmbedded, outcomeUnknown, outcomeLimited, outcomeUnavailable, outcomeDropped,
}

// Metrics count visits.
type Metrics struct {
	visits  *prometheus.CounterVec
	waiting prometheus.Gauge
}

// NewMetrics registers the metrics; with a nil registerer they count for nobody.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		visits: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plusone_link_visits_total", Help: "Requests of links, by what became of the visit.",
		}, []string{"outcome"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "plusone_link_visits_waiting", Help: "Visits that wait in memory for the stream to take them.",
		}),
	}
	if reg != nil {
		reg.MustRegister(m.visits, m.waiting)
	}
	for _, outcome := range outcomes {
		m.visits.WithLabelValues(outcome)
	}
	return m
}

func (m *Metrics) note(outcome string) { m.visits.WithLabelValues(outcome).Inc() }
