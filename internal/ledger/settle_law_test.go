package ledger

import (
	"cmp"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/money"
)

// The laws of Settle, after each of a number of verdicts on one referral: what was posted before is what Settle itself
// said was to be posted, as in the store.

func TestSettleLaws(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]book{"rewards": {Settle, Granted, Revoked}, "credits": {SettleCredit, Credited, Debited}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, b.checkLaws)
		})
	}
}

// book is one way of settling, with the kinds of its transfers.
type book struct {
	settle    func(Account, []Share, []Transfer) ([]Transfer, error)
	out, back Kind
}

func (b book) checkLaws(t *rapid.T) {
	var posted []Transfer
	for range rapid.IntRange(1, 5).Draw(t, "verdicts") {
		owed := drawShares(t)
		post := b.mustSettle(t, owed, posted)
		b.checkTransfers(t, post, len(posted))
		b.checkOrder(t, owed, posted, post)
		posted = append(posted, post...)
		if again := b.mustSettle(t, owed, posted); len(again) != 0 {
			t.Fatalf("settled again: %v", again)
		}
		live, err := Live(posted)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(merged(owed), live); diff != "" {
			t.Fatalf("what is live is not what is owed (-owed +live)\n%s", diff)
		}
		checkBalances(t, owed, posted)
	}
}

// drawShares makes shares of few accounts, legs and currencies, so that they meet often; large ones, but such that no
// order of five verdicts overflows on the way.
func drawShares(t *rapid.T) []Share {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Share {
		return Share{
			Leg:     rapid.SampledFrom([]string{"referrer", "referee", "referee:signup"}).Draw(t, "leg"),
			Account: rapid.SampledFrom([]Account{alice, bob}).Draw(t, "account"),
			Amount: money.New(
				rapid.SampledFrom([]money.Currency{"usd", "eur"}).Draw(t, "currency"),
				rapid.SampledFrom([]int64{0, 1, 2, 1000, 1 << 58}).Draw(t, "minor"),
			),
		}
	}), 0, 4).Draw(t, "owed")
}

func (b book) mustSettle(t *rapid.T, owed []Share, posted []Transfer) []Transfer {
	post, err := b.settle(source, owed, posted)
	if err != nil {
		t.Fatal(err)
	}
	return post
}

// checkTransfers: what goes back comes first, amounts are more than nothing, numbers go on without a gap, and one side is the source, the other never.
func (b book) checkTransfers(t *rapid.T, post []Transfer, last int) {
	if !slices.IsSortedFunc(post, func(a, c Transfer) int { return -cmp.Compare(turn(a, b.back), turn(c, b.back)) }) {
		t.Fatalf("something is given before all is taken back: %+v", post)
	}
	for i, p := range post {
		if p.Amount.Minor <= 0 {
			t.Fatalf("moves %s: %+v", p.Amount, p)
		}
		if p.N != last+i+1 {
			t.Fatalf("number %d after %d: %+v", p.N, last+i, p)
		}
		if (p.Debit == source) == (p.Credit == source) || p.User() == source || (p.Kind == b.out) != (p.Debit == source) || (p.Kind == b.back) != (p.Credit == source) {
			t.Fatalf("between %d and %d, a user's is %d: %+v", p.Debit, p.Credit, p.User(), p)
		}
	}
}

func turn(t Transfer, first Kind) int {
	if t.Kind == first {
		return 1
	}
	return 0
}

// checkOrder: neither the order of the shares nor that of the transfers posted before can be seen in the result.
func (b book) checkOrder(t *rapid.T, owed []Share, posted, want []Transfer) {
	owed = rapid.Permutation(owed).Draw(t, "owed, shuffled")
	posted = rapid.Permutation(posted).Draw(t, "posted, shuffled")
	if diff := gocmp.Diff(want, b.mustSettle(t, owed, posted)); diff != "" {
		t.Fatalf("in another order (-first +shuffled)\n%s", diff)
	}
}

// checkBalances: all balances of a currency sum to nothing, and a user's is what they are owed.
func checkBalances(t *rapid.T, owed []Share, posted []Transfer) {
	type account struct {
		number   Account
		currency money.Currency
	}
	balance := make(map[account]int64)
	for _, p := range posted {
		balance[account{p.Debit, p.Amount.Currency}] -= p.Amount.Minor
		balance[account{p.Credit, p.Amount.Currency}] += p.Amount.Minor
	}
	for _, c := range []money.Currency{"usd", "eur"} {
		var users, sum int64
		for _, s := range owed {
			if s.Amount.Currency == c {
				users += s.Amount.Minor
			}
		}
		for _, a := range []Account{alice, bob, source} {
			sum += balance[account{a, c}]
		}
		if sum != 0 || balance[account{source, c}] != -users {
			t.Fatalf("%s: balances %v sum to %d, %d is owed", c, balance, sum, users)
		}
	}
}

// merged are the shares with those of one leg, account and currency put together, in the order of the ledger.
func merged(owed []Share) []Share {
	sums := make(map[slot]int64)
	for _, s := range owed {
		sums[slot{s.Leg, s.Account, s.Amount.Currency}] += s.Amount.Minor
	}
	out := []Share{}
	for k, minor := range sums {
		if minor > 0 {
			out = append(out, Share{k.leg, k.account, money.New(k.currency, minor)})
		}
	}
	slices.SortFunc(out, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Leg, a.Leg), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Amount.Currency, b.Amount.Currency))
	})
	return out
}
