package ledger

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/money"
)

const (
	source Account = -1
	alice  Account = 1
	bob    Account = 2
)

func usd(minor int64) money.Amount { return money.New("usd", minor) }

func granted(n int, leg string, who Account, a money.Amount) Transfer {
	return Transfer{N: n, Kind: Granted, Leg: leg, Debit: source, Credit: who, Amount: a}
}

func revoked(n int, leg string, who Account, a money.Amount) Transfer {
	return Transfer{N: n, Kind: Revoked, Leg: leg, Debit: who, Credit: source, Amount: a}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	both := []Share{{"referrer", alice, usd(1000)}, {"referee", bob, usd(500)}}
	for name, c := range map[string]struct {
		owed   []Share
		posted []Transfer
		want   []Transfer
	}{
		"nothing owed, nothing posted": {nil, nil, nil},
		"granted, the referrer first": {both, nil, []Transfer{
			granted(1, "referrer", alice, usd(1000)), granted(2, "referee", bob, usd(500)),
		}},
		"all posted": {both, []Transfer{granted(1, "referrer", alice, usd(1000)), granted(2, "referee", bob, usd(500))}, nil},
		"a reward grows by the difference": {
			[]Share{{"referrer", alice, usd(1200)}}, []Transfer{granted(1, "referrer", alice, usd(1000))},
			[]Transfer{granted(2, "referrer", alice, usd(200))},
		},
		"a reward shrinks by the difference": {
			[]Share{{"referrer", alice, usd(700)}}, []Transfer{granted(1, "referrer", alice, usd(1000))},
			[]Transfer{revoked(2, "referrer", alice, usd(300))},
		},
		"all is taken back": {nil, []Transfer{granted(1, "referrer", alice, usd(1000)), granted(2, "referee", bob, usd(500))}, []Transfer{
			revoked(3, "referrer", alice, usd(1000)), revoked(4, "referee", bob, usd(500)),
		}},
		"granted again after it was taken back": {
			[]Share{{"referrer", alice, usd(1000)}},
			[]Transfer{granted(1, "referrer", alice, usd(1000)), revoked(2, "referrer", alice, usd(1000))},
			[]Transfer{granted(3, "referrer", alice, usd(1000))},
		},
		"another currency: taken back first, then granted": {
			[]Share{{"referrer", alice, money.New("eur", 900)}}, []Transfer{granted(1, "referrer", alice, usd(1000))},
			[]Transfer{revoked(2, "referrer", alice, usd(1000)), granted(3, "referrer", alice, money.New("eur", 900))},
		},
		"another person: taken back from one, granted to the other": {
			[]Share{{"referee", alice, usd(500)}}, []Transfer{granted(1, "referee", bob, usd(500))},
			[]Transfer{revoked(2, "referee", bob, usd(500)), granted(3, "referee", alice, usd(500))},
		},
		"two shares of one leg and account are one": {
			[]Share{{"referrer", alice, usd(1)}, {"referrer", alice, usd(2)}}, nil, []Transfer{granted(1, "referrer", alice, usd(3))},
		},
		"two legs of one account stay apart": {
			[]Share{{"referrer", alice, usd(1)}, {"referee", alice, usd(2)}}, nil,
			[]Transfer{granted(1, "referrer", alice, usd(1)), granted(2, "referee", alice, usd(2))},
		},
		"a share of nothing is no transfer": {[]Share{{"referrer", alice, usd(0)}}, nil, nil},
		"the count goes on after the highest, in whatever order they were read": {
			both,
			[]Transfer{revoked(7, "referrer", alice, usd(1000)), granted(3, "referrer", alice, usd(1000))},
			[]Transfer{granted(8, "referrer", alice, usd(1000)), granted(9, "referee", bob, usd(500))},
		},
		"the most there is": {
			[]Share{{"referrer", alice, usd(math.MaxInt64)}}, nil, []Transfer{granted(1, "referrer", alice, usd(math.MaxInt64))},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Settle(source, c.owed, c.posted)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// The order of transfers is one always, whatever that of the shares: from the last leg to the first, then by account, then
// by currency. There are so many of each that no map comes to it by chance.
func TestSettleInOrder(t *testing.T) {
	t.Parallel()
	currencies := []money.Currency{"aud", "cad", "chf", "dkk", "eur", "gbp", "jpy", "nok", "sek", "usd"}
	var owed []Share
	var want []Transfer
	for _, leg := range []string{"referrer:signup", "referrer", "referee"} {
		for account := alice; account < 10; account++ {
			for _, c := range currencies {
				want = append(want, granted(len(want)+1, leg, account, money.New(c, 1)))
				owed = append(owed, Share{leg, account, money.New(c, 1)})
			}
		}
	}
	slices.Reverse(owed)
	got, err := Settle(source, owed, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	live, err := Live(got)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(owed)
	if diff := cmp.Diff(owed, live); diff != "" {
		t.Errorf("of what is left standing (-want +got)\n%s", diff)
	}
}

func TestSettleRefuses(t *testing.T) {
	t.Parallel()
	most := usd(math.MaxInt64)
	for name, c := range map[string]struct {
		owed     []Share
		posted   []Transfer
		overflow bool
	}{
		"more owed than can be counted": {[]Share{{"referrer", alice, most}, {"referrer", alice, usd(1)}}, nil, true},
		"more posted than can be counted": {
			nil, []Transfer{granted(1, "referrer", alice, most), granted(2, "referrer", alice, usd(2))}, true,
		},
		"so much posted that no one transfer takes it back": {
			nil, []Transfer{granted(1, "referrer", alice, most), granted(2, "referrer", alice, usd(1))}, true,
		},
		"more taken back than can be given again": {
			[]Share{{"referrer", alice, most}}, []Transfer{revoked(1, "referrer", alice, usd(1))}, true,
		},
		"a share below nothing": {[]Share{{"referrer", alice, usd(-1)}}, nil, false},
		"a share of the source": {[]Share{{"referrer", source, usd(1)}}, nil, false},
		"a credit among the rewards": {
			nil, []Transfer{{N: 1, Kind: Credited, Leg: "purchase", Debit: source, Credit: alice, Amount: usd(1)}}, false,
		},
		"a debit among the rewards": {
			nil, []Transfer{{N: 1, Kind: Debited, Leg: "purchase", Debit: alice, Credit: source, Amount: usd(1)}}, false,
		},
		"a kind nobody knows": {
			nil, []Transfer{{N: 1, Kind: "given", Leg: "referrer", Debit: source, Credit: alice, Amount: usd(1)}}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Settle(source, c.owed, c.posted)
			if err == nil || got != nil {
				t.Fatalf("got %v, %v; want an error and no transfers", got, err)
			}
			if errors.Is(err, money.ErrOverflow) != c.overflow {
				t.Errorf("got %v; an overflow: %t", err, c.overflow)
			}
		})
	}
}

func TestLive(t *testing.T) {
	t.Parallel()
	posted := []Transfer{
		granted(1, "referrer", alice, usd(1000)), granted(2, "referee", bob, usd(500)),
		revoked(3, "referee", bob, usd(500)), revoked(4, "referrer", alice, usd(300)),
	}
	got, err := Live(posted)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Share{{"referrer", alice, usd(700)}}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got, err := Live(append(posted, revoked(5, "referrer", alice, usd(701)))); err == nil {
		t.Errorf("more taken back than was granted leaves %v; want an error", got)
	}
	for _, more := range []int64{1, 2} { // so much that it can not be turned round, and that it can not be counted
		beyond := []Transfer{granted(1, "referrer", alice, usd(math.MaxInt64)), granted(2, "referrer", alice, usd(more))}
		if got, err := Live(beyond); !errors.Is(err, money.ErrOverflow) {
			t.Errorf("more than can be counted leaves %v, %v; want an overflow", got, err)
		}
	}
}

// The credit of a purchase follows its net: less after a refund, none while it is disputed, all of it again when that is won.
func TestSettleCredit(t *testing.T) {
	t.Parallel()
	var posted []Transfer
	for i, step := range []struct {
		net  int64
		want []Transfer
	}{
		{1000, []Transfer{{1, Credited, "purchase", source, bob, usd(1000)}}},
		{1000, nil},
		{600, []Transfer{{2, Debited, "purchase", bob, source, usd(400)}}},
		{0, []Transfer{{3, Debited, "purchase", bob, source, usd(600)}}},
		{600, []Transfer{{4, Credited, "purchase", source, bob, usd(600)}}},
	} {
		post, err := SettleCredit(source, []Share{{"purchase", bob, usd(step.net)}}, posted)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, post); diff != "" {
			t.Fatalf("step %d (-want +got)\n%s", i, diff)
		}
		posted = append(posted, post...)
	}
	if got, err := SettleCredit(source, nil, []Transfer{granted(1, "referee", bob, usd(1))}); err == nil || got != nil {
		t.Errorf("a reward among the credits gives %v, %v; want an error", got, err)
	}
	if got, err := SettleCredit(source, nil, []Transfer{revoked(1, "referee", bob, usd(1))}); err == nil || got != nil {
		t.Errorf("a reward taken back among the credits gives %v, %v; want an error", got, err)
	}
}

// Whatever a transfer was for, one of its two accounts is a person's and the other the program's.
func TestSidesOfATransfer(t *testing.T) {
	t.Parallel()
	for kind, want := range map[Kind]Transfer{
		Granted:  {Debit: source, Credit: alice},
		Credited: {Debit: source, Credit: alice},
		Revoked:  {Debit: alice, Credit: source},
		Debited:  {Debit: alice, Credit: source},
	} {
		want.Kind = kind
		if user, program := want.User(), want.Program(); user != alice || program != source {
			t.Errorf("%s from %d to %d changes account %d for a person and %d for the program, want %d and %d",
				kind, want.Debit, want.Credit, user, program, alice, source)
		}
	}
}
