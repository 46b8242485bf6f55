package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// everything are terms that use all there is to show.
const everything = `name: default
codes: {length: 8, max_uses: 3}
qualify:
  minimum: {usd: "10.00"}
  verified_email: true
hold: 1d
rewards:
  - {to: referrer, percent: "20"}
  - {to: referee, fixed: {points: "5"}, on: signup}
tiers:
  - {name: Bronze, from: 1}
  - {name: Silver, from: 2}
badges: [1, 2]
fraud: {same_device: review, same_ip: flag}
`

// report makes an event of what one of Stripe's objects says of purchase n.
func report(n int, object string, e payment.Evidence) fact.Event {
	return stripe("evt_"+object, object, e, n)
}

// tried is a referral to which everything has happened: a device in common, somebody's approval, purchases too small and
// large enough, refunds, a dispute that was won, a warning that is closed.
func (w *world) tried() {
	w.t.Helper()
	_, err := w.open(w.dsn).Exec(w.t.Context(), "update terms set source = $1", everything)
	w.must(err)
	at := noon.Add(-20 * 24 * time.Hour)
	on := func(e fact.Event, ip string) fact.Event {
		e.SignUp.DeviceID, e.SignUp.IP = "the kitchen laptop", ip
		return e
	}
	w.apply(on(signUp("alice", "", at), "192.0.2.1"), signUp("olga", "", at))
	w.apply(on(signUp("bob", "C-ALICE", at.Add(time.Hour)), "192.0.2.1"), signUp("bob", "C-OLGA", at.Add(2*time.Hour)))
	w.apply(signUp("carol", "C-ALICE", at), purchase(9, "carol", 5000, "usd", at.Add(time.Minute)))
	paid := at.Add(3 * time.Hour)
	w.apply(
		fact.Event{Key: "ce:v", Name: "verified-bob", Type: fact.UserRegistered, At: paid, Verified: &fact.Verified{UserID: "bob", At: paid}},
		purchase(1, "bob", 500, "usd", paid), purchase(2, "bob", 2000, "usd", paid.Add(time.Hour)), purchase(3, "bob", 9000, "usd", paid.Add(2*time.Hour)),
		report(2, "ch_2", payment.Evidence{Kind: payment.Charge, Card: "the fingerprint", Customer: "test:cus_bob", Refunded: 400}),
		report(2, "re_2a", payment.Evidence{Kind: payment.Refund, Refund: payment.RefundState{Minor: 400, Status: payment.RefundSucceeded, At: paid.Add(3 * time.Hour)}}),
		report(2, "re_2b", payment.Evidence{Kind: payment.Refund, Refund: payment.RefundState{Minor: 700, Status: payment.RefundPending, At: paid.Add(4 * time.Hour)}}),
		report(2, "dp_2", payment.Evidence{Kind: payment.Dispute, Dispute: payment.DisputeState{
			Minor: 2000, Status: payment.DisputeWon, At: paid.Add(5 * time.Hour), Opened: paid.Add(4 * time.Hour),
		}}),
		report(2, "issfr_2", payment.Evidence{Kind: payment.Warning, Warning: payment.WarningState{
			Known: true, At: paid.Add(6 * time.Hour), Opened: paid.Add(4 * time.Hour),
		}}),
	)
	decide := func(n int, verdict fact.DecisionVerdict) fact.Event {
		return fact.Event{Key: fmt.Sprintf("ce:d%d", n), Name: fmt.Sprintf("decision-%d", n), At: paid, Decision: &fact.Decision{
			UserID: "bob", Code: "C-ALICE", Verdict: verdict, By: "sam", Why: "they share a flat", At: noon.Add(time.Duration(n-9) * time.Hour),
		}}
	}
	w.apply(decide(1, fact.Rejected))
	w.apply(decide(2, fact.Approved))
	w.apply(fact.Event{Key: "ce:a", Name: "attributed", At: paid, Attribution: &fact.Attribution{
		UserID: "bob", Code: "C-ALICE", By: "sam", Why: "they said so", At: noon.Add(-5 * time.Hour),
	}})
}

