package simulate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Outcome is what must be beside what is.
type Outcome struct {
	People    int          `json:"people"`   // that were compared, one by one
	LeftOut   int          `json:"left_out"` // of whom not every event is known to be taken or not
	Referrals []Count      `json:"referrals"`
	Rewards   []RewardSums `json:"rewards"`  // by currency, in minor units
	Balances  []Count      `json:"balances"` // the sums, by currency, in minor units
	// Differences is how many there are; Examples are the first.
	Differences int      `json:"differences"`
	Examples    []string `json:"examples,omitempty"`
}

// Count is one line of a comparison.
type Count struct {
	Of       string `json:"of"`
	Expected int64  `json:"expected"`
	Actual   int64  `json:"actual"`
}

// RewardSums are what stands, as a Count, and what was ever granted. The latter depends on the order in which events came:
// a purchase that was refunded before it was seen never earned anything. So nothing is expected of it.
type RewardSums struct {
	Count

	Granted int64 `json:"granted"`
}

// Compare holds the database to the expectation: every person's referral and balances, one by one, and the sums.
// Which referrals of a code that is wanted by more than it may serve have a place on it depends on the order in which
// purchases were seen; how many have does not. Of these, only the number is held to the expectation, and each one must
// be as it would be with a place or without.
func Compare(ctx context.Context, run *Run, e *Expectation, db Database) (Outcome, error) {
	c := newComparison(run, e)
	for from := int32(0); int(from) < len(run.People); from += page {
		if err := c.read(ctx, db, from, min(from+page, int32(len(run.People)))); err != nil {
			return c.Outcome, err
		}
	}
	c.crowdedCodes()
	c.standings()
	c.rewards()
	c.balances()
	return c.Outcome, nil
}

// comparison is an Outcome in the making.
type comparison struct {
	Outcome

	run    *Run
	expect *Expectation
	users  map[string]int32 // of the page that is read
	actual []Standing       // of each person's referral; zero: none
	sums   map[string]*Count
	unsure []bool // persons of whose balance nothing can be said
	// By the number of the currency, and the person where there are two.
	currencies      map[string]int
	owed, has       [][]int64
	due, live, ever []int64 // rewards that should stand, that stand, that were granted
}

func newComparison(run *Run, e *Expectation) *comparison {
	n := len(run.People)
	c := &comparison{
		run: run, expect: e, actual: make([]Standing, n), sums: map[string]*Count{}, unsure: make([]bool, n),
		currencies: map[string]int{},
	}
	for i, currency := range run.Currencies {
		c.currencies[currency] = i
		c.owed, c.has = append(c.owed, make([]int64, n)), append(c.has, make([]int64, n))
	}
	c.due, c.live, c.ever = make([]int64, len(c.owed)), make([]int64, len(c.owed)), make([]int64, len(c.owed))
	for i, p := range run.People {
		if e.People[i].Blurred {
			c.LeftOut++
			c.unsure[i] = true
			if p.Referrer != Nobody {
				c.unsure[p.Referrer] = true
			}
		}
	}
	c.People = n - c.LeftOut
	return c
}

func (c *comparison) differ(format string, args ...any) {
	c.Differences++
	if len(c.Examples) < examples {
		c.Examples = append(c.Examples, fmt.Sprintf(format, args...))
	}
}

// read reads what there is of some people.
func (c *comparison) read(ctx context.Context, db Database, from, to int32) error {
	ids := c.run.UserIDs(from, to)
	c.users = make(map[string]int32, len(ids))
	var known []string // whose outcome is
	for i, id := range ids {
		c.users[id] = from + int32(i)
		if !c.expect.People[c.users[id]].Blurred {
			known = append(known, id)
		}
	}
	referrals, err := db.Referrals(ctx, known)
	if err != nil {
		return err
	}
	for _, r := range referrals {
		c.referral(r)
	}
	balances, err := db.Balances(ctx, ids)
	if err != nil {
		return err
	}
	for _, b := range balances {
		c.balance(b)
	}
	rewards, err := db.Rewards(ctx, known)
	for _, r := range rewards {
		if n, ok := c.currency(r.Currency); ok {
			c.live[n] += r.Granted - r.Revoked
			c.ever[n] += r.Granted
		}
	}
	return err
}

func (c *comparison) currency(name string) (number int, ok bool) {
	if number, ok = c.currencies[name]; !ok {
		c.differ("there is something in %s, in which nobody is owed anything", name)
	}
	return number, ok
}

func (c *comparison) referral(r Referral) {
	user := c.users[r.Referee]
	person := c.run.People[user]
	if c.actual[user].Status != "" {
		c.differ("%s has more than one referral", r.Referee)
		return
	}
	c.actual[user] = r.Standing
	if person.Referrer != Nobody && c.run.UserID(person.Referrer) != r.Referrer {
		c.differ("%s was referred by %s, and not by %s", r.Referee, c.run.UserID(person.Referrer), r.Referrer)
	}
}

func (c *comparison) balance(b Balance) {
	if n, ok := c.currency(b.Currency); ok {
		c.has[n][c.users[b.User]] = b.Minor
	}
}

