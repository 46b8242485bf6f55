package referral

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// every sets one action for every signal.
func every(a Action) FraudTerms {
	return FraudTerms{a, a, a, a, a, SignUpsPerIP{Max: 5, Per: time.Minute, Then: a}}
}

// one sets an action for one signal.
func one(kind SignalKind, a Action) (f FraudTerms) {
	switch kind {
	case SignalSameCard:
		f.SameCard = a
	case SignalSameIP:
		f.SameIP = a
	case SignalSameDevice:
		f.SameDevice = a
	case SignalSameEmail:
		f.SameEmail = a
	case SignalDisposableEmail:
		f.DisposableEmail = a
	case SignalSignUpsPerIP:
		f.SignUpsPerIP = SignUpsPerIP{Max: 5, Per: time.Minute, Then: a}
	}
	return f
}

// Each signal does what its own term says, and no other's.
func TestAssessSignals(t *testing.T) {
	t.Parallel()
	kinds := []SignalKind{SignalSameCard, SignalSameIP, SignalSameDevice, SignalSameEmail, SignalDisposableEmail, SignalSignUpsPerIP}
	var rows []assessed
	for _, kind := range kinds {
		h := plainHistory(bought("a", "usd", 1000, during))
		h.Signals = []Signal{{Kind: kind, At: during, Count: 6}}
		flags := []SignalKind{kind}
		none := plainHistory(h.Purchases...)
		none.Signals = slices.DeleteFunc(allSignals(during), func(s Signal) bool { return s.Kind == kind })
		for _, row := range []struct {
			action Action
			want   Verdict
		}{
			{"", Verdict{Status: Rewarded, Rewards: usdRewards}},
			{Flag, Verdict{Status: Rewarded, Rewards: usdRewards, Flags: flags}},
			{Review, Verdict{Status: Qualified, Reviewing: []string{string(kind)}, Flags: flags}},
			{Cancel, Verdict{Status: Cancelled, Reason: Fraud, Flags: flags}},
			{"unheard of", Verdict{Status: Qualified, Reviewing: []string{string(kind)}, Flags: flags}},
		} {
			terms := func(t *Terms) { t.Fraud = one(kind, row.action) }
			rows = append(rows,
				assessed{name: string(kind) + " " + string(row.action), terms: terms, history: h, want: row.want, key: "a"},
				assessed{
					name: "all but " + string(kind) + " " + string(row.action), terms: terms, history: none,
					want: Verdict{Status: Rewarded, Rewards: usdRewards}, key: "a",
				},
			)
		}
	}
	check(t, rows)
}

func allSignals(at time.Time) []Signal {
	return []Signal{
		{SignalSignUpsPerIP, at, 6},
		{SignalDisposableEmail, at, 0},
		{SignalSameEmail, at, 0},
		{SignalSameDevice, at, 0},
		{SignalSameIP, at, 0},
		{SignalSameCard, at, 0},
	}
}

