package console

import "github.com/prometheus/client_golang/prometheus"

// What came of an attempt to sign in.
const (
	outcomeOK          = "ok"
	outcomeWrong       = "wrong"
	outcomeLimited     = "limited"
	outcomeUnavailable = "unavailable"
)

// Metrics count who signs in.
type Metrics struct{ signIns *prometheus.CounterVec }

// NewMetrics registers the metrics; nil registers them nowhere.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "plusone_console_sign_ins_total",
		Help: "Attempts to sign in to the console, by what came of them.",
	}, []string{"outcome"})}
	for _, outcome := range []string{outcomeOK, outcomeWrong, outcomeLimited, outcomeUnavailable} {
		m.signIns.WithLabelValues(outcome)
	}
	if reg != nil {
		reg.MustRegister(m.signIns)
	}
	return m
}

func (m *Metrics) signIn(outcome string) { m.signIns.WithLabelValues(outcome).Inc() }
