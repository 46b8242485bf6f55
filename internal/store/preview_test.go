package store

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/program"
	"github.com/plusone-dev/plusone/internal/referral"
)

// otherTerms let larger purchases qualify only, give the referrer a fifth, and cancel on a full refund alone.
const otherTerms = `
name: default
codes: {max_uses: 2}
qualify: {minimum: {usd: "20.00"}}
refunds: full
rewards:
  - {to: referrer, percent: "20"}
`

// preview asks what terms would have come to, with pages of a size.
func (w *world) preview(source string, page, workers int) Preview {
	w.t.Helper()
	terms, err := program.Parse("test", []byte(source))
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	var told int64
	p, err := w.tools.Preview(w.ctx, terms, PreviewOptions{Page: page, Workers: workers, Progress: func(done, _ int64) { told = done }})
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	if told != p.Referrals {
		w.t.Errorf("it told of %d referrals, and looked at %d", told, p.Referrals)
	}
	return p
}

// handmade is a small business whose worth can be reckoned by hand, under capOfTwo.
func handmade(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, capOfTwo)
	w.now = noon.Add(10 * day)
	at := func(n int) time.Time { return hour.Add(time.Duration(n) * time.Hour) }
	w.apply(registered("alice", "", noon), registered("olga", "", noon))
	for _, user := range []string{"bob", "carol", "dave", "erin"} {
		w.apply(registered(user, "C-ALICE", noon))
	}
	for _, user := range []string{"frank", "gina", "hank"} {
		w.apply(registered(user, "C-OLGA", noon))
	}
	w.apply(withEmail(registered("ivan", "C-OLGA", noon), "olga@example.com"))
	w.apply(session(1, "bob", usd(1000), at(1)))                           // 1st of Alice's two
	w.apply(session(2, "carol", usd(3000), at(2)))                         // 2nd
	w.apply(session(3, "dave", usd(5000), at(3)))                          // none is left
	w.apply(session(4, "erin", usd(500), at(4)))                           // too little
	w.apply(session(5, "frank", usd(3000), at(5)), charge(5, 2500, at(6))) // 5.00 are left
	w.apply(session(6, "gina", usd(500), at(6)))
	w.apply(session(7, "hank", usd(2000), at(7)))
	w.apply(session(8, "ivan", usd(9000), at(8))) // who is Olga
	return w
}

func outcomesOf(lines ...string) map[Outcome]int64 {
	all := make(map[Outcome]int64)
	for _, l := range lines {
		var n int64
		var status, reason string
		if _, err := fmt.Sscan(l+" -", &n, &status, &reason); err != nil {
			panic(err)
		}
		all[Outcome{referral.Status(status), referral.Reason(strings.Trim(reason, "-"))}] = n
	}
	return all
}

// differences are the examples of what other terms change in the handmade business, and why.
var differences = []string{
	"1 minimum: paid 10.00 usd, at least 20.00 usd is needed", "2 ", "3 code: use 1 of the code, at most 2",
	"5 refunds: 25.00 usd of 30.00 usd went back: only a full refund cancels", "7 ",
}

// TestPreviewByHand: what the terms would have come to, reckoned by hand.
func TestPreviewByHand(t *testing.T) {
	w := handmade(t)
	present := outcomesOf("3 rewarded", "2 pending", "1 cancelled code_exhausted", "1 cancelled refunded", "1 cancelled self_referral")
	pending, rewarded := Outcome{Status: referral.Pending}, Outcome{Status: referral.Rewarded}
	exhausted := Outcome{referral.Cancelled, referral.CodeExhausted}
	refunded := Outcome{referral.Cancelled, referral.Refunded}
	for _, size := range []int{4, 5, 8, 100} { // Alice and Olga have four each
		for _, workers := range []int{1, 3} {
			got := w.preview(otherTerms, size, workers)
			var examples []string
			for _, e := range got.Examples {
				examples = append(examples, fmt.Sprintf("%d %s", e.ID, e.Why))
			}
			got.Examples = nil
			// Bob's 10.00 is too little now, which leaves his place to Dave; Frank has something left.
			want := Preview{
				Program: "default", Version: 1, Referrals: 8, Of: 8, Amounts: 2, // Carol's and Hank's
				Present: present, Under: outcomesOf("4 rewarded", "3 pending", "1 cancelled self_referral"),
				Changed:     map[Change]int64{{rewarded, pending}: 1, {exhausted, rewarded}: 1, {refunded, rewarded}: 1},
				PresentCost: map[money.Currency]int64{"usd": 6000},
				UnderCost:   map[money.Currency]int64{"usd": 600 + 1000 + 100 + 400},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("pages of %d, %d workers (-want +got):\n%s", size, workers, diff)
			}
			if diff := cmp.Diff(differences, examples); diff != "" {
				t.Errorf("examples (-want +got):\n%s", diff)
			}
		}
	}
	// Of a referrer cut in two, a place that becomes free goes to nobody.
	got := w.preview(otherTerms, 2, 2)
	if want := outcomesOf("3 rewarded", "3 pending", "1 cancelled code_exhausted", "1 cancelled self_referral"); !maps.Equal(got.Under, want) {
		t.Errorf("in pages of two: %v, want %v", got.Under, want)
	}
}

