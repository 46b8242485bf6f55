package referral

import (
	"fmt"
	"slices"
)

// Move is one step of a referral's life, as it is logged.
type Move struct {
	From, To Status
	Reason   Reason // why, when To is Cancelled
}

// afterwards are the reasons a referral that had its place on the code may be cancelled for: all but a refused one.
var afterwards = []Reason{
	Superseded, SelfReferral, Erased, ExistingCustomer, Rejected, Fraud, BelowMinimum, Expired, Refunded, Disputed,
}

// anyReason are all of them, in the order in which Assess comes to them; erased comes a second time, with expired.
var anyReason = append([]Reason{CodeExhausted}, afterwards...)

// legal is the one table of moves. The reasons are those a move to Cancelled may have; other moves have none.
// A referral is rewarded only from qualified, so that every reward has the moment at which it was earned in its log.
// Out of cancelled, a fact that comes late may lead anywhere the facts lead, but for what Reason.Yields says.
var legal = []struct {
	from, to Status
	reasons  []Reason
}{
	{"", Pending, nil},
	{Pending, Qualified, nil},
	{Pending, Cancelled, anyReason},
	{Qualified, Pending, nil}, // the purchase turned out to be another user's
	{Qualified, Rewarded, nil},
	{Qualified, Cancelled, afterwards},
	{Rewarded, Pending, nil},
	{Rewarded, Qualified, nil}, // a review opened, or an earlier sign-up under terms with a hold came to light
	{Rewarded, Cancelled, afterwards},
	{Cancelled, Pending, nil},
	{Cancelled, Qualified, nil},
	{Cancelled, Cancelled, anyReason},
}

// final are the reasons that no fact leads out of, only a person, with the reasons that come before them in Assess: for
// those a referral may be cancelled instead, without being any less final, for a refusal and a decision are kept.
var final = map[Reason][]Reason{
	CodeExhausted: {},
	Rejected:      {CodeExhausted, Superseded, SelfReferral, Erased, ExistingCustomer},
}

// Final says whether no fact leads out of a cancellation for this reason.
func (r Reason) Final() bool {
	_, ok := final[r]
	return ok
}

// Yields says whether facts alone, without a person's decision, may lead from a cancellation for this reason to there.
func (r Reason) Yields(to Status, reason Reason) bool {
	return !r.Final() || (to == Cancelled && slices.Contains(final[r], reason))
}

// Moves returns the whole table, for the diagram in the documentation.
func Moves() []Move {
	var all []Move
	for _, row := range legal {
		if row.to != Cancelled {
			all = append(all, Move{From: row.from, To: row.to})
		}
		for _, r := range row.reasons {
			all = append(all, Move{From: row.from, To: row.to, Reason: r})
		}
	}
	return all
}

// Legal says whether a move is in the table.
func (m Move) Legal() bool {
	for _, row := range legal {
		if row.from != m.From || row.to != m.To {
			continue
		}
		if m.To != Cancelled {
			return m.Reason == ""
		}
		return slices.Contains(row.reasons, m.Reason)
	}
	return false
}

// Path returns the legal moves from where a referral stands to where a verdict puts it; none when it stands there
// already. Decided says that a person made a decision, which alone leads out of a final reason. Error: there is no legal
// way, which is a mistake in the program and never one in the facts.
func Path(from Status, fromReason Reason, to Status, toReason Reason, decided bool) ([]Move, error) {
	if from == to && fromReason == toReason {
		return nil, nil
	}
	if !decided && !fromReason.Yields(to, toReason) {
		return nil, fmt.Errorf("referral: no fact leads out of %s, %s (to %s)", from, fromReason, to)
	}
	var path []Move
	step := func(next Status, reason Reason) {
		path = append(path, Move{From: from, To: next, Reason: reason})
		from = next
	}
	if from == "" {
		step(Pending, "")
	}
	if to == Rewarded && from != Qualified {
		step(Qualified, "")
	}
	if from != to || to == Cancelled {
		step(to, toReason)
	}
	for _, m := range path {
		if !m.Legal() {
			return nil, fmt.Errorf("referral: the move from %q to %q (%s) is not in the table", m.From, m.To, m.Reason)
		}
	}
	return path, nil
}
