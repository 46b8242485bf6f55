package api

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/money"
)

// The values of the label result of redemptions.
const (
	resultRedeemed     = "redeemed"
	resultReversed     = "reversed"
	resultReplayed     = "replayed"     // had been done before
	resultInsufficient = "insufficient" // there was less
	resultRefused      = "refused"      // it could not be meant, or not of this user
	resultFailed       = "failed"       // ours
)

// The values of the label result of exports.
const (
	resultComplete = "complete"
	resultBroken   = "broken" // the asker went away or stopped reading, or the database did
	resultBusy     = "busy"   // too many ran
)

// Metrics count what the API does beside answering.
type Metrics struct {
	redemptions, minor, exports, rows *prometheus.CounterVec
}

// NewMetrics registers the metrics; nil registers them nowhere.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		redemptions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plusone_redemptions_total",
			Help: "Requests to spend credit or to give it back, by what became of them.",
		}, []string{"result"}),
		minor: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plusone_redeemed_minor_units_total",
			Help: "Credit that was spent, and given back, in minor units of the currency.",
		}, []string{"kind", "currency"}),
		exports: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plusone_exports_total",
			Help: "Exports, by what is exported and how they ended.",
		}, []string{"of", "result"}),
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plusone_exported_rows_total",
			Help: "Rows that were handed out in exports, broken ones included.",
		}, []string{"of"}),
	}
	if reg != nil {
		reg.MustRegister(m.redemptions, m.minor, m.exports, m.rows)
	}
	// They are there from the beginning, so that a rate sees their first increase.
	for _, result := range []string{resultRedeemed, resultReversed, resultReplayed, resultInsufficient, resultRefused, resultFailed} {
		m.redemptions.WithLabelValues(result)
	}
	for _, of := range []string{ofReferrals, ofTransfers} {
		m.rows.WithLabelValues(of)
		for _, result := range []string{resultComplete, resultBroken, resultBusy} {
			m.exports.WithLabelValues(of, result)
		}
	}
	return m
}

// WithMetrics has the API count what it does.
func WithMetrics(m *Metrics) Option { return func(a *API) { a.spent = m } }

func (m *Metrics) redeemed(result string) { m.redemptions.WithLabelValues(result).Inc() }

func (m *Metrics) moved(kind ledger.Kind, amount money.Amount) {
	m.minor.WithLabelValues(string(kind), string(amount.Currency)).Add(float64(amount.Minor))
}