// number is the number of a referee's referral with a code.
func (w *world) number(referee, code string) string {
	w.t.Helper()
	for _, r := range w.list("?referee=" + referee).Referrals {
		if r.Code == code {
			return r.ID
		}
	}
	w.t.Fatalf("%s has no referral with %s", referee, code)
	return ""
}

func TestWhy(t *testing.T) {
	w := newWorld(t)
	w.tried()
	answer := w.golden(t, "referral-tried", "/v1/referrals/"+w.number("bob", "C-ALICE"))
	text := answer.Body.String()
	for _, secret := range []string{"example.com", "kitchen", "192.0.2", "fingerprint", "Mx "} {
		if strings.Contains(text, secret) {
			t.Errorf("the answer holds %q", secret)
		}
	}
	w.golden(t, "referral-superseded", "/v1/referrals/"+w.number("bob", "C-OLGA"))
	w.golden(t, "user-ranked", "/v1/users/alice")
}

// TestWhyOfSomebodyErased: who has no name any more has none in any answer.
func TestWhyOfSomebodyErased(t *testing.T) {
	w := newWorld(t)
	w.tried()
	id := w.number("bob", "C-ALICE")
	_, err := w.open(w.dsn).Exec(t.Context(), "update users set external_id = null, username = null, email = null, erased_at = $1 where external_id = 'bob'", noon)
	w.must(err)
	for _, target := range []string{"/v1/referrals/" + id, "/v1/referrals?referrer=alice"} {
		answer := w.get(target)
		if text := answer.Body.String(); answer.Code != http.StatusOK || strings.Contains(text, `"bob"`) || !strings.Contains(text, `"referee":null`) || strings.Contains(text, "u0000") {
			t.Errorf("%s: %d %s", target, answer.Code, text)
		}
	}
}

// TestWhyIsBounded: of a referee with many purchases the earliest are shown, those that were looked at, and the one that
// decides; with a number of statements that does not depend on them.
func TestWhyIsBounded(t *testing.T) {
	w := newWorld(t)
	at := noon.Add(-48 * time.Hour)
	w.apply(signUp("alice", "", at))
	w.apply(signUp("bob", "C-ALICE", at))
	var events []fact.Event
	for n := range 300 {
		events = append(events, purchase(n, "bob", 100, "usd", at.Add(time.Duration(n)*time.Minute)))
	}
	w.apply(append(events, purchase(300, "bob", 1000, "usd", at.Add(400*time.Minute)))...)
	before := w.queries.n.Load()
	var got whyJSON
	w.must(json.Unmarshal(w.get("/v1/referrals/"+w.number("bob", "C-ALICE")).Body.Bytes(), &got))
	asked := w.queries.n.Load() - before
	if n := len(got.Facts.Purchases); n != 21 || !got.Facts.MorePurchases || !got.Facts.Purchases[20].Decides || asked > 40 {
		t.Errorf("%d purchases, more %t, with %d statements", n, got.Facts.MorePurchases, asked)
	}
	if p := got.Facts.Purchases[20]; p.Gross != amountOf(money.New("usd", 1000)) || p.Objects[0].ID != "cs_300" {
		t.Errorf("the one that decides is %+v", p)
	}
}

// TestReviewing: the list can be asked for what awaits a person, whatever else is asked.
func TestReviewing(t *testing.T) {
	w := newWorld(t)
	w.tried()
	on := signUp("dora", "C-ALICE", noon.Add(-time.Hour))
	on.SignUp.DeviceID = "the kitchen laptop"
	w.apply(on)
	for query, want := range map[string]string{
		"?reviewing=true": "dora", "?reviewing=true&referrer=alice": "dora", "?reviewing=true&referrer=olga": "",
		"?reviewing=true&referee=dora": "dora", "?reviewing=true&referee=bob": "", "?reviewing=true&status=pending": "dora",
		"?reviewing=true&status=rewarded": "", "?reviewing=true&limit=1": "dora",
	} {
		var got []string
		for _, r := range w.list(query).Referrals {
			got = append(got, *r.Referee)
			if len(r.Reviewing) != 1 || r.Reviewing[0] != "same_device" || len(r.Rewards) > 0 {
				t.Errorf("%s: reviewing %v, rewards %v", query, r.Reviewing, r.Rewards)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
}
