package referral

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/money"
)

const percent = whole / 100

// A share is of what is left, bounded, and rounded down once, to what can be paid in the currency.
func TestShare(t *testing.T) {
	t.Parallel()
	most := int64(math.MaxInt64)
	bound := func(c money.Currency, minor int64) map[money.Currency]int64 {
		return map[money.Currency]int64{c: minor}
	}
	for name, c := range map[string]struct {
		net     money.Amount
		percent int64
		atMost  map[money.Currency]int64
		want    int64
	}{
		"exact":                                {money.New("usd", 1000), 20 * percent, nil, 200},
		"a part of a cent is dropped":          {money.New("usd", 999), 20 * percent, nil, 199},
		"just under a cent":                    {money.New("usd", 4), 20 * percent, nil, 0},
		"just a cent":                          {money.New("usd", 5), 20 * percent, nil, 1},
		"nothing is left":                      {money.New("usd", 0), 20 * percent, nil, 0},
		"all of it":                            {money.New("usd", 1234), 100 * percent, nil, 1234},
		"the smallest share":                   {money.New("usd", 1_000_000), 1, nil, 1},
		"the smallest share, of a unit less":   {money.New("usd", 999_999), 1, nil, 0},
		"four decimals: 12.3456":               {money.New("usd", 1_000_000), 123_456, nil, 123_456},
		"a third":                              {money.New("usd", 300), 333_333, nil, 99},
		"yen":                                  {money.New("jpy", 999), 15 * percent, nil, 149},
		"dinars, down to ten fils":             {money.New("kwd", 1000), 125_000, nil, 120},
		"dinars, exactly ten fils":             {money.New("kwd", 1000), 1 * percent, nil, 10},
		"dinars, just under ten fils":          {money.New("kwd", 990), 1 * percent, nil, 0},
		"dinars that were not a step":          {money.New("kwd", 1999), 50 * percent, nil, 990},
		"krónur, down to a whole one":          {money.New("isk", 1900), 10 * percent, nil, 100},
		"krónur, just under a whole one":       {money.New("isk", 999), 10 * percent, nil, 0},
		"shillings":                            {money.New("ugx", 123_400), 5 * percent, nil, 6100},
		"below the bound":                      {money.New("usd", 1000), 20 * percent, bound("usd", 201), 200},
		"at the bound":                         {money.New("usd", 1000), 20 * percent, bound("usd", 200), 200},
		"above the bound":                      {money.New("usd", 1000), 20 * percent, bound("usd", 199), 199},
		"above a bound that is not a step":     {money.New("kwd", 100_000), 50 * percent, bound("kwd", 1999), 1990},
		"a bound of another currency alone":    {money.New("usd", 1000), 20 * percent, bound("eur", 500), 0},
		"the most there is":                    {money.New("usd", most), 100 * percent, nil, most},
		"half of the most there is":            {money.New("usd", most), 50 * percent, nil, most / 2},
		"the most there is, less a millionth":  {money.New("usd", most), whole - 1, nil, 9_223_362_813_482_738_952},
		"the most there is, in dinars":         {money.New("kwd", most), 100 * percent, nil, most - 7},
		"more than all of it is all of it":     {money.New("usd", 1000), 101 * percent, nil, 1000},
		"more than all of the most there is":   {money.New("usd", most), most, nil, most},
		"the most there is, and a small bound": {money.New("usd", most), 100 * percent, bound("usd", 5000), 5000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := RewardTerms{Percent: c.percent, AtMost: c.atMost}.forPurchase(c.net)
			if want := money.New(c.net.Currency, c.want); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// The same against whole numbers without bounds: never more than the exact share, and less by less than one step.
func TestShareIsTheFloor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]money.Currency{"usd", "jpy", "kwd", "isk", "ugx"}).Draw(t, "currency")
		net := rapid.OneOf(rapid.Int64Range(0, 100_000), rapid.Int64Min(0)).Draw(t, "net")
		share := rapid.Int64Range(1, whole).Draw(t, "percent")
		got := RewardTerms{Percent: share}.forPurchase(money.New(c, net))
		exact := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(net), big.NewInt(share)), big.NewInt(whole))
		over := new(big.Rat).Sub(exact, new(big.Rat).SetInt64(got.Minor))
		if got.Currency != c || got.Minor < 0 || got.Minor%c.Step() != 0 || over.Sign() < 0 || over.Cmp(new(big.Rat).SetInt64(c.Step())) >= 0 {
			t.Fatalf("%d millionths of %d %s are %s, got %d", share, net, c, exact.FloatString(6), got.Minor)
		}
	})
}

