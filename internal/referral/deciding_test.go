package referral

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The purchase that decides is the one by the terms' mode, in the window, whatever else speaks against the referral.
func TestDeciding(t *testing.T) {
	t.Parallel()
	later := during.Add(time.Second)
	small, good, next := bought("a", "usd", 999, during), bought("b", "usd", 1000, during), bought("c", "usd", 1000, later)
	first := func(t *Terms, _ *History) { t.Qualify.Purchase = First }
	requalify := func(t *Terms, _ *History) { t.Qualify.Requalify = true }
	for name, c := range map[string]struct {
		purchases []Purchase
		change    func(*Terms, *History)
		want      string
	}{
		"nothing bought":                    {nil, nil, ""},
		"too little":                        {[]Purchase{small}, nil, ""},
		"the earliest that is enough":       {[]Purchase{next, small, good}, nil, "b"},
		"the first, which is too little":    {[]Purchase{small, next}, first, ""},
		"the first, which is enough":        {[]Purchase{next, good}, first, "b"},
		"the first that stands":             {[]Purchase{refunded(good, 1000), next}, requalify, "c"},
		"the first, though it went back":    {[]Purchase{refunded(good, 1000), next}, nil, "b"},
		"in the first second of the window": {[]Purchase{bought("a", "usd", 1000, opens)}, nil, "a"},
		"before the window":                 {[]Purchase{bought("a", "usd", 1000, opens.Add(-time.Second))}, nil, ""},
		"in the last second of the window":  {[]Purchase{bought("a", "usd", 1000, closes)}, nil, "a"},
		"after the window":                  {[]Purchase{bought("a", "usd", 1000, closes.Add(time.Second))}, nil, ""},
		"after the referee was erased":      {[]Purchase{next}, func(_ *Terms, h *History) { h.RefereeErased = during }, ""},
		"of nobody who can be rewarded":     {[]Purchase{good}, func(_ *Terms, h *History) { h.Standing, h.SamePerson = false, true }, "b"},
		"of a code that is used up":         {[]Purchase{good}, func(_ *Terms, h *History) { h.Slot = SlotRefused }, "b"},
		"of a referral that was rejected":   {[]Purchase{good}, func(_ *Terms, h *History) { h.Decision = Decision{Reject, during} }, "b"},
		"of an address not verified":        {[]Purchase{good}, func(t *Terms, _ *History) { t.Qualify.VerifiedEmail = true }, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			terms, history := plainTerms(), plainHistory(c.purchases...)
			if c.change != nil {
				c.change(&terms, &history)
			}
			if got := keyOf(Verdict{Purchase: Deciding(terms, history)}); got != c.want {
				t.Errorf("%q decides, want %q", got, c.want)
			}
		})
	}
}

// Whatever a verdict rests on is what Deciding finds.
func TestDecidingIsWhatAssessFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms, history := drawTerms(t), drawHistory(t)
		v := Assess(terms, history, drawNow(t))
		if v.Purchase == nil {
			return
		}
		if diff := cmp.Diff(v.Purchase, Deciding(terms, history)); diff != "" {
			t.Fatalf("(-Assess +Deciding)\n%s", diff)
		}
	})
}