func TestAssessManySignals(t *testing.T) {
	t.Parallel()
	all := []SignalKind{SignalSameCard, SignalSameIP, SignalSameDevice, SignalSameEmail, SignalDisposableEmail, SignalSignUpsPerIP}
	names := []string{"same_card", "same_ip", "same_device", "same_email", "disposable_email", "signups_per_ip"}
	h := plainHistory(bought("a", "usd", 1000, during))
	h.Signals = allSignals(during)
	asked := h
	asked.Purchases = slices.Clone(h.Purchases)
	asked.Purchases[0].WarnedAt = during
	unasked := h
	unasked.Slot = SlotUnasked
	pending := h
	pending.Purchases = nil
	due := closes.Add(time.Second)
	perIP := func(count int) History {
		h := plainHistory(bought("a", "usd", 1000, during))
		h.Signals = []Signal{{Kind: SignalSignUpsPerIP, At: during, Count: count}}
		return h
	}
	under := func(f FraudTerms) func(*Terms) { return func(t *Terms) { t.Fraud = f } }
	check(t, []assessed{
		{name: "ignored", history: h, want: Verdict{Status: Rewarded, Rewards: usdRewards}, key: "a"},
		{name: "flagged", terms: under(every(Flag)), history: h, want: Verdict{Status: Rewarded, Rewards: usdRewards, Flags: all}, key: "a"},
		{name: "reviewed", terms: under(every(Review)), history: h, want: Verdict{Status: Qualified, Reviewing: names, Flags: all}, key: "a"},
		{
			name: "reviewed, beside a warning", terms: under(every(Review)), history: asked, key: "a",
			want: Verdict{Status: Qualified, Reviewing: append(slices.Clone(names), "fraud_warning"), Flags: all},
		},
		{
			name: "one cancels, the others are reviewed", key: "a", history: h, want: Verdict{Status: Cancelled, Reason: Fraud, Flags: all},
			terms: func(t *Terms) { t.Fraud = every(Review); t.Fraud.SignUpsPerIP.Then = Cancel },
		},
		{
			name: "a place is asked for whatever there is", terms: under(every(Cancel)), history: unasked, key: "a",
			want: Verdict{Status: Qualified, WantsSlot: true, Flags: all},
		},
		{
			name: "reviewed before there is a purchase", terms: under(every(Review)), history: pending,
			want: Verdict{Status: Pending, Due: due, Reviewing: names, Flags: all},
		},
		{
			name: "reviewed until the window closes", terms: under(every(Review)), history: pending, now: due,
			want: Verdict{Status: Cancelled, Reason: Expired, Flags: all},
		},
		{
			name: "cancelled before there is a purchase", terms: under(every(Cancel)), history: pending,
			want: Verdict{Status: Cancelled, Reason: Fraud, Flags: all},
		},
		{
			name: "as many sign-ups as may be", terms: under(every(Cancel)), history: perIP(5),
			want: Verdict{Status: Rewarded, Rewards: usdRewards}, key: "a",
		},
		{
			name: "one more", terms: under(every(Cancel)), history: perIP(6), key: "a",
			want: Verdict{Status: Cancelled, Reason: Fraud, Flags: []SignalKind{SignalSignUpsPerIP}},
		},
		{
			name: "flags are shown of what is cancelled for another reason", terms: under(every(Flag)), key: "",
			history: func() History { h := h; h.Standing = false; return h }(),
			want:    Verdict{Status: Cancelled, Reason: Superseded, Flags: all},
		},
	})
}

// An approval covers what is dated up to it; a rejection beats everything; a reopening is as if nobody had decided.
func TestAssessDecisions(t *testing.T) {
	t.Parallel()
	seen := during.Add(-time.Hour)
	h := func(d DecisionVerdict, at time.Time, signals ...Signal) History {
		h := plainHistory(bought("a", "usd", 1000, during))
		h.Decision, h.Signals = Decision{d, at}, signals
		return h
	}
	pending := func(h History) History { h.Purchases = nil; return h }
	card, ip := Signal{Kind: SignalSameCard, At: seen}, Signal{Kind: SignalSameIP, At: seen.Add(time.Second)}
	flags := []SignalKind{SignalSameCard}
	both := []SignalKind{SignalSameCard, SignalSameIP}
	under := func(a Action) func(*Terms) { return func(t *Terms) { t.Fraud.SameCard, t.Fraud.SameIP = a, a } }
	rewarded := func(flags ...SignalKind) Verdict { return Verdict{Status: Rewarded, Rewards: usdRewards, Flags: flags} }
	waits := func(name string, flags ...SignalKind) Verdict {
		return Verdict{Status: Qualified, Reviewing: []string{name}, Flags: flags}
	}
	rejected := func(flags ...SignalKind) Verdict { return Verdict{Status: Cancelled, Reason: Rejected, Flags: flags} }
	fraud := func(flags ...SignalKind) Verdict { return Verdict{Status: Cancelled, Reason: Fraud, Flags: flags} }
	due := closes.Add(time.Second)
	check(t, []assessed{
		{name: "approved in the moment of the signal", terms: under(Review), history: h(Approve, seen, card), want: rewarded(flags...), key: "a"},
		{name: "approved the moment before", terms: under(Review), history: h(Approve, seen.Add(-1), card), want: waits("same_card", flags...), key: "a"},
		{name: "what cancels, approved", terms: under(Cancel), history: h(Approve, seen, card), want: rewarded(flags...), key: "a"},
		{name: "what cancels, approved the moment before", terms: under(Cancel), history: h(Approve, seen.Add(-1), card), want: fraud(flags...), key: "a"},
		{name: "one of two covered", terms: under(Review), history: h(Approve, seen, card, ip), want: waits("same_ip", both...), key: "a"},
		{name: "one of two covered, which cancel", terms: under(Cancel), history: h(Approve, seen, ip, card), want: fraud(both...), key: "a"},
		{name: "both covered", terms: under(Cancel), history: h(Approve, ip.At, ip, card), want: rewarded(both...), key: "a"},
		{name: "approved, and nothing to approve", history: h(Approve, seen), want: rewarded(), key: "a"},
		{name: "rejected, and nothing against it", history: h(Reject, seen), want: rejected(), key: "a"},
		{name: "rejected long ago", terms: under(Review), history: h(Reject, seen.AddDate(-1, 0, 0), card), want: rejected(flags...), key: "a"},
		{name: "rejected beats what cancels", terms: under(Cancel), history: h(Reject, seen, card), want: rejected(flags...), key: "a"},
		{name: "reopened", terms: under(Review), history: h(Reopen, during, card), want: waits("same_card", flags...), key: "a"},
		{name: "reopened, and nothing against it", history: h(Reopen, during), want: rewarded(), key: "a"},
		{name: "rejected without a purchase", history: pending(h(Reject, seen)), want: rejected()},
		{name: "rejected after the window", history: pending(h(Reject, seen)), now: due, want: rejected()},
		{
			name: "approved without a purchase", terms: under(Review), history: pending(h(Approve, seen, card)),
			want: Verdict{Status: Pending, Due: due, Flags: flags},
		},
		{
			name: "approval does not make a refund good", key: "a", want: Verdict{Status: Cancelled, Reason: Refunded},
			history: func() History { h := h(Approve, during); h.Purchases[0].Refunded = 1000; return h }(),
		},
		{
			name: "approval does not end a hold", key: "a", terms: func(t *Terms) { t.Hold = time.Hour }, history: h(Approve, during),
			want: Verdict{Status: Qualified, Due: during.Add(time.Hour)},
		},
		{
			name: "rejected, and no place asked for", key: "a", want: Verdict{Status: Qualified, WantsSlot: true},
			history: func() History { h := h(Reject, seen); h.Slot = SlotUnasked; return h }(),
		},
	})
}