func TestAssessRewards(t *testing.T) {
	t.Parallel()
	usd, jpy := bought("a", "usd", 1500, during), bought("a", "jpy", 1500, during)
	share := RewardTerms{To: Referrer, On: OnPurchase, Percent: 20 * percent, AtMost: map[money.Currency]int64{"usd": 5000, "jpy": 100}}
	points := RewardTerms{To: Referee, Fixed: map[money.Currency]int64{money.Points: 10}}
	signUp := RewardTerms{To: Referrer, On: OnSignUp, Fixed: map[money.Currency]int64{money.Points: 5}}
	signUpUSD := RewardTerms{To: Referee, On: OnSignUp, Fixed: map[money.Currency]int64{"usd": 50}}
	with := func(all ...RewardTerms) func(*Terms) {
		return func(t *Terms) { t.Rewards, t.Refunds = all, RefundFull }
	}
	gets := func(all ...Reward) Verdict { return Verdict{Status: Rewarded, Rewards: all} }
	reward := func(to Party, on Occasion, c money.Currency, minor int64) Reward {
		return Reward{to, on, money.New(c, minor)}
	}
	fivePoints, fiftyCents := reward(Referrer, OnSignUp, money.Points, 5), reward(Referee, OnSignUp, "usd", 50)
	pending := Verdict{Status: Pending, Due: closes.Add(time.Second), Rewards: []Reward{fivePoints, fiftyCents}}
	change := func(h History, change func(*History)) History {
		change(&h)
		return h
	}
	check(t, []assessed{
		{name: "a share", terms: with(share), history: plainHistory(usd), want: gets(reward(Referrer, OnPurchase, "usd", 300)), key: "a"},
		{
			name: "a share follows what is left", terms: with(share), history: plainHistory(refunded(usd, 501)), key: "a",
			want: gets(reward(Referrer, OnPurchase, "usd", 199)),
		},
		{name: "a share, bounded", terms: with(share), history: plainHistory(jpy), want: gets(reward(Referrer, OnPurchase, "jpy", 100)), key: "a"},
		{name: "a share of next to nothing is no reward", terms: with(share), history: plainHistory(refunded(usd, 1496)), want: gets(), key: "a"},
		{name: "points for dollars", terms: with(points), history: plainHistory(usd), want: gets(reward(Referee, OnPurchase, money.Points, 10)), key: "a"},
		{name: "points for yen", terms: with(points), history: plainHistory(jpy), want: gets(reward(Referee, OnPurchase, money.Points, 10)), key: "a"},
		{
			name: "points beside a currency stand for no other", history: plainHistory(jpy), want: gets(), key: "a",
			terms: with(RewardTerms{To: Referee, Fixed: map[money.Currency]int64{money.Points: 10, "usd": 5}}),
		},
		{
			name: "another currency alone stands for no other", history: plainHistory(jpy), want: gets(), key: "a",
			terms: with(RewardTerms{To: Referee, Fixed: map[money.Currency]int64{"usd": 5}}),
		},
		{
			name: "less than nothing is no reward", history: plainHistory(usd), want: gets(), key: "a",
			terms: with(RewardTerms{To: Referee, Fixed: map[money.Currency]int64{"usd": -5}}, RewardTerms{To: Referee, Percent: -5}),
		},
		{
			name: "one unit is a reward", history: plainHistory(usd), key: "a",
			terms: with(
				RewardTerms{To: Referee, Fixed: map[money.Currency]int64{"usd": 1}},
				RewardTerms{To: Referee, On: OnSignUp, Fixed: map[money.Currency]int64{"usd": 1}},
			),
			want: gets(reward(Referee, OnPurchase, "usd", 1), reward(Referee, OnSignUp, "usd", 1)),
		},
		{
			name: "a fixed reward does not follow what is left", history: plainHistory(refunded(usd, 1499)), key: "a", want: gets(usdRewards...),
			terms: func(t *Terms) { t.Refunds = RefundFull },
		},

		{name: "of a sign-up, while pending", terms: with(signUp, signUpUSD), history: plainHistory(), want: pending},
		{
			name: "of a sign-up, whatever place it has", terms: with(signUp, signUpUSD), want: pending,
			history: change(plainHistory(), func(h *History) { h.Slot = SlotUnasked }),
		},
		{
			name: "of a sign-up, during the hold", history: plainHistory(usd), key: "a",
			terms: func(t *Terms) { t.Rewards, t.Hold = []RewardTerms{share, signUp}, time.Hour },
			want:  Verdict{Status: Qualified, Due: during.Add(time.Hour), Rewards: []Reward{fivePoints}},
		},
		{
			name: "of a sign-up and of the purchase", terms: with(signUpUSD, share, signUp), history: plainHistory(usd), key: "a",
			want: gets(reward(Referrer, OnPurchase, "usd", 300), fiftyCents, fivePoints),
		},
		{
			name: "of a sign-up, when the window closed", terms: with(signUp), history: plainHistory(), now: closes.Add(time.Second),
			want: Verdict{Status: Cancelled, Reason: Expired},
		},
		{
			name: "of a sign-up, when all went back", terms: with(signUp), history: plainHistory(refunded(usd, 1500)), key: "a",
			want: Verdict{Status: Cancelled, Reason: Refunded},
		},
		{
			name: "of a sign-up that is another's, or the referrer's own", terms: with(signUp),
			history: change(plainHistory(), func(h *History) { h.SamePerson = true }), want: Verdict{Status: Cancelled, Reason: SelfReferral},
		},
		{
			name: "of a sign-up that awaits a decision", key: "",
			terms:   func(t *Terms) { t.Rewards, t.Fraud.SameIP = []RewardTerms{signUp}, Review },
			history: change(plainHistory(), func(h *History) { h.Signals = []Signal{{Kind: SignalSameIP, At: during}} }),
			want: Verdict{
				Status: Pending, Due: closes.Add(time.Second), Reviewing: []string{"same_ip"}, Flags: []SignalKind{SignalSameIP},
			},
		},
		{
			name: "of a sign-up that was approved", key: "",
			terms: func(t *Terms) { t.Rewards, t.Fraud.SameIP = []RewardTerms{signUp}, Review },
			history: change(plainHistory(), func(h *History) {
				h.Signals, h.Decision = []Signal{{Kind: SignalSameIP, At: during}}, Decision{Approve, during}
			}),
			want: Verdict{Status: Pending, Due: closes.Add(time.Second), Flags: []SignalKind{SignalSameIP}, Rewards: []Reward{fivePoints}},
		},
		{
			name: "of a sign-up, while there is an inquiry", terms: with(signUp), key: "a",
			history: change(plainHistory(usd), func(h *History) { h.Purchases[0].InquiryAt = during }),
			want:    Verdict{Status: Qualified, Reviewing: []string{"inquiry"}},
		},
		{
			name: "of a sign-up, while its place is asked for", terms: with(signUp), key: "a",
			history: change(plainHistory(usd), func(h *History) { h.Slot = SlotUnasked }), want: Verdict{Status: Qualified, WantsSlot: true},
		},
		{
			name: "of a sign-up, of nothing", history: plainHistory(), want: Verdict{Status: Pending, Due: closes.Add(time.Second)},
			terms: with(RewardTerms{To: Referrer, On: OnSignUp, Fixed: map[money.Currency]int64{"usd": 0}}),
		},
	})
}

