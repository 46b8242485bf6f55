package worker

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/plusone-dev/plusone/docs/events"
	"github.com/plusone-dev/plusone/internal/stream"
)

func TestTheStory(t *testing.T) {
	w := newWorld(t, "")
	w.work()
	for _, m := range story() {
		w.handle(m)
	}
	if diff := cmp.Diff(storyOutcome, w.outcome()); diff != "" {
		t.Error(diff)
	}
	w.lawful()
	w.toldOnce()
	if dead := w.stored(stream.Dead); len(dead) > 0 {
		t.Errorf("%d dead letters: %v", len(dead), dead[0].Header)
	}
	w.wantMetrics(map[string]float64{
		"plusone_worker_events_total type=user.registered result=recorded":            4,
		"plusone_worker_events_total type=checkout.session.completed result=recorded": 3,
		"plusone_worker_events_total type=charge.succeeded result=recorded":           2,
		"plusone_worker_events_total type=refund.updated result=recorded":             1,
		"plusone_worker_events_total":                                                 12,
		"plusone_worker_transitions_total to=pending":                                 3,
		"plusone_worker_transitions_total to=qualified":                               2,
		"plusone_worker_transitions_total to=rewarded":                                2,
		"plusone_worker_transitions_total to=cancelled reason=refunded":               1,
		"plusone_worker_transitions_total to=cancelled":                               1,
		"plusone_worker_reward_minor_units_total kind=granted currency=usd":           4000,
		"plusone_worker_reward_minor_units_total kind=revoked currency=usd":           2000,
		"plusone_worker_relayed_events_total":                                         14,
		"plusone_worker_relay_failures_total":                                         0,
		"plusone_stream_dead_letters_total":                                           0,
		"plusone_stream_messages_total verdict=acked":                                 12,
		"plusone_worker_transaction_seconds":                                          12,
		"plusone_worker_clock_ticks_total result=failed":                              0,
	})
	if w.metric("plusone_worker_clock_ticks_total result=done") == 0 || w.metric("plusone_worker_clock_last_tick_timestamp_seconds") == 0 {
		t.Error("the clock was not counted")
	}
}

// toldOnce holds PLUSONE_OUT against the log and the ledger: one event for each transition and each transfer, each under
// an id of its own, on the subject of its type, and valid by its schema.
func (w *world) toldOnce() {
	w.t.Helper()
	want := make(map[string]string) // id → subject and what it must say
	w.rows(`select r.id, t.n, t.to_status, coalesce(t.reason, ''), u.external_id, t.cause
		from transitions t join referrals r on r.id = t.referral_id join users u on u.id = r.referee_id`, func(scan func(...any) error) error {
		var referral, n int64
		var to, reason, referee, cause string
		err := scan(&referral, &n, &to, &reason, &referee, &cause)
		want[fmt.Sprintf("transition-%d-%d", referral, n)] = strings.Join([]string{"plusone.out.referral." + to, reason, referee, cause}, "|")
		return err
	})
	w.rows(`select t.referral_id, t.n, t.kind, t.leg, u.external_id, t.cause, t.minor
		from transfers t join users u on u.id = case t.kind when 'granted' then t.credit else t.debit end`, func(scan func(...any) error) error {
		var referral, n, minor int64
		var kind, leg, user, cause string
		err := scan(&referral, &n, &kind, &leg, &user, &cause, &minor)
		want[fmt.Sprintf("transfer-%d-%d", referral, n)] = strings.Join([]string{"plusone.out.reward." + kind, leg, user, cause, fmt.Sprint(minor)}, "|")
		return err
	})
	got := make(map[string]string)
	for _, m := range w.stored(stream.Out) {
		id, said := w.read(m)
		if got[id] != "" {
			w.t.Errorf("%s was told twice", id)
		}
		got[id] = said
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("what was told (+) is not what happened (-):\n%s", diff)
	}
}

