package referral

import (
	"testing"
	"time"
)

// A dispute that has the money cancels; an inquiry and a warning wait for a person; the others leave no trace.
func TestAssessDisputes(t *testing.T) {
	t.Parallel()
	good := bought("a", "usd", 1000, during)
	with := func(change func(*Purchase)) History {
		p := good
		change(&p)
		return plainHistory(p)
	}
	decided := func(h History, d DecisionVerdict, at time.Time) History {
		h.Decision = Decision{d, at}
		return h
	}
	disputed := Verdict{Status: Cancelled, Reason: Disputed}
	rewarded := Verdict{Status: Rewarded, Rewards: usdRewards}
	waits := func(names ...string) Verdict { return Verdict{Status: Qualified, Reviewing: names} }
	inquiry := with(func(p *Purchase) { p.InquiryAt = during })
	warned := with(func(p *Purchase) { p.WarnedAt = during })
	both := with(func(p *Purchase) { p.InquiryAt, p.WarnedAt = during, during.Add(time.Second) })
	check(t, []assessed{
		{name: "withdrawn", history: with(func(p *Purchase) { p.Disputed = true }), want: disputed, key: "a"},
		{name: "lost", history: with(func(p *Purchase) { p.Disputed, p.DisputeLost = true, true }), want: disputed, key: "a"},
		{name: "lost, and nothing else said", history: with(func(p *Purchase) { p.DisputeLost = true }), want: disputed, key: "a"},
		{
			name: "withdrawn, whatever a person approved", key: "a", want: disputed,
			history: decided(with(func(p *Purchase) { p.Disputed = true }), Approve, during.Add(time.Hour)),
		},
		{
			name: "of another purchase", key: "a", want: rewarded,
			history: plainHistory(good, Purchase{Key: "b", Amount: good.Amount, PaidAt: during.Add(1), Disputed: true, InquiryAt: during, WarnedAt: during}),
		},
		{name: "an inquiry", history: inquiry, want: waits("inquiry"), key: "a"},
		{name: "a warning", history: warned, want: waits("fraud_warning"), key: "a"},
		{name: "both", history: both, want: waits("inquiry", "fraud_warning"), key: "a"},
		{name: "both, of which one was approved", history: decided(both, Approve, during), want: waits("fraud_warning"), key: "a"},
		{name: "both approved", history: decided(both, Approve, during.Add(time.Second)), want: rewarded, key: "a"},
		{name: "an inquiry, approved the moment before", history: decided(inquiry, Approve, during.Add(-1)), want: waits("inquiry"), key: "a"},
		{name: "an inquiry, approved in the same moment", history: decided(inquiry, Approve, during), want: rewarded, key: "a"},
		{name: "a warning, approved the moment before", history: decided(warned, Approve, during.Add(-1)), want: waits("fraud_warning"), key: "a"},
		{name: "a warning, approved in the same moment", history: decided(warned, Approve, during), want: rewarded, key: "a"},
		{name: "an inquiry, reopened", history: decided(inquiry, Reopen, during.Add(time.Hour)), want: waits("inquiry"), key: "a"},
		{
			name: "under review there is no end of a hold", terms: func(t *Terms) { t.Hold = time.Hour }, history: inquiry, key: "a",
			want: waits("inquiry"),
		},
	})
}

func TestAssessSaysWhatIsDisputed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		disputed, lost bool
		want           Check
	}{
		{false, false, Check{"dispute", true, "no dispute has withdrawn the money"}},
		{true, false, Check{"dispute", false, "a dispute has withdrawn the money, for now"}},
		{true, true, Check{"dispute", false, "a dispute is lost: the money is gone for good"}},
	} {
		p := bought("a", "usd", 1000, during)
		p.Disputed, p.DisputeLost = c.disputed, c.lost
		if got := checkNamed(Assess(plainTerms(), plainHistory(p), during), "dispute"); got != c.want {
			t.Errorf("got %+v, want %+v", got, c.want)
		}
	}
}