// The tier is that of the place on the code. Its own rewards are instead of the program's for the purchase, and beside those
// for the sign-up.
func TestAssessTiers(t *testing.T) {
	t.Parallel()
	own := []RewardTerms{{To: Referrer, On: OnPurchase, Fixed: map[money.Currency]int64{"usd": 2000}}}
	terms := plainTerms()
	terms.Rewards = append(terms.Rewards, RewardTerms{To: Referrer, On: OnSignUp, Fixed: map[money.Currency]int64{money.Points: 5}})
	terms.Tiers = []Tier{{Name: "Bronze", From: 1}, {Name: "Silver", From: 10}, {Name: "Gold", From: 50, Rewards: own}}
	ofSignUp := Reward{Referrer, OnSignUp, money.New(money.Points, 5)}
	plain, gold := append(append([]Reward{}, usdRewards...), ofSignUp), []Reward{{Referrer, OnPurchase, money.New("usd", 2000)}, ofSignUp}
	for slot, want := range map[Slot]Verdict{
		SlotRefused: {Status: Cancelled, Reason: CodeExhausted},
		SlotUnasked: {Status: Qualified, WantsSlot: true},
		1:           {Status: Rewarded, Tier: "Bronze", Rewards: plain},
		9:           {Status: Rewarded, Tier: "Bronze", Rewards: plain},
		10:          {Status: Rewarded, Tier: "Silver", Rewards: plain},
		49:          {Status: Rewarded, Tier: "Silver", Rewards: plain},
		50:          {Status: Rewarded, Tier: "Gold", Rewards: gold},
		1_000_000:   {Status: Rewarded, Tier: "Gold", Rewards: gold},
	} {
		h := plainHistory(bought("a", "usd", 1000, during))
		h.Slot = slot
		got := Assess(terms, h, during)
		got.Checks, got.Purchase = nil, nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("place %d (-want +got)\n%s", slot, diff)
		}
	}
	terms.Tiers = terms.Tiers[1:]
	if v := Assess(terms, plainHistory(bought("a", "usd", 1000, during)), during); v.Tier != "" || len(v.Rewards) != 3 {
		t.Errorf("a place before the first tier is in %q and gets %v", v.Tier, v.Rewards)
	}
	terms.Tiers[0].From, terms.Tiers[0].Rewards = 1, terms.Rewards // the sign-up's stay the program's
	if v := Assess(terms, plainHistory(bought("a", "usd", 1000, during)), during); len(v.Rewards) != 3 {
		t.Errorf("a tier that speaks of the sign-up gets %v", v.Rewards)
	}
}

func TestLeg(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]Reward{
		"referrer": {To: Referrer, On: OnPurchase}, "referee": {To: Referee, On: OnPurchase},
		"referrer:signup": {To: Referrer, On: OnSignUp}, "referee:signup": {To: Referee, On: OnSignUp},
	} {
		if got := r.Leg(); got != want {
			t.Errorf("%+v is the leg %q, want %q", r, got, want)
		}
		if to, on := PartOf(want); to != r.To || on != r.On {
			t.Errorf("the leg %q is for the %q of a %q, want %+v", want, to, on, r)
		}
	}
}
