package console

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/pages"
	"github.com/plusone-dev/plusone/internal/store"
)

// overviewPage is how a program did.
type overviewPage struct {
	store.Analytics

	Programs []store.AppliedVersion
	Shown    int64
	Charts   []pages.Chart
	Moneys   []pages.Chart
	Funnel   []share
	Sources  []share
	Percent  string // of the referred who were rewarded; empty without any
	Latest   []store.Browsed
}

// share is a name with how much of the most it has.
type share struct {
	Name  string
	Count int64
	Most  int64
}

// overviewDays is how many days the overview looks back over, today included.
const overviewDays = 90

func (c *Console) overview(w http.ResponseWriter, r *http.Request) error {
	id, err := numberAlone(r, "program")
	if err != nil {
		return err
	}
	var content overviewPage
	if content.Programs, err = c.newest(r); err != nil {
		return err
	}
	at := slices.IndexFunc(content.Programs, func(v store.AppliedVersion) bool { return v.Program == id || id == 0 && v.Name == defaultProgram })
	if at < 0 {
		return store.ErrNotFound
	}
	content.Shown = content.Programs[at].Program
	today := c.now().UTC()
	content.Analytics, err = c.Store.Analytics(r.Context(), content.Programs[at].Name, today.AddDate(0, 0, 1-overviewDays), today)
	if err != nil {
		return err
	}
	if content.Latest, _, err = c.Store.Browse(r.Context(), store.Browse{Program: content.Shown, Limit: fewLines}); err != nil {
		return err
	}
	content.draw()
	return c.show(w, r, "overview", c.page(r, "Overview", Path, content))
}

// draw makes the charts of what was counted.
func (o *overviewPage) draw() {
	days := make([]string, 0, len(o.Days))
	for _, d := range o.Days {
		days = append(days, d.Date)
	}
	by := func(name string, of func(store.Day) int64) pages.Series {
		s := pages.Series{Name: name}
		for _, d := range o.Days {
			s.Values = append(s.Values, of(d))
		}
		return s
	}
	o.Charts = []pages.Chart{
		{
			ID: "sign-ups", Title: "Sign-ups", Desc: "How many signed up on each of the last 90 days, and how many of them were referred.", Days: days,
			Series: []pages.Series{
				by("referred", func(d store.Day) int64 { return d.Referred }),
				by("others", func(d store.Day) int64 { return max(d.SignUps-d.Referred, 0) }),
			},
		},
		{
			ID: "outcomes", Title: "What became of referrals, by the day of their sign-up", Days: days,
			Desc: "Of the referrals of each of the last 90 days, how many are rewarded, qualified, pending and cancelled now.",
			Series: []pages.Series{
				by("rewarded", func(d store.Day) int64 { return d.Rewarded }),
				by("qualified", func(d store.Day) int64 { return d.Qualified - d.Rewarded }),
				by("pending", func(d store.Day) int64 { return d.Referred - d.Qualified - d.Cancelled }),
				by("cancelled", func(d store.Day) int64 { return d.Cancelled }),
			},
		},
		{
			ID: "visits", Title: "Visits of links", Desc: "How often referral links were opened on each of the last 90 days.", Days: days, Lines: true,
			Series: []pages.Series{by("visits", func(d store.Day) int64 { return d.Visits })},
		},
	}
	o.drawMoney(days)
	o.funnel()
	for _, s := range o.SignUpsBySource {
		o.Sources = append(o.Sources, share{s.Name, s.Count, o.SignUpsBySource[0].Count})
	}
	if o.Totals.Referred > 0 {
		thousandths := o.Totals.Rewarded * 1000 / o.Totals.Referred
		o.Percent = fmt.Sprintf("%d.%d %%", thousandths/10, thousandths%10)
	}
}

// funnel is how far people got: each step counts those that came further as well. Who names a code without having followed a link
// signs up without a visit, so that there may be more of the second than of the first.
func (o *overviewPage) funnel() {
	t := o.Totals
	most := max(t.Visits, t.Referred, 1)
	o.Funnel = []share{{"Visits", t.Visits, most}, {"Sign-ups with a code", t.Referred, most}, {"Qualified", t.Qualified, most}, {"Rewarded", t.Rewarded, most}}
}

// mostMoneys is how many currencies have a chart of their own.
const mostMoneys = 3

// drawMoney makes a chart for each currency in which something was granted or revoked.
func (o *overviewPage) drawMoney(days []string) {
	for _, c := range currencies(o.Totals) {
		if len(o.Moneys) == mostMoneys {
			return
		}
		text := func(n int64) string { return whole(money.New(c, n)) } // the title says of what
		granted, revoked := pages.Series{Name: "granted", Text: text}, pages.Series{Name: "taken back", Text: text}
		for _, d := range o.Days {
			granted.Values = append(granted.Values, in(d.Granted, c))
			revoked.Values = append(revoked.Values, in(d.Revoked, c))
		}
		o.Moneys = append(o.Moneys, pages.Chart{
			ID: "rewards-" + string(c), Title: "Rewards in " + currencyName(c), Lines: true, Days: days, Series: []pages.Series{granted, revoked},
			Desc: "What was granted and what was taken back on each of the last 90 days.",
		})
	}
}

// whole writes an amount of whole units without its zeros: there is little room beside a chart.
func whole(a money.Amount) string {
	units, rest, _ := strings.Cut(a.Major(), ".")
	if strings.Trim(rest, "0") == "" {
		return units
	}
	return a.Major()
}

func currencies(d store.Day) (all []money.Currency) {
	for _, a := range slices.Concat(d.Granted, d.Revoked) {
		if !slices.Contains(all, a.Currency) {
			all = append(all, a.Currency)
		}
	}
	slices.Sort(all)
	return all
}

// in is how much of a currency there is.
func in(amounts []money.Amount, c money.Currency) int64 {
	for _, a := range amounts {
		if a.Currency == c {
			return a.Minor
		}
	}
	return 0
}

// monthName writes "2026-11" as people do.
func monthName(m string) string {
	t, err := time.Parse("2006-01", m)
	if err != nil {
		return m
	}
	return t.Format("January 2006")
}
