package referral

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestPath(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from       Status
		fromReason Reason
		to         Status
		toReason   Reason
		want       []Move
	}{
		"nothing to do":                   {Rewarded, "", Rewarded, "", nil},
		"the same cancellation":           {Cancelled, Expired, Cancelled, Expired, nil},
		"exhausted still":                 {Cancelled, CodeExhausted, Cancelled, CodeExhausted, nil},
		"a sign-up":                       {"", "", Pending, "", []Move{{"", Pending, ""}}},
		"a sign-up after the purchase":    {"", "", Rewarded, "", []Move{{"", Pending, ""}, {Pending, Qualified, ""}, {Qualified, Rewarded, ""}}},
		"a sign-up that comes to nothing": {"", "", Cancelled, Superseded, []Move{{"", Pending, ""}, {Pending, Cancelled, Superseded}}},
		"a purchase with a hold":          {Pending, "", Qualified, "", []Move{{Pending, Qualified, ""}}},
		"a purchase without":              {Pending, "", Rewarded, "", []Move{{Pending, Qualified, ""}, {Qualified, Rewarded, ""}}},
		"the end of a hold":               {Qualified, "", Rewarded, "", []Move{{Qualified, Rewarded, ""}}},
		"a refund":                        {Rewarded, "", Cancelled, Refunded, []Move{{Rewarded, Cancelled, Refunded}}},
		"a refund that failed after all":  {Cancelled, Refunded, Rewarded, "", []Move{{Cancelled, Qualified, ""}, {Qualified, Rewarded, ""}}},
		"one reason gives way to another": {Cancelled, Expired, Cancelled, ExistingCustomer, []Move{{Cancelled, Cancelled, ExistingCustomer}}},
		"the purchase was another user's": {Rewarded, "", Pending, "", []Move{{Rewarded, Pending, ""}}},
		"it was another user's, in time":  {Qualified, "", Pending, "", []Move{{Qualified, Pending, ""}}},
		"a dispute":                       {Rewarded, "", Cancelled, Disputed, []Move{{Rewarded, Cancelled, Disputed}}},
		"a dispute that was won":          {Cancelled, Disputed, Rewarded, "", []Move{{Cancelled, Qualified, ""}, {Qualified, Rewarded, ""}}},
		"a hold comes to light":           {Rewarded, "", Qualified, "", []Move{{Rewarded, Qualified, ""}}},
		"rejected, and then superseded":   {Cancelled, Rejected, Cancelled, Superseded, []Move{{Cancelled, Cancelled, Superseded}}},
		"rejected, and then refused":      {Cancelled, Rejected, Cancelled, CodeExhausted, []Move{{Cancelled, Cancelled, CodeExhausted}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Path(c.from, c.fromReason, c.to, c.toReason, false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestPathRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from       Status
		fromReason Reason
		to         Status
		toReason   Reason
	}{
		"out of an exhausted code":             {Cancelled, CodeExhausted, Rewarded, ""},
		"to another reason, likewise":          {Cancelled, CodeExhausted, Cancelled, Expired},
		"out of a rejection":                   {Cancelled, Rejected, Rewarded, ""},
		"out of a rejection, to wait":          {Cancelled, Rejected, Pending, ""},
		"to a reason that comes after it":      {Cancelled, Rejected, Cancelled, Fraud},
		"back to where there is no referral":   {Pending, "", "", ""},
		"cancelled for no reason":              {Pending, "", Cancelled, ""},
		"cancelled for a reason nobody knows":  {Pending, "", Cancelled, "mood"},
		"a reason beside another status":       {Pending, "", Qualified, Refunded},
		"exhausted after it had a place":       {Rewarded, "", Cancelled, CodeExhausted},
		"a status nobody knows":                {Pending, "", "lost", ""},
		"out of a status nobody knows":         {"lost", "", Pending, ""},
		"to rewarded, out of an unknown one":   {"lost", "", Rewarded, ""},
		"a reason that a status must not have": {Rewarded, "", Rewarded, Refunded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := Path(c.from, c.fromReason, c.to, c.toReason, false); err == nil || got != nil {
				t.Errorf("got %v, %v; want an error", got, err)
			}
		})
	}
}

// Moves is the whole table and nothing but it: of all the moves one could write down, those are legal that are in it.
func TestMovesAreTheLegalOnes(t *testing.T) {
	t.Parallel()
	table := Moves()
	statuses := []Status{"", Pending, Qualified, Rewarded, Cancelled, "lost"}
	reasons := append([]Reason{"", "mood"}, anyReason...)
	legal := 0
	for _, from := range statuses {
		for _, to := range statuses {
			for _, r := range reasons {
				m := Move{from, to, r}
				if m.Legal() != slices.Contains(table, m) {
					t.Errorf("%+v: legal is %t", m, m.Legal())
				}
				if m.Legal() {
					legal++
				}
			}
		}
	}
	if legal != len(table) {
		t.Errorf("%d moves are legal, the table has %d: one is there twice, or of a status nobody knows", legal, len(table))
	}
}

// From wherever it stands a referral may be cancelled for every reason, but for a refused place once it has one.
func TestPathToEveryReason(t *testing.T) {
	t.Parallel()
	all := []Reason{
		Refunded, Expired, CodeExhausted, SelfReferral, ExistingCustomer, Superseded, Disputed, Rejected, BelowMinimum, Fraud, Erased,
	}
	for _, r := range all {
		for from, reason := range map[Status]Reason{"": "", Pending: "", Qualified: "", Rewarded: "", Cancelled: Expired} {
			_, err := Path(from, reason, Cancelled, r, false)
			if has := from == Qualified || from == Rewarded; (err == nil) == (r == CodeExhausted && has) {
				t.Errorf("from %q to %s: %v", from, r, err)
			}
		}
	}
	if len(all) != len(anyReason) {
		t.Errorf("%d reasons, the table has %d", len(all), len(anyReason))
	}
}

// Only a person leads out of a final reason, and then to wherever the facts lead.
func TestPathOutOfAFinalReason(t *testing.T) {
	t.Parallel()
	beforeRejected := []Reason{CodeExhausted, Superseded, SelfReferral, Erased, ExistingCustomer}
	for _, r := range anyReason {
		if r.Final() != (r == CodeExhausted || r == Rejected) {
			t.Errorf("%s is final: %t", r, r.Final())
		}
		for _, to := range []Status{Pending, Qualified, Rewarded} {
			if _, err := Path(Cancelled, r, to, "", false); (err != nil) != r.Final() {
				t.Errorf("from %s to %s by facts alone: %v", r, to, err)
			}
			path, err := Path(Cancelled, r, to, "", true)
			if err != nil || path[0].From != Cancelled || path[len(path)-1].To != to {
				t.Errorf("from %s to %s by a decision: %v, %v", r, to, path, err)
			}
		}
		for _, other := range anyReason {
			_, err := Path(Cancelled, r, Cancelled, other, false)
			legal := r == other || !r.Final() || (r == Rejected && slices.Contains(beforeRejected, other))
			if (err == nil) != legal {
				t.Errorf("from %s to %s by facts alone: %v", r, other, err)
			}
			if _, err := Path(Cancelled, r, Cancelled, other, true); err != nil {
				t.Errorf("from %s to %s by a decision: %v", r, other, err)
			}
		}
	}
	if Rejected.Yields(Pending, Superseded) {
		t.Error("facts alone lead out of a rejection, to wait, for a reason to be cancelled")
	}
	if _, err := Path(Rewarded, "", Cancelled, CodeExhausted, true); err == nil {
		t.Error("a decision takes the place of a referral that has one")
	}
}

// From every verdict there is a way to every other that later facts can lead to, in legal moves that join on to each
// other; and a referral begins as pending. Slots are kept: what was granted or refused is never anything else. So is a
// decision, until there is another: that, or a refusal that a person took back, is all that leads out of a final reason.
func TestEveryVerdictIsReachable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first, later := drawHistory(t), drawHistory(t)
		v := settled(t, drawTerms(t), &first)
		decided := rapid.Bool().Draw(t, "a person decides in between")
		if !decided {
			later.Decision = first.Decision
		}
		if first.Slot.Granted() || (first.Slot == SlotRefused && !decided) {
			later.Slot = first.Slot
		}
		next := settled(t, drawTerms(t), &later)
		begun := mustPath(t, "", "", v, false)
		if begun[0] != (Move{"", Pending, ""}) {
			t.Fatalf("begins with %+v", begun[0])
		}
		same := v.Status == next.Status && v.Reason == next.Reason
		if !decided && !same && !v.Reason.Yields(next.Status, next.Reason) {
			t.Fatalf("%s %s became %s %s", v.Status, v.Reason, next.Status, next.Reason)
		}
		mustPath(t, v.Status, v.Reason, next, decided)
	})
}

// settled is the verdict once the slot that it wants was granted or refused, as the store does it.
func settled(t *rapid.T, terms Terms, h *History) Verdict {
	now := drawNow(t)
	v := Assess(terms, *h, now)
	if v.WantsSlot {
		h.Slot = rapid.SampledFrom([]Slot{SlotRefused, 1}).Draw(t, "place")
		v = Assess(terms, *h, now)
	}
	return v
}

func mustPath(t *rapid.T, from Status, reason Reason, v Verdict, decided bool) []Move {
	path, err := Path(from, reason, v.Status, v.Reason, decided)
	if err != nil {
		t.Fatal(err)
	}
	at, why := from, reason
	for _, m := range path {
		if !m.Legal() || m.From != at {
			t.Fatalf("from %s %s to %s %s by %+v", from, reason, v.Status, v.Reason, path)
		}
		at, why = m.To, m.Reason
	}
	if at != v.Status || why != v.Reason {
		t.Fatalf("%+v leads to %s %s, want %s %s", path, at, why, v.Status, v.Reason)
	}
	return path
}
