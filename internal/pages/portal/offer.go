package portal

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// offer is what a program's terms promise, in words.
type offer struct {
	Headline string
	You      []string // what the referrer gets
	Friend   []string // what the friend gets
	When     string   // what must have happened before
	Text     string   // what a friend is told along with the link
}

// describe puts terms into words, as they are for the referrer's next friend.
func describe(t referral.Terms, next int) offer {
	rewards := rewardsFor(t, next)
	o := offer{You: promises(rewards, referral.Referrer), Friend: promises(rewards, referral.Referee)}
	o.Headline = "Invite your friends"
	you, friend := plain(rewards, t, referral.Referrer), plain(rewards, t, referral.Referee)
	switch {
	case you != "" && friend != "":
		o.Headline = fmt.Sprintf("Give %s, get %s", friend, you)
	case you != "":
		o.Headline = fmt.Sprintf("Get %s for each friend", you)
	case friend != "":
		o.Headline = "Give your friends " + friend
	}
	o.When = condition(t)
	o.Text = "I thought you might like this."
	if friend != "" {
		o.Text = fmt.Sprintf("Sign up with my link and get %s.", friend)
	}
	return o
}

// rewardsFor are those for the friend of an ordinal: a tier that has rewards of its own replaces those for a purchase.
func rewardsFor(t referral.Terms, ordinal int) []referral.RewardTerms {
	var own []referral.RewardTerms
	for _, tier := range t.Tiers {
		if tier.From <= ordinal {
			own = tier.Rewards
		}
	}
	if len(own) == 0 {
		return t.Rewards
	}
	all := slices.Clone(own)
	for _, r := range t.Rewards {
		if r.On == referral.OnSignUp {
			all = append(all, r)
		}
	}
	return all
}

// plain is a side's only reward in few words; empty when there are several, or none.
func plain(rewards []referral.RewardTerms, t referral.Terms, to referral.Party) string {
	var mine []referral.RewardTerms
	for _, r := range rewards {
		if r.To == to {
			mine = append(mine, r)
		}
	}
	if len(mine) != 1 {
		return ""
	}
	if mine[0].Percent > 0 {
		return percent(mine[0].Percent)
	}
	return mainAmount(mine[0].Fixed, t).Human()
}

// mainAmount is the amount in the program's first currency: dollars, then by the code, points last.
func mainAmount(amounts map[money.Currency]int64, t referral.Terms) money.Amount {
	first := inOrder(amounts)[0]
	if _, ok := t.Qualify.Minimum["usd"]; !ok {
		for _, c := range inOrder(t.Qualify.Minimum) {
			if minor, listed := amounts[c]; listed {
				return money.New(c, minor)
			}
		}
	}
	return money.New(first, amounts[first])
}

// inOrder are the currencies of a price list: dollars first, points last, the others by their codes.
func inOrder(amounts map[money.Currency]int64) []money.Currency {
	place := func(c money.Currency) int {
		switch c {
		case "usd":
			return 0
		case money.Points:
			return 2
		}
		return 1
	}
	all := slices.Collect(maps.Keys(amounts))
	slices.SortFunc(all, func(a, b money.Currency) int { return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b)) })
	return all
}

// promises are a side's rewards, each in words.
func promises(rewards []referral.RewardTerms, to referral.Party) (all []string) {
	for _, r := range rewards {
		if r.To != to {
			continue
		}
		what := list(r.Fixed)
		if r.Percent > 0 {
			what = percent(r.Percent) + " of " + whose(to) + " purchase"
			if len(r.AtMost) > 0 {
				what += ", up to " + list(r.AtMost)
			}
		}
		if r.On == referral.OnSignUp {
			what += " on sign-up"
		}
		all = append(all, what)
	}
	return all
}

func whose(to referral.Party) string {
	if to == referral.Referee {
		return "their"
	}
	return "the"
}

// list is a price list in words: "$10.00 or €10.00". Of many currencies the first are named.
func list(amounts map[money.Currency]int64) string {
	var names []string
	for _, c := range inOrder(amounts) {
		names = append(names, money.New(c, amounts[c]).Human())
	}
	const most = 3
	if len(names) > most {
		names = append(names[:most:most], "as much in other currencies")
	}
	return strings.Join(names, " or ")
}

// percent writes millionths as a percentage: 200000 is 20%.
func percent(millionths int64) string {
	whole, rest := millionths/10_000, millionths%10_000
	if rest == 0 {
		return fmt.Sprintf("%d%%", whole)
	}
	return fmt.Sprintf("%d.%s%%", whole, strings.TrimRight(fmt.Sprintf("%04d", rest), "0"))
}

// condition says what a friend must do before a reward for a purchase is granted, and when that is.
func condition(t referral.Terms) string {
	q := t.Qualify
	what := "a purchase"
	if q.Purchase == referral.First {
		what = "a first purchase"
	}
	if least := list(q.Minimum); least != "" {
		what += " of at least " + least
	}
	text := fmt.Sprintf("A friend counts once they have signed up with your link and made %s within %s.", what, span(q.Within))
	if q.VerifiedEmail {
		text += " Their e-mail address must be verified too."
	}
	if t.Hold > 0 {
		text += fmt.Sprintf(" Rewards follow %s after the purchase.", span(t.Hold))
	}
	return text
}

// span is a duration in words, to the unit that it is a whole number of.
func span(d time.Duration) string {
	for _, u := range []struct {
		name string
		is   time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		if d%u.is == 0 && d > 0 {
			n := int64(d / u.is)
			if n == 1 {
				return "1 " + u.name
			}
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return d.String()
}
