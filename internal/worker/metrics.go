package worker

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

// metrics of a worker. Labels have a bounded set of values: nothing that a stranger can make up.
type metrics struct {
	events        *prometheus.CounterVec
	seconds       prometheus.Histogram
	restarts      prometheus.Counter
	conflicts     *prometheus.CounterVec
	transitions   *prometheus.CounterVec
	credits       *prometheus.CounterVec
	rewards       *prometheus.CounterVec
	taken         prometheus.Counter
	reviews       prometheus.Gauge
	backlog       prometheus.Gauge
	ticks         *prometheus.CounterVec
	ticked        prometheus.Gauge
	relayed       prometheus.Counter
	relayFailures prometheus.Counter
	outboxRows    prometheus.Gauge
	outboxAge     prometheus.Gauge
	unplaced      *prometheus.GaugeVec
	folded        prometheus.Counter
	foldFailures  prometheus.Counter
	tallyRows     prometheus.Gauge
	tallyAge      prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Name: "plusone_worker_" + name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Name: "plusone_worker_" + name, Help: help}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	m := &metrics{
		events: counters("events_total", "Events by type and what became of them: recorded, duplicate, ignored, malformed.", "type", "result"),
		seconds: f.NewHistogram(prometheus.HistogramOpts{
			Name: "plusone_worker_transaction_seconds",
			Help: "Duration of a batch's transaction.",
			// A batch of one takes about 2 ms, one of 256 about 15 ms; beyond a second something is wrong.
			Buckets: []float64{.001, .002, .004, .008, .016, .032, .064, .128, .25, .5, 1, 2, 5, 15},
		}),
		restarts:      counter("restarts_total", "Transactions begun anew because the set of rows to lock had grown."),
		conflicts:     counters("conflicts_total", "Transactions that failed because of others at the same time, by kind.", "kind"),
		transitions:   counters("transitions_total", "Moves of referrals, by where to and why.", "to", "reason"),
		credits:       counters("credit_minor_units_total", "Net purchases credited to their buyers and debited, in minor units of the currency.", "kind", "currency"),
		rewards:       counters("reward_minor_units_total", "Rewards granted and revoked, in minor units of the currency.", "kind", "currency"),
		reviews:       gauge("plusone_reviews_open", "Referrals that await a person's decision. Counted about every minute, and no further than to 10000. NaN when the database cannot be asked."),
		backlog:       gauge("plusone_credit_backlog", "Buyers who signed up after they had bought, and whose earlier purchases have still to be credited. Counted as plusone_reviews_open."),
		taken:         counter("codes_taken_total", "Codes that the business wanted for somebody and that somebody else has. The events name them in the log."),
		ticks:         counters("clock_ticks_total", "How often the clock looked for holds and windows that are due.", "result"),
		ticked:        gauge("plusone_worker_clock_last_tick_timestamp_seconds", "When the clock last looked successfully."),
		relayed:       counter("relayed_events_total", "Events relayed from the outbox to the stream."),
		relayFailures: counter("relay_failures_total", "Attempts to relay the outbox that failed."),
		outboxRows:    gauge("plusone_outbox_rows", "Rows that wait in the outbox; each holds the events of one transaction. NaN when the database cannot be asked."),
		outboxAge:     gauge("plusone_outbox_age_seconds", "How long the oldest row has waited in the outbox. NaN when the database cannot be asked."),
		unplaced:      newUnplaced(reg),
		folded:        counter("folded_rows_total", "Rows of the tallies' queue that were folded into the tallies; each holds what one transaction changed."),
		foldFailures:  counter("fold_failures_total", "Attempts to fold the tallies that failed."),
		tallyRows:     gauge("plusone_tally_rows", "Rows that wait to be folded into the tallies. NaN when the database cannot be asked."),
		tallyAge:      gauge("plusone_tally_age_seconds", "How long the oldest row has waited to be folded. NaN when the database cannot be asked."),
	}
	m.start()
	return m
}

// start makes series appear with zero, so that a rate over them sees their first increase.
func (m *metrics) start() {
	for _, move := range referral.Moves() {
		m.transitions.WithLabelValues(string(move.To), string(move.Reason))
	}
	for _, result := range []string{tickDone, tickFailed} {
		m.ticks.WithLabelValues(result)
	}
	for _, kind := range store.Conflicts() {
		m.conflicts.WithLabelValues(kind)
	}
	for _, kind := range append(fact.Types(), otherType) {
		for _, result := range []string{resultRecorded, resultDuplicate, resultIgnored, resultMalformed} {
			m.events.WithLabelValues(kind, result)
		}
	}
}

// expect makes the series of the currencies appear that the terms reward in, and credit purchases in.
func (m *metrics) expect(rewards, credits []money.Currency) {
	for _, c := range rewards {
		for _, kind := range []ledger.Kind{ledger.Granted, ledger.Revoked} {
			m.rewards.WithLabelValues(string(kind), string(c))
		}
	}
	for _, c := range credits {
		for _, kind := range []ledger.Kind{ledger.Credited, ledger.Debited} {
			m.credits.WithLabelValues(string(kind), string(c))
		}
	}
}

// The values of the label result.
const (
	resultRecorded  = "recorded"
	resultDuplicate = "duplicate"
	resultIgnored   = "ignored"
	resultMalformed = "malformed"
)

// batch counts what became of the events of one batch. An event that stands in it twice is recorded once.
func (m *metrics) batch(s sifted, r store.Result) {
	here := make(map[string]bool, len(s.events))
	for _, e := range s.events {
		result := resultRecorded
		if r.Seen[e.Key] || here[e.Key] {
			result = resultDuplicate
		}
		here[e.Key] = true
		m.events.WithLabelValues(label(e.Type), result).Inc()
	}
	for _, kind := range s.ignored {
		m.events.WithLabelValues(label(kind), resultIgnored).Inc()
	}
	for _, bad := range s.malformed {
		m.events.WithLabelValues(label(bad.event.Type), resultMalformed).Inc()
	}
}

func (m *metrics) verdicts(r store.Result) {
	for _, t := range r.Transitions {
		m.transitions.WithLabelValues(string(t.Move.To), string(t.Move.Reason)).Inc()
	}
	for _, t := range r.Transfers {
		m.rewards.WithLabelValues(string(t.Kind), string(t.Amount.Currency)).Add(float64(t.Amount.Minor))
	}
	for _, t := range r.Credits { // in Stripe's currencies only
		m.credits.WithLabelValues(string(t.Kind), string(t.Amount.Currency)).Add(float64(t.Amount.Minor))
	}
}

// otherType is the label of every type that is not read.
const otherType = "other"

// label is an event's type, where it is one that is read; everything else is one label.
func label(kind string) string {
	if fact.Reads(kind) {
		return kind
	}
	return otherType
}
