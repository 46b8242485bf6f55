package decide

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/plusone-dev/plusone/internal/fact"
)

// The values of the label result.
const (
	resultPublished   = "published"   // the stream has it
	resultRefused     = "refused"     // it could not be read
	resultUnavailable = "unavailable" // the stream did not acknowledge it
)

// Metrics count what is decided.
type Metrics struct{ decisions *prometheus.CounterVec }

// NewMetrics registers the metrics; nil registers them nowhere.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "plusone_decisions_total",
		Help: "What people decided about referrals, users and codes, by the event's type and what became of it.",
	}, []string{"type", "result"})}
	if reg != nil {
		reg.MustRegister(m.decisions)
	}
	// They are there from the beginning, so that a rate sees their first increase.
	for _, typ := range []string{
		fact.ReferralReviewed, fact.ReferralReopened, fact.ReferralAttributed, fact.UserVerified, fact.UserErased, fact.CodeAssigned,
	} {
		for _, result := range []string{resultPublished, resultRefused, resultUnavailable} {
			m.decisions.WithLabelValues(typ, result)
		}
	}
	return m
}

func (m *Metrics) count(typ, result string) { m.decisions.WithLabelValues(typ, result).Inc() }
