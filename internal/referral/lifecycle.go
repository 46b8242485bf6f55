package referral

import "fmt"

// Move is one step of a referral's life, as it is logged.
type Move struct {
	From, To Status
	Reason   Reason // why, when To is Cancelled
}

// legal is the one table of moves. The reasons are those a move to Cancelled may have; other moves have none.
// A referral is rewarded only from qualified, so that every reward has the moment at which it was earned in its log.
// Out of cancelled, a fact that comes late may lead anywhere the facts lead; but a code that was refused stays refused.
var legal = []struct {
	from, to Status
	reasons  []Reason
}{
	{"", Pending, nil},
	{Pending, Qualified, nil},
	{Pending, Cancelled, []Reason{Refunded, Expired, CodeExhausted, SelfReferral, ExistingCustomer, Superseded}},
	{Qualified, Pending, nil}, // the purchase turned out to be another user's
	{Qualified, Rewarded, nil},
	{Qualified, Cancelled, []Reason{Refunded, Expired, SelfReferral, ExistingCustomer, Superseded}},
	{Rewarded, Pending, nil},
	{Rewarded, Qualified, nil}, // an earlier sign-up, under terms with a hold, came to light
	{Rewarded, Cancelled, []Reason{Refunded, Expired, SelfReferral, ExistingCustomer, Superseded}},
	{Cancelled, Pending, nil},
	{Cancelled, Qualified, nil},
	{Cancelled, Cancelled, []Reason{Refunded, Expired, CodeExhausted, SelfReferral, ExistingCustomer, Superseded}},
}

// final are the reasons that no fact leads out of, only a person.
var final = map[Reason]bool{CodeExhausted: true}

// Final says whether no fact leads out of a cancellation for this reason.
func (r Reason) Final() bool { return final[r] }

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
		for _, r := range row.reasons {
			if r == m.Reason {
				return true
			}
		}
	}
	return false
}

// Path returns the legal moves from where a referral stands to where a verdict puts it; none when it stands there
// already. Error: there is no legal way, which is a mistake in the program and never one in the facts.
func Path(from Status, fromReason Reason, to Status, toReason Reason) ([]Move, error) {
	if from == to && fromReason == toReason {
		return nil, nil
	}
	if fromReason.Final() {
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