func TestAssessSaysWhatWasDecided(t *testing.T) {
	t.Parallel()
	terms := plainTerms()
	terms.Fraud = FraudTerms{SameCard: Review, SameIP: Flag, SameDevice: Cancel, SameEmail: Review}
	h := plainHistory(bought("a", "usd", 1000, during))
	h.Decision = Decision{Approve, during}
	h.Signals = []Signal{
		{Kind: SignalSameCard, At: during}, {Kind: SignalSameIP, At: during.Add(time.Hour)},
		{Kind: SignalSameDevice, At: during}, {Kind: SignalSameEmail, At: during.Add(time.Second)},
	}
	v := Assess(terms, h, during)
	h.Decision = Decision{Reject, during}
	r := Assess(terms, h, during)
	h.Decision, h.Signals = Decision{Reopen, during}, h.Signals[2:3]
	o := Assess(terms, h, during)
	want := []Check{
		{"decision", true, "a person approved it at 2026-05-01T13:00:00Z"},
		{"same_card", true, "seen at 2026-05-01T13:00:00Z, and approved of at 2026-05-01T13:00:00Z"},
		{"same_ip", true, "seen at 2026-05-01T14:00:00Z, which the terms only show"},
		{"same_device", true, "seen at 2026-05-01T13:00:00Z, and approved of at 2026-05-01T13:00:00Z"},
		{"same_email", false, "seen at 2026-05-01T13:00:01Z, and nobody has approved"},
		{"review", false, "awaits a decision about same_email"},
		{"decision", false, "a person rejected it at 2026-05-01T13:00:00Z"},
		{"decision", true, "a person reopened it at 2026-05-01T13:00:00Z"},
		{"same_device", false, "seen at 2026-05-01T13:00:00Z, on which the terms cancel"},
	}
	got := []Check{
		checkNamed(v, "decision"), checkNamed(v, "same_card"), checkNamed(v, "same_ip"), checkNamed(v, "same_device"),
		checkNamed(v, "same_email"), checkNamed(v, "review"), checkNamed(r, "decision"), checkNamed(o, "decision"), checkNamed(o, "same_device"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
