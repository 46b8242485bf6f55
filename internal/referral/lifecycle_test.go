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
		"a hold comes to light":           {Rewarded, "", Qualified, "", []Move{{Rewarded, Qualified, ""}}},
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

// From every verdict there is a way to every other that later facts can lead to, in legal moves that join on to each
// other; and a referral begins as pending. Slots are kept: what was granted or refused is never anything else.
func TestEveryVerdictIsReachable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first, later := drawHistory(t), drawHistory(t)
		v := settled(t, drawTerms(t), &first)
		if first.Slot != SlotUnasked {
			later.Slot = first.Slot
		}
		next := settled(t, drawTerms(t), &later)
		begun := mustPath(t, "", "", v)
		if begun[0] != (Move{"", Pending, ""}) {
			t.Fatalf("begins with %+v", begun[0])
		}
		if v.Reason.Final() && next.Reason != v.Reason {
			t.Fatalf("%s %s became %s %s", v.Status, v.Reason, next.Status, next.Reason)
		}
		mustPath(t, v.Status, v.Reason, next)
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

func mustPath(t *rapid.T, from Status, reason Reason, v Verdict) []Move {
	path, err := Path(from, reason, v.Status, v.Reason, false)
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