// TestPreviewOfPlaces: fewer places, more, and as many as one likes.
func TestPreviewOfPlaces(t *testing.T) {
	w := handmade(t)
	for most, want := range map[string]struct{ rewarded, exhausted, usd int64 }{
		"max_uses: 1": {1, 3, 2000}, // Bob alone: Frank holds Olga's one place, and Hank comes after him
		"max_uses: 2": {3, 1, 6000},
		"max_uses: 3": {4, 0, 8000},
		"max_uses: 0": {4, 0, 8000},
	} {
		for _, size := range []int{1, 2, 3, 4, 100} {
			got := w.preview(strings.Replace(capOfTwo, "max_uses: 2", most, 1), size, 2)
			exhausted := got.Under[Outcome{referral.Cancelled, referral.CodeExhausted}]
			if got.Under[Outcome{Status: referral.Rewarded}] != want.rewarded || exhausted != want.exhausted || got.UnderCost["usd"] != want.usd {
				t.Errorf("%s in pages of %d: %v, %v", most, size, got.Under, got.UnderCost)
			}
		}
	}
}

// TestPreviewOfSignals: terms that look at what those in force do not look at.
func TestPreviewOfSignals(t *testing.T) {
	w := newWorld(t, uncapped)
	w.now = noon.Add(10 * day)
	on := func(e fact.Event) fact.Event { e.SignUp.DeviceID = "d"; return e }
	w.apply(registered("alice", "", noon), on(registered("bob", "C-ALICE", noon)), on(registered("carol", "C-ALICE", hour)), registered("dave", "C-ALICE", noon))
	w.apply(session(1, "bob", usd(1000), hour), session(2, "carol", usd(1000), hour), session(3, "dave", usd(1000), hour))
	w.apply(stripe("evt_dp", hour, payment.Report{Key: live.Key("dp_3"), Evidence: payment.Evidence{Kind: payment.Dispute, Dispute: payment.DisputeState{
		Minor: 1000, Status: payment.DisputeWarningNeedsResponse, At: hour, Opened: hour,
	}}}, "pi_3"))
	got := w.preview(uncapped+"fraud: {same_device: review}\n", 100, 1)
	if got.PresentReviewing != 1 || got.UnderReviewing != 3 || got.UnderCost["usd"] != 0 || got.PresentCost["usd"] != 3000 {
		t.Errorf("%+v", got)
	}
	got = w.preview(uncapped+"fraud: {same_device: cancel}\n", 100, 1)
	if want := outcomesOf("2 cancelled fraud", "1 qualified"); !maps.Equal(got.Under, want) {
		t.Errorf("%v, want %v", got.Under, want)
	}
}

// TestPreviewNeedsAProgram that is there, and one without referrals comes to nothing.
func TestPreviewNeedsAProgram(t *testing.T) {
	w := newWorld(t, "")
	terms, err := program.Parse("test", []byte(strings.Replace(capOfTwo, "default", "other", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.tools.Preview(w.ctx, terms, PreviewOptions{Page: 10, Workers: 1}); !errors.Is(err, ErrUnknownProgram) {
		t.Errorf("%v", err)
	}
	if got := w.preview(capOfTwo, 10, 2); got.Referrals != 0 || len(got.Under) != 0 {
		t.Errorf("%+v", got)
	}
}

// untilRewards are the terms that pay nothing yet.
var untilRewards, _, _ = strings.Cut(uncapped, "rewards:")

// previewed are terms of every kind, without a cap: then what comes of them does not depend on the order of anything.
var previewed = []string{
	uncapped, withHold, refundsAny, fullOnly,
	strings.Replace(uncapped, "qualify:", "qualify:\n  purchase: first", 1),
	strings.Replace(uncapped, "qualify:", "qualify:\n  requalify: true", 1),
	strings.Replace(uncapped, `usd: "10.00", eur: "10.00"`, `usd: "9.99", eur: "0.01"`, 1) + "fraud: {same_email: cancel, disposable_email: flag}\n",
	strings.Replace(uncapped, "within: 90d", "within: 29d", 1) + "fraud: {same_email: review}\n",
	untilRewards + `rewards:
  - {to: referee, fixed: {points: "5"}, on: signup}
  - {to: referrer, percent: "12.5", at_most: {usd: "3.00", eur: "3.00", jpy: "900"}}
`,
}

// TestPreviewIsWhatWouldHaveBeen: a business lives under some terms, and another one through the same under others. What
// the first one's preview of the others says is what came of the second. Terms that are no others change nothing, also
// where there is a cap.
func TestPreviewIsWhatWouldHaveBeen(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		terms := append([]string{capOfTwo}, previewed...)
		lived, other := rapid.SampledFrom(terms).Draw(rt, "lived"), rapid.SampledFrom(previewed).Draw(rt, "other")
		events := drawEvents(rt)
		later := noon.Add(rapid.SampledFrom([]time.Duration{day, 40 * day, 100 * day}).Draw(rt, "later"))
		size := rapid.IntRange(1, 9).Draw(rt, "page")
		run := func(terms string) *world {
			w := newWorld(t, terms)
			w.t = rt
			w.apply(events...)
			w.now = later
			w.tick()
			return w
		}
		first, second := run(lived), run(other)
		defer first.close()
		defer second.close()
		said, came := first.preview(other, size, 2), second.preview(other, size, 2)
		if diff := cmp.Diff(came.Present, said.Under); diff != "" {
			rt.Errorf("the outcomes (-came +said):\n%s", diff)
		}
		if diff := cmp.Diff(came.PresentCost, said.UnderCost); diff != "" {
			rt.Errorf("the cost (-came +said):\n%s", diff)
		}
		for _, same := range []Preview{came, first.preview(lived, size, 2)} {
			if len(same.Changed) > 0 || same.Amounts > 0 || len(same.Examples) > 0 {
				rt.Errorf("the same terms change something: %+v", same)
			}
		}
	})
}