// read validates an outbound event and says what it is about.
func (w *world) read(m *jetstream.RawStreamMsg) (id, said string) {
	w.t.Helper()
	var e struct {
		ID      string `json:"id"`
		Type    string `json:"type"`
		Subject string `json:"subject"`
		Data    struct {
			Referral string       `json:"referral_id"`
			Reason   *string      `json:"reason"`
			Referee  string       `json:"referee"`
			To       string       `json:"to"`
			User     string       `json:"user_id"`
			Cause    string       `json:"cause"`
			Minor    *json.Number `json:"minor"`
		} `json:"data"`
	}
	w.must(json.Unmarshal(m.Data, &e))
	schema, err := events.Compile(e.Type)
	w.must(err)
	doc, err := events.Decode(m.Data)
	w.must(err)
	if err := schema.Validate(doc); err != nil {
		w.t.Errorf("%s: %v\n%s", e.ID, err, m.Data)
	}
	if m.Header.Get(jetstream.MsgIDHeader) != e.ID || m.Header.Get("Content-Type") != "application/cloudevents+json" || e.Subject != e.Data.Referral {
		w.t.Errorf("%s: headers %v, subject %s", e.ID, m.Header, e.Subject)
	}
	if m.Subject != "plusone.out."+e.Type {
		w.t.Errorf("%s, of type %s, is on %s", e.ID, e.Type, m.Subject)
	}
	d := e.Data
	if d.Minor != nil {
		return e.ID, strings.Join([]string{m.Subject, d.To, d.User, d.Cause, d.Minor.String()}, "|")
	}
	reason := ""
	if d.Reason != nil {
		reason = *d.Reason
	}
	return e.ID, strings.Join([]string{m.Subject, reason, d.Referee, d.Cause}, "|")
}

func TestAnyOrderFiveTimesEach(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newWorld(t, "")
			var all []message
			for range 5 {
				all = append(all, story()...)
			}
			r := rand.New(rand.NewPCG(seed, 1))
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			stop := w.work()
			for part := range slices.Chunk(all, 1+int(seed)*7) {
				w.publish(part...)
			}
			w.settle()
			stop()
			if diff := cmp.Diff(storyOutcome, w.outcome()); diff != "" {
				t.Error(diff)
			}
			w.lawful()
			w.toldOnce()
			w.wantMetrics(map[string]float64{
				"plusone_worker_events_total result=recorded":  12,
				"plusone_worker_events_total result=duplicate": 48,
				"plusone_worker_events_total":                  60,
				"plusone_stream_dead_letters_total":            0,
			})
		})
	}
}

// TestLateFacts tells facts before what they are about: after each one, things stand as far as is known.
func TestLateFacts(t *testing.T) {
	at := noon.Add(-10 * time.Minute)
	alice, bob := signUp("alice", "", at), signUp("bob", "C-ALICE", at)
	paid, charge := session(1, "bob", 1000, at.Add(time.Minute)), oldCharge("charge.succeeded", 1, 1000, 0, at)
	back := oldCharge("charge.refunded", 1, 1000, 1000, at.Add(2*time.Minute))
	const (
		pending  = "bob by alice: pending"
		rewarded = "alice has 10.00 usd\nbob by alice: rewarded, referrer 10.00 usd, referee 10.00 usd\nbob has 10.00 usd"
		refunded = "bob by alice: cancelled refunded"
	)
	type step struct {
		message

		then string
	}
	for name, steps := range map[string][]step{
		"the refund before its purchase":  {{alice, ""}, {bob, pending}, {back, pending}, {paid, refunded}, {charge, refunded}},
		"the purchase before its sign-up": {{alice, ""}, {paid, ""}, {charge, ""}, {bob, rewarded}, {back, refunded}},
		"the code before its owner":       {{bob, ""}, {paid, ""}, {alice, rewarded}, {back, refunded}},
		"everything backwards":            {{back, ""}, {charge, ""}, {paid, ""}, {bob, ""}, {alice, refunded}},
		"the refund first, then in order": {{back, ""}, {alice, ""}, {bob, pending}, {charge, pending}, {paid, refunded}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "")
			w.work()
			for _, s := range steps {
				w.handle(s.message)
				if diff := cmp.Diff(s.then, w.outcome()); diff != "" {
					t.Errorf("after %s:\n%s", s.name, diff)
				}
				w.lawful()
			}
			w.toldOnce()
		})
	}
}