// crowdedCodes settles what to expect where more referrals want a place on a code than there are. Where the number of
// those refused is right, each is expected to be what it is, if it may be that.
func (c *comparison) crowdedCodes() {
	places := int32(c.run.Rules.MaxUses)
	if places == 0 {
		return
	}
	crowds := map[int32][]int32{}
	for i, p := range c.run.People {
		x := c.expect.People[i]
		if p.Referrer != Nobody && (x.Wants || x.Might) && !x.Blurred && c.expect.crowd(p.Referrer) > places {
			crowds[p.Referrer] = append(crowds[p.Referrer], int32(i))
		}
	}
	for referrer, crowd := range crowds {
		c.crowdedCode(referrer, crowd, places)
	}
}

// crowd is how many may have asked for a place on somebody's code.
func (e *Expectation) crowd(referrer int32) int32 {
	return e.wants[referrer] + e.mights[referrer] + e.blurs[referrer]
}

func (c *comparison) crowdedCode(referrer int32, crowd []int32, places int32) {
	refused, ofWants, wants := int32(0), int32(0), c.expect.wants[referrer]
	for _, i := range crowd {
		if c.actual[i] == exhausted {
			refused++
			if c.expect.People[i].Wants {
				ofWants++
			}
		}
	}
	// Those who only might have asked for a place, and those nobody knows enough about, may have taken one, or not. But
	// nobody is refused while one is free.
	least, most := max(0, wants-places), c.expect.crowd(referrer)-places
	if ofWants < least || refused > most {
		c.differ("of %d referrals who want one of the %d places on the code of %s, %d have none, and it should be %s",
			wants, places, c.run.UserID(referrer), refused, span(least, most))
	}
	for _, i := range crowd {
		if c.actual[i] == exhausted {
			c.expect.People[i].Stands = exhausted
		}
	}
}

func span(least, most int32) string {
	if least == most {
		return strconv.Itoa(int(least))
	}
	return fmt.Sprintf("%d to %d", least, most)
}

// standings holds each person's referral to the expectation, and adds them up.
func (c *comparison) standings() {
	for i := range c.run.People {
		x := c.expect.People[i]
		if x.Blurred {
			continue
		}
		want, have := Standing{}, c.actual[i]
		if x.Referred {
			want = x.Stands
			c.sum(want).Expected++
		}
		if have.Status != "" {
			c.sum(have).Actual++
		}
		if want != have {
			c.differ("the referral of %s should be %s, and is %s", c.run.UserID(int32(i)), standing(want), standing(have))
		}
		if want.Status == rewarded {
			c.owe(int32(i), x.Currency)
		}
	}
	for _, s := range c.sums {
		c.Referrals = append(c.Referrals, *s)
	}
	slices.SortFunc(c.Referrals, func(a, b Count) int {
		return cmp.Or(rank(a.Of)-rank(b.Of), strings.Compare(a.Of, b.Of))
	})
}

func (c *comparison) sum(s Standing) *Count {
	name := standing(s)
	if c.sums[name] == nil {
		c.sums[name] = &Count{Of: name}
	}
	return c.sums[name]
}

// owe adds what a referral that is rewarded brings to both sides.
func (c *comparison) owe(referee int32, currency uint8) {
	name := c.run.Currencies[currency]
	toReferee, toReferrer := c.run.Rules.Rewards[Referee][name], c.run.Rules.Rewards[Referrer][name]
	c.owed[currency][referee] += toReferee
	c.owed[currency][c.run.People[referee].Referrer] += toReferrer
	c.due[currency] += toReferee + toReferrer
}

func (c *comparison) rewards() {
	for n, currency := range c.run.Currencies {
		if c.due[n] != c.live[n] {
			c.differ("rewards of %d %s should stand, in minor units, and it is %d", c.due[n], currency, c.live[n])
		}
		if c.due[n] != 0 || c.ever[n] != 0 {
			c.Rewards = append(c.Rewards, RewardSums{Count{currency, c.due[n], c.live[n]}, c.ever[n]})
		}
	}
}

// balances holds each person's balances to the expectation, and adds them up.
func (c *comparison) balances() {
	for n, currency := range c.run.Currencies {
		sum := Count{Of: currency}
		for i := range c.run.People {
			if c.unsure[i] {
				continue
			}
			want, have := c.owed[n][i], c.has[n][i]
			sum.Expected += want
			sum.Actual += have
			if want != have {
				c.differ("the balance of %s should be %d %s, in minor units, and is %d", c.run.UserID(int32(i)), want, currency, have)
			}
		}
		if sum.Expected != 0 || sum.Actual != 0 {
			c.Balances = append(c.Balances, sum)
		}
	}
}

// standing says where a referral stands.
func standing(s Standing) string {
	switch {
	case s.Status == "":
		return "missing"
	case s.Reason == "":
		return s.Status
	}
	return s.Status + ", " + s.Reason
}

// rank is the place of a line in the table: the way of a referral, and then the reasons why it ended.
func rank(of string) int {
	if i := slices.Index([]string{pending, qualified, rewarded}, of); i >= 0 {
		return i
	}
	return 3
}
