package worker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

func TestMetricsAreInOrder(t *testing.T) {
	eventSeries := 4 * (len(fact.Types()) + 1) // of each type that is read, and of all others together, four results
	w := newWorld(t, "")
	w.work()
	w.handle(story()...)
	problems, err := testutil.GatherAndLint(w.reg)
	w.must(err)
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	families, err := w.reg.Gather()
	w.must(err)
	for _, f := range families {
		if f.GetHelp() == "" {
			t.Errorf("%s has no help", f.GetName())
		}
		most := 48
		if f.GetName() == "plusone_worker_events_total" {
			most = eventSeries
		}
		if n := len(f.GetMetric()); n > most {
			t.Errorf("%s has %d series after a short story", f.GetName(), n)
		}
	}
	// What is there before anything happened, so that a rate sees the first increase.
	fresh := newWorld(t, "")
	for name, least := range map[string]int{
		"plusone_worker_transitions_total": 9, "plusone_worker_clock_ticks_total": 2, "plusone_worker_restarts_total": 1,
		"plusone_worker_relayed_events_total": 1, "plusone_worker_relay_failures_total": 1, "plusone_worker_conflicts_total": 4,
		"plusone_worker_events_total": eventSeries,
	} {
		n, err := testutil.GatherAndCount(fresh.reg, name)
		fresh.must(err)
		if n < least {
			t.Errorf("%s has %d series at the start, not %d", name, n, least)
		}
	}
}

// TestRewardsBeginWithZero in every currency that the terms name, so that the first reward is seen as an increase.
func TestRewardsBeginWithZero(t *testing.T) {
	w := newWorld(t, "name: default\nqualify:\n  minimum: {usd: \"1.00\", jpy: \"100\"}\nrewards:\n  - {to: referrer, fixed: {usd: \"1.00\", jpy: \"100\"}}\n")
	w.work()
	testkit.Eventually(t, patience, func() (bool, string) {
		n, err := testutil.GatherAndCount(w.reg, "plusone_worker_reward_minor_units_total")
		return n == 6 && err == nil, fmt.Sprintf("%d series, %v; want granted and revoked of usd and jpy, and of eur, of the first version", n, err)
	})
	w.wantMetrics(map[string]float64{"plusone_worker_reward_minor_units_total": 0})
}

// TestOutboxIsMeasuredWhileIdle looks at what another process left, with a relay that has nothing to do.
func TestOutboxIsMeasuredWhileIdle(t *testing.T) {
	w := newWorld(t, "")
	w.work()
	// Somebody else has the relay's lock, and does not come on.
	tx, err := w.pool.Begin(t.Context())
	w.must(err)
	_, err = tx.Exec(t.Context(), "select pg_advisory_xact_lock(7105872)")
	w.must(err)
	_, err = w.pool.Exec(t.Context(), "insert into outbox (made_at, count, events) values (now() - interval '1 hour', 0, '[]'), (now(), 0, '[]')")
	w.must(err)
	testkit.Eventually(t, patience, func() (bool, string) {
		return w.metric("plusone_outbox_rows") == 2 && w.metric("plusone_outbox_age_seconds") >= 3600, "not measured"
	})
	w.must(tx.Rollback(t.Context()))
	w.settle()
}

// TestLogs names the event and the referral, and nothing personal or secret.
func TestLogs(t *testing.T) {
	w := newWorld(t, "")
	w.work()
	w.handle(story()...)
	for m := range malformedMessages() {
		w.publish(m)
	}
	broken := session(7, "bob", 1000, noon)
	broken.body = strings.Replace(broken.body, `"amount_total": 1000`, `"amount_total": "bob@example.com"`, 1)
	w.handle(broken)
	w.limit(stream.Out, 1)
	w.handle() // and what follows can not be told
	w.publish(newCharge("charge.refunded", 1, 1000, 1000, noon), session(8, "carol", 2000, noon))
	w.answered()
	testkit.Eventually(t, patience, func() (bool, string) {
		return strings.Contains(w.log.text(), "relaying the outbox fails"), w.log.text()
	})
	w.line("referral moved", `"referral":`, `"from":"rewarded"`, `"to":"cancelled"`, `"reason":"refunded"`, `"event":"evt_`)
	w.line("event applied", `"event":"evt_session_1"`, `"type":"checkout.session.completed"`)
	w.line("a message can not be understood", `"event":"evt_session_7"`, `"subject":"plusone.in.stripe.checkout.session.completed"`)
	text := w.log.text()
	for _, secret := range []string{"@example.com", "hash key", "203.0.113.7", "device-of", "Mx bob", "postgres://", "C-ALICE"} {
		if strings.Contains(text, secret) {
			at := strings.Index(text, secret)
			t.Errorf("the log contains %q: …%s…", secret, text[max(0, at-200):at+len(secret)])
		}
	}
}

// TestCreditsAreCounted where the program credits purchases, from zero on.
func TestCreditsAreCounted(t *testing.T) {
	w := newWorld(t, "name: default\nqualify:\n  minimum: {usd: \"1.00\"}\nrewards:\n  - {to: referrer, fixed: {usd: \"1.00\"}}\ncredit_purchases: true\n")
	w.work()
	testkit.Eventually(t, patience, func() (bool, string) {
		n, err := testutil.GatherAndCount(w.reg, "plusone_worker_credit_minor_units_total")
		return n == 2 && err == nil, fmt.Sprintf("%d series, %v; want credited and debited of usd", n, err)
	})
	w.wantMetrics(map[string]float64{"plusone_worker_credit_minor_units_total": 0})
	for _, m := range []message{
		session(1, "bob", 1000, noon), signUp("bob", "", noon), oldCharge("charge.succeeded", 1, 1000, 0, noon),
	} {
		w.handle(m)
	}
	testkit.Eventually(t, patience, func() (bool, string) { // by the clock: the sign-up came late
		got := w.metric("plusone_worker_credit_minor_units_total kind=credited currency=usd")
		return got == 1000, fmt.Sprintf("credited were %g", got)
	})
	w.handle(oldCharge("charge.refunded", 1, 1000, 300, noon))
	w.wantMetrics(map[string]float64{
		"plusone_worker_credit_minor_units_total kind=credited currency=usd": 1000,
		"plusone_worker_credit_minor_units_total kind=debited currency=usd":  300,
	})
	w.lawful()
}
