package store

import (
	"cmp"
	"maps"
	"slices"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// Difference is how many there are, and would be under other terms.
type Difference struct{ Present, Under int64 }

// More is how many more there would be.
func (d Difference) More() int64 { return d.Under - d.Present }

// OutcomeDifference is how many stand at an outcome, and would.
type OutcomeDifference struct {
	Outcome
	Difference
}

// CostDifference is what is owed in a currency, and would be.
type CostDifference struct{ Present, Under money.Amount }

// Outcomes are all that there are, or would be, in the order of a referral's life.
func (s *Preview) Outcomes() []OutcomeDifference {
	all := maps.Clone(s.Present)
	maps.Copy(all, s.Under)
	rows := make([]OutcomeDifference, 0, len(all))
	for _, o := range slices.SortedFunc(maps.Keys(all), compareOutcomes) {
		rows = append(rows, OutcomeDifference{o, Difference{s.Present[o], s.Under[o]}})
	}
	return rows
}

// Standing is how many are at any of these statuses, and would be.
func (s *Preview) Standing(at ...referral.Status) (d Difference) {
	for _, o := range s.Outcomes() {
		if slices.Contains(at, o.Status) {
			d.Present += o.Present
			d.Under += o.Under
		}
	}
	return d
}

// Changes are those from one outcome to another, the most frequent first.
func (s *Preview) Changes() []Change {
	return slices.SortedFunc(maps.Keys(s.Changed), func(a, b Change) int {
		return cmp.Or(cmp.Compare(s.Changed[b], s.Changed[a]), compareOutcomes(a.From, b.From), compareOutcomes(a.To, b.To))
	})
}

// Costs are what is owed in all, by currency.
func (s *Preview) Costs() []CostDifference {
	all := maps.Clone(s.PresentCost)
	maps.Copy(all, s.UnderCost)
	rows := make([]CostDifference, 0, len(all))
	for _, c := range slices.Sorted(maps.Keys(all)) {
		rows = append(rows, CostDifference{money.New(c, s.PresentCost[c]), money.New(c, s.UnderCost[c])})
	}
	return rows
}

// life is the order of a referral's life.
var life = []referral.Status{referral.Pending, referral.Qualified, referral.Rewarded, referral.Cancelled}

func compareOutcomes(a, b Outcome) int {
	return cmp.Or(slices.Index(life, a.Status)-slices.Index(life, b.Status), cmp.Compare(a.Reason, b.Reason))
}
