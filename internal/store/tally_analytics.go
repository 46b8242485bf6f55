package store

import (
	"cmp"
	"context"
	"errors"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// Day is what one day came to. Referrals count on the day of their sign-up, by their present status; amounts and visits on
// the day they were granted, revoked, or made.
type Day struct {
	Date                                    string // YYYY-MM-DD, of UTC; empty in a total
	Visits, SignUps                         int64
	Referred                                int64 // whatever became of them
	Qualified                               int64 // qualified or rewarded
	Rewarded, Cancelled                     int64
	Granted, Revoked                        []money.Amount // by currency; none that is zero
	firstPurchases, secondsToFirstPurchases int64
}

// Counted is how often there was something.
type Counted struct {
	Name  string
	Count int64
}

// Month is what one month came to.
type Month struct {
	Month             string // YYYY-MM, of UTC
	SignUps, Referred int64
	Viral             string // Referred for each person who had signed up before the month, to three decimals; empty when nobody had
}

// Analytics is what a program came to in some days, folded from what the worker did a moment ago.
type Analytics struct {
	Program                    string
	From, To                   string // YYYY-MM-DD, both included
	Days                       []Day  // every one of them
	Totals                     Day
	SignUpsBySource            []Counted      // most first; at most 20, and the rest as "other"
	FirstPurchases             int64          // referrals with a purchase that decides, of those who signed up in these days
	MeanSecondsToFirstPurchase int64          // from the sign-up; 0 without any
	Months                     []Month        // that the days touch, each as a whole
	CostPerCustomer            []money.Amount // granted less revoked, for each rewarded referral, rounded down; none without any
	Conversion                 string         // rewarded of referred, to four decimals; empty without any
	TopReferrers               []Leader       // of all time, at most 10, also those who are not on the leaderboard
}

// MostDays is how many days analytics may span.
const MostDays = 1100

// ErrDays says that analytics were asked for of no days, or of too many.
var ErrDays = errors.New("store: analytics span 1 to " + strconv.Itoa(MostDays) + " days")

const (
	topSources   = 20
	topReferrers = 10
)

// Analytics reads what a program came to from one day to another, by UTC, both included. Errors: ErrNotFound when there is no
// such program, ErrDays.
func (s *Database) Analytics(ctx context.Context, program string, from, to time.Time) (Analytics, error) {
	first, last := dayOf(from), dayOf(to)
	if last < first || last-first >= MostDays {
		return Analytics{}, ErrDays
	}
	a := Analytics{Program: program, From: dateOf(first), To: dateOf(last)}
	err := s.oneMoment(ctx, func(q *db.Queries) error {
		p, err := q.GetProgram(ctx, program)
		if err != nil {
			return notFound(err)
		}
		if err := a.readDays(ctx, q, p.ID, first, last); err != nil {
			return err
		}
		if err := a.readSources(ctx, q, p.ID, first, last); err != nil {
			return err
		}
		if err := a.readMonths(ctx, q, p.ID, from.UTC(), to.UTC()); err != nil {
			return err
		}
		a.TopReferrers, err = leaders(ctx, q, p.ID, LeaderCursor{}, topReferrers, true)
		return err
	})
	return a, explainSchema(err)
}

// readDays reads the days, and what follows from their totals.
func (a *Analytics) readDays(ctx context.Context, q *db.Queries, program int64, first, last int32) error {
	rows, err := q.ListDaily(ctx, db.ListDailyParams{ProgramID: program, FromDay: first, ToDay: last, Names: []string{
		tallyVisits, tallySignUps, tallyReferrals, tallyFirst, tallySeconds, tallyGranted, tallyRevoked,
	}})
	if err != nil {
		return err
	}
	a.Days = make([]Day, last-first+1)
	for i := range a.Days {
		a.Days[i].Date = dateOf(first + int32(i))
	}
	for _, r := range rows {
		if err := errors.Join(a.Days[r.Day-first].add(r.Name, r.Label, r.N), a.Totals.add(r.Name, r.Label, r.N)); err != nil {
			return err
		}
	}
	for i := range a.Days {
		a.Days[i].tidy()
	}
	a.Totals.tidy()
	if n := a.Totals.firstPurchases; n > 0 {
		a.FirstPurchases, a.MeanSecondsToFirstPurchase = n, a.Totals.secondsToFirstPurchases/n
	}
	a.Conversion = ratio(a.Totals.Rewarded, a.Totals.Referred, 4)
	a.CostPerCustomer, err = a.Totals.costs()
	return err
}

// add takes in a tally of the day.
func (d *Day) add(name, label string, n int64) (err error) {
	switch name {
	case tallyVisits:
		d.Visits += n
	case tallySignUps:
		d.SignUps += n
	case tallyReferrals:
		d.Referred += n
		switch referral.Status(label) {
		case referral.Qualified:
			d.Qualified += n
		case referral.Rewarded:
			d.Qualified += n
			d.Rewarded += n
		case referral.Cancelled:
			d.Cancelled += n
		case referral.Pending:
		}
	case tallyFirst:
		d.firstPurchases += n
	case tallySeconds:
		d.secondsToFirstPurchases += n
	case tallyGranted:
		d.Granted, err = addAmount(d.Granted, money.New(money.Currency(label), n))
	case tallyRevoked:
		d.Revoked, err = addAmount(d.Revoked, money.New(money.Currency(label), n))
	}
	return err
}

// addAmount adds to the sum of a currency.
func addAmount(sums []money.Amount, more money.Amount) ([]money.Amount, error) {
	i, found := slices.BinarySearchFunc(sums, more, func(a, b money.Amount) int { return cmp.Compare(a.Currency, b.Currency) })
	if !found {
		return slices.Insert(sums, i, more), nil
	}
	sum, err := sums[i].Add(more)
	sums[i] = sum
	return sums, err
}

// tidy drops amounts of nothing.
func (d *Day) tidy() {
	d.Granted = slices.DeleteFunc(d.Granted, money.Amount.IsZero)
	d.Revoked = slices.DeleteFunc(d.Revoked, money.Amount.IsZero)
}

// costs are what was granted and not revoked for each rewarded referral.
func (d *Day) costs() (each []money.Amount, err error) {
	if d.Rewarded <= 0 {
		return nil, nil
	}
	net := slices.Clone(d.Granted)
	for _, r := range d.Revoked {
		back, err := r.Neg()
		if err != nil {
			return nil, err
		}
		if net, err = addAmount(net, back); err != nil {
			return nil, err
		}
	}
	for i := range net {
		net[i].Minor = floorDiv(net[i].Minor, d.Rewarded)
	}
	return net, nil
}

// readSources reads how people came.
func (a *Analytics) readSources(ctx context.Context, q *db.Queries, program int64, first, last int32) error {
	rows, err := q.ListSources(ctx, db.ListSourcesParams{ProgramID: program, FromDay: first, ToDay: last, Most: topSources})
	rest := a.Totals.SignUps
	for _, r := range rows {
		a.SignUpsBySource = append(a.SignUpsBySource, Counted{r.Label, r.N})
		rest -= r.N
	}
	if rest <= 0 || err != nil {
		return err
	}
	i := slices.IndexFunc(a.SignUpsBySource, func(c Counted) bool { return c.Name == otherSources })
	if i < 0 {
		i = len(a.SignUpsBySource)
		a.SignUpsBySource = append(a.SignUpsBySource, Counted{Name: otherSources})
	}
	a.SignUpsBySource[i].Count += rest
	return nil
}

const otherSources = "other"

// readMonths reads the months that the days touch.
func (a *Analytics) readMonths(ctx context.Context, q *db.Queries, program int64, from, to time.Time) error {
	begin := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC)
	end := time.Date(to.Year(), to.Month()+1, 0, 0, 0, 0, 0, time.UTC)
	before, err := q.CountSignUpsBefore(ctx, db.CountSignUpsBeforeParams{ProgramID: program, Day: dayOf(begin)})
	if err != nil {
		return err
	}
	rows, err := q.ListMonths(ctx, db.ListMonthsParams{ProgramID: program, FromDay: dayOf(begin), ToDay: dayOf(end)})
	of := make(map[string]db.ListMonthsRow, len(rows))
	for _, r := range rows {
		of[r.Month] = r
	}
	for m := begin; m.Before(end); m = m.AddDate(0, 1, 0) {
		name := m.Format("2006-01")
		r := of[name]
		a.Months = append(a.Months, Month{name, r.SignUps, r.Referred, ratio(r.Referred, before, 3)})
		before += r.SignUps
	}
	return err
}

// ratio writes a fraction as a decimal, rounded half up; empty when it is of nothing.
func ratio(part, whole int64, decimals int) string {
	if whole <= 0 {
		return ""
	}
	return big.NewRat(max(part, 0), whole).FloatString(decimals)
}

func floorDiv(a, b int64) int64 {
	if a%b < 0 {
		return a/b - 1
	}
	return a / b
}

// dayOf numbers the days of UTC, from 1970 on.
func dayOf(at time.Time) int32 { return int32(floorDiv(at.Unix(), 24*60*60)) }

// dateOf writes the day of a number.
func dateOf(day int32) string { return time.Unix(int64(day)*24*60*60, 0).UTC().Format(time.DateOnly) }
