// Package ledger says which transfers make what is posted equal to what is owed. It is pure double entry: every
// transfer moves an amount of one currency from one account to another, and nothing is ever changed or taken away.
// It reaches nothing but money.
package ledger

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/plusone-dev/plusone/internal/money"
)

// Account is an account's number: a user's own is their positive number, a program's are negative.
type Account int64

// Kind says what a transfer was for.
type Kind string

// The kinds of transfer.
const (
	Granted  Kind = "granted"  // a reward, or more of it
	Revoked  Kind = "revoked"  // a reward taken back, or a part of it
	Credited Kind = "credited" // the net of a purchase to its buyer, or more of it
	Debited  Kind = "debited"  // a credited purchase taken back, or a part of it
	Redeemed Kind = "redeemed" // credit that was spent
	Reversed Kind = "reversed" // spent credit given back
)

// goesBack says whether transfers of this kind lead back to the source.
func (k Kind) goesBack() bool { return k == Revoked || k == Debited }

// Share is what one account is owed. Leg names the part, such as "referrer" or "purchase", so that two shares of one
// account stay apart.
type Share struct {
	Leg     string
	Account Account
	Amount  money.Amount
}

// Transfer moves an amount from the debited account to the credited one. N counts the transfers of one referral,
// or of the credit of one payment, from 1: granted, revoked and granted again are three transfers, and the database refuses
// a second one of the same number.
type Transfer struct {
	N      int
	Kind   Kind
	Leg    string
	Debit  Account
	Credit Account
	Amount money.Amount // always more than zero
}

// User is the account that a transfer changes for a person: the other side is the program's.
func (t Transfer) User() Account {
	if t.Kind.goesBack() {
		return t.Debit
	}
	return t.Credit
}

// Program is the account on the other side of a transfer: the program's, which an amount comes out of or goes back to.
func (t Transfer) Program() Account {
	if t.Kind.goesBack() {
		return t.Credit
	}
	return t.Debit
}

// Settle returns the transfers of a referral's rewards that are still to post so that, together with those posted before,
// each share is met exactly and nothing else is left standing. Amounts come out of, and go back to, source. Posting what it
// returns and settling again returns nothing. Errors: money.ErrOverflow; a share that is less than nothing, or that source
// would owe itself; a transfer that was posted for something else than rewards.
func Settle(source Account, owed []Share, posted []Transfer) ([]Transfer, error) {
	return settle(Granted, Revoked, source, owed, posted)
}

// SettleCredit does for the credit of one payment to its buyer what Settle does for the rewards of one referral.
func SettleCredit(source Account, owed []Share, posted []Transfer) ([]Transfer, error) {
	return settle(Credited, Debited, source, owed, posted)
}

func settle(out, back Kind, source Account, owed []Share, posted []Transfer) ([]Transfer, error) {
	due := make(map[slot]int64)
	for _, s := range owed {
		if s.Amount.Minor < 0 || s.Account == source {
			return nil, fmt.Errorf("ledger: account %d can not owe %s to account %d", source, s.Amount, s.Account)
		}
		k := slot{s.Leg, s.Account, s.Amount.Currency}
		sum, err := money.AddMinor(due[k], s.Amount.Minor)
		if err != nil {
			return nil, fmt.Errorf("ledger: what account %d is owed: %w", s.Account, err)
		}
		due[k] = sum
	}
	last := 0
	for _, t := range posted {
		if t.Kind != out && t.Kind != back {
			return nil, fmt.Errorf("ledger: transfer %d was %s, among those that are %s or %s", t.N, t.Kind, out, back)
		}
		last = max(last, t.N)
	}
	if err := takePosted(due, posted); err != nil {
		return nil, err
	}
	return transfers(out, back, source, due, last)
}

// slot is what amounts are summed for.
type slot struct {
	leg      string
	account  Account
	currency money.Currency
}

// takePosted takes from what is due what was posted already.
func takePosted(due map[slot]int64, posted []Transfer) error {
	for _, t := range posted {
		k := slot{t.Leg, t.User(), t.Amount.Currency}
		count := money.SubMinor
		if t.Kind.goesBack() {
			count = money.AddMinor
		}
		left, err := count(due[k], t.Amount.Minor)
		if err != nil {
			return fmt.Errorf("ledger: what was posted to account %d: %w", t.User(), err)
		}
		due[k] = left
	}
	return nil
}

// transfers turns what is due into transfers, what goes back first, in one order always.
func transfers(out, back Kind, source Account, due map[slot]int64, last int) ([]Transfer, error) {
	var taken, given []Transfer
	for _, k := range inOrder(due) {
		switch minor := due[k]; {
		case minor > 0:
			given = append(given, Transfer{Kind: out, Leg: k.leg, Debit: source, Credit: k.account, Amount: money.New(k.currency, minor)})
		case minor < 0:
			less, err := money.New(k.currency, minor).Neg() // the smallest number there is has no opposite
			if err != nil {
				return nil, fmt.Errorf("ledger: what is to be taken back from account %d: %w", k.account, err)
			}
			taken = append(taken, Transfer{Kind: back, Leg: k.leg, Debit: k.account, Credit: source, Amount: less})
		}
	}
	all := slices.Concat(taken, given)
	for i := range all {
		all[i].N = last + i + 1
	}
	return all, nil
}

// inOrder puts the legs from the last to the first: the referrer's before the referee's.
func inOrder(due map[slot]int64) []slot {
	return slices.SortedFunc(maps.Keys(due), func(a, b slot) int {
		return cmp.Or(cmp.Compare(b.leg, a.leg), cmp.Compare(a.account, b.account), cmp.Compare(a.currency, b.currency))
	})
}

// Live returns the shares that the posted transfers leave standing, in the order of Settle.
// Errors: money.ErrOverflow; more that went back than was given.
func Live(posted []Transfer) ([]Share, error) {
	undo := make(map[slot]int64)
	if err := takePosted(undo, posted); err != nil {
		return nil, err
	}
	shares := make([]Share, 0, len(undo))
	for _, k := range inOrder(undo) {
		amount, err := money.New(k.currency, undo[k]).Neg()
		switch {
		case err != nil:
			return nil, fmt.Errorf("ledger: what account %d has: %w", k.account, err)
		case amount.Minor < 0:
			return nil, fmt.Errorf("ledger: account %d was charged %s more for %s than it was given", k.account, money.New(k.currency, undo[k]), k.leg)
		case amount.Minor > 0:
			shares = append(shares, Share{Leg: k.leg, Account: k.account, Amount: amount})
		}
	}
	return shares, nil
}
