package api

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/plusone-dev/plusone/internal/usertoken"
)

// The values of the label outcome, and of the label by.
const (
	outcomeValid    = "valid"
	outcomeUnknown  = "unknown"
	outcomeUsedUp   = "used-up"
	outcomeOwn      = "own"
	outcomeLimited  = "limited"
	limitedByClient = "address"
	limitedByUser   = "user"
)

// UserMetrics count what users ask. No label says who.
type UserMetrics struct {
	validations *prometheus.CounterVec
	limited     *prometheus.CounterVec
	refused     *prometheus.CounterVec
}

// NewUserMetrics registers the metrics; nil registers them nowhere.
func NewUserMetrics(reg prometheus.Registerer) *UserMetrics {
	m := &UserMetrics{
		validations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plusone_code_validations_total",
			Help: "Codes that somebody wanted validated, by what they were told.",
		}, []string{"outcome"}),
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plusone_rate_limited_total",
			Help: "Requests of users and visitors that came too often, by route and by what they were counted by.",
		}, []string{"route", "by"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plusone_user_tokens_refused_total",
			Help: "Users' tokens that did not count, by reason.",
		}, []string{"reason"}),
	}
	if reg != nil {
		reg.MustRegister(m.validations, m.limited, m.refused)
	}
	// They are there from the beginning, so that a rate sees their first increase.
	for _, outcome := range []string{outcomeValid, outcomeUnknown, outcomeUsedUp, outcomeOwn, outcomeLimited} {
		m.validations.WithLabelValues(outcome)
	}
	m.limited.WithLabelValues(routeValidate, limitedByClient)
	m.limited.WithLabelValues(routeValidate, limitedByUser)
	m.limited.WithLabelValues(routeOwnCode, limitedByUser)
	for _, reason := range usertoken.Reasons {
		m.refused.WithLabelValues(reason)
	}
	return m
}
