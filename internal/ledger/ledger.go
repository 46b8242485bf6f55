// Package ledger says which transfers make what is posted equal to what is owed. It is pure double entry: every
// transfer moves an amount of one currency from one account to another, and nothing is ever changed or taken away.
// It reaches nothing but money.
package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/plusone-dev/plusone/internal/money"
)

// Account is an account's number: a user's own is their positive number, a program's are negative.
type Account int64

// Kind says what a transfer was for.
type Kind string

// The kinds of transfer.
const (
	Granted Kind = "granted" // a reward, or more of it
	Revoked Kind = "revoked" // a reward taken back, or a part of it
)

// Share is what one account is owed. Leg names the reward's part, such as "referrer", so that two shares of one
// account stay apart.
type Share struct {
	Leg     string
	Account Account
	Amount  money.Amount
}

// Transfer moves an amount from the debited account to the credited one. N counts the transfers of one referral from 1:
// granted, revoked and granted again are three transfers, and the database refuses a second one of the same number.
type Transfer struct {
	N      int
	Kind   Kind
	Leg    string
	Debit  Account
	Credit Account
	Amount money.Amount // always more than zero
}

// User is the account that a transfer of a reward changes for a person: the other side is the program's.
func (t Transfer) User() Account {
	if t.Kind == Revoked {
		return t.Debit
	}
	return t.Credit
}

type slot struct {
	leg      string
	account  Account
	currency money.Currency
}

// Settle returns the transfers still to post so that, together with those posted before, each share is met exactly and
// nothing else is left standing. Amounts come out of, and go back to, source. Posting what it returns and settling again
// returns nothing. Errors: money.ErrOverflow; a share that is less than nothing, or that source would owe itself.
func Settle(source Account, owed []Share, posted []Transfer) ([]Transfer, error) {
	due := make(map[slot]int64)
	last := 0
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
	for _, t := range posted {
		last = max(last, t.N)
		k := slot{t.Leg, t.User(), t.Amount.Currency}
		count := money.SubMinor
		if t.Kind == Revoked {
			count = money.AddMinor
		}
		sum, err := count(due[k], t.Amount.Minor)
		if err != nil {
			return nil, fmt.Errorf("ledger: what was posted to account %d: %w", t.User(), err)
		}
		due[k] = sum
	}
	return transfers(source, due, last)
}

// transfers turns what is due into transfers, what goes back first, in one order always.
func transfers(source Account, due map[slot]int64, last int) ([]Transfer, error) {
	var out []Transfer
	for k, minor := range due {
		switch {
		case minor > 0:
			out = append(out, Transfer{Kind: Granted, Leg: k.leg, Debit: source, Credit: k.account, Amount: money.New(k.currency, minor)})
		case minor < 0:
			back, err := money.New(k.currency, minor).Neg() // the smallest number there is has no opposite
			if err != nil {
				return nil, fmt.Errorf("ledger: what is to be taken back from account %d: %w", k.account, err)
			}
			out = append(out, Transfer{Kind: Revoked, Leg: k.leg, Debit: k.account, Credit: source, Amount: back})
		}
	}
	slices.SortFunc(out, func(a, b Transfer) int {
		return cmp.Or(-cmp.Compare(a.Kind, b.Kind), -cmp.Compare(a.Leg, b.Leg),
			cmp.Compare(a.User(), b.User()), cmp.Compare(a.Amount.Currency, b.Amount.Currency))
	})
	for i := range out {
		out[i].N = last + i + 1
	}
	return out, nil
}

// Live returns the shares that the posted transfers leave standing, in the order of Settle.
// Errors: money.ErrOverflow.
func Live(posted []Transfer) ([]Share, error) {
	undo, err := Settle(0, nil, posted)
	if err != nil {
		return nil, err
	}
	shares := make([]Share, 0, len(undo))
	for _, t := range undo {
		if t.Kind != Revoked {
			return nil, fmt.Errorf("ledger: account %d was charged %s more for %s than it was granted", t.User(), t.Amount, t.Leg)
		}
		shares = append(shares, Share{Leg: t.Leg, Account: t.Debit, Amount: t.Amount})
	}
	return shares, nil
}
