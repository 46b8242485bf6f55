package store

import (
	"encoding/json"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// Tallies. What people and programs came to is asked often, and must not be counted anew each time: so it is kept as sums.
// A transaction that added to them would wait for whoever adds to the same ones. So it notes what it changes, as differences:
// what each referral and each sign-up counts as now, less what it counted as before; transfers, and visits. They go into one
// row of a queue, committed with what they tell of, and are folded into the sums a moment later: see FoldTallies. Sums do not
// depend on the order, and what they amount to can be counted anew from the referrals at any time, which the audit does.

// The names of the tallies by day.
const (
	tallySignUps   = "sign_ups"               // of people
	tallySources   = "sources"                // the same, by how they came
	tallyReferrals = "referrals"              // by status
	tallyFirst     = "first_purchases"        // referrals with a purchase that decides
	tallySeconds   = "first_purchase_seconds" // from their sign-ups to it
	tallyGranted   = "granted"                // by currency
	tallyRevoked   = "revoked"
	tallyVisits    = "visits" // by channel
)

// How those came of whom the business does not say it.
const (
	cameReferred = "referral" // they named a code
	cameDirect   = "direct"
)

// dailyKey is one tally of one day.
type dailyKey struct {
	program int64
	day     int32
	name    string
	label   string
}

// memberKey is somebody in a program.
type memberKey struct{ user, program int64 }

// earningKey is what somebody earns in a program, in a currency.
type earningKey struct {
	memberKey
	currency money.Currency
}

// standingDelta is by how much the standing of a referrer changes.
type standingDelta struct{ visits, pending, qualified, rewarded, cancelled int64 }

// of is the number of referrals of a status.
func (d *standingDelta) of(status string) *int64 {
	switch referral.Status(status) {
	case referral.Pending:
		return &d.pending
	case referral.Qualified:
		return &d.qualified
	case referral.Rewarded:
		return &d.rewarded
	case referral.Cancelled:
	}
	return &d.cancelled
}

// deltas are what a transaction changes of the tallies.
type deltas struct {
	daily     map[dailyKey]int64
	standings map[memberKey]standingDelta
	earnings  map[earningKey]int64
}

func newDeltas() deltas {
	return deltas{make(map[dailyKey]int64), make(map[memberKey]standingDelta), make(map[earningKey]int64)}
}

// countedReferral is what a referral counts as; the zero value counts as nothing.
type countedReferral struct {
	memberKey // of the referrer
	status    string
	day       int32
	bought    bool
	seconds   int64 // from the sign-up to the purchase that decides
}

// counts says what a referral counts as, whose deciding purchase, if there is one, was paid at a time.
func counts(r db.Referral, paidAt time.Time) countedReferral {
	c := countedReferral{
		memberKey: memberKey{r.ReferrerID, r.ProgramID}, status: r.Status, day: dayOf(r.RegisteredAt), bought: r.PaymentID != nil,
	}
	if c.bought {
		c.seconds = int64(max(0, paidAt.Sub(r.RegisteredAt)) / time.Second)
	}
	return c
}

// addReferral counts a referral so many times.
func (d *deltas) addReferral(c countedReferral, n int64) {
	if c == (countedReferral{}) {
		return
	}
	d.daily[dailyKey{c.program, c.day, tallyReferrals, c.status}] += n
	d.addStanding(c.memberKey, c.status, n)
	if c.bought {
		d.daily[dailyKey{c.program, c.day, tallyFirst, ""}] += n
		d.daily[dailyKey{c.program, c.day, tallySeconds, ""}] += n * c.seconds
	}
}

func (d *deltas) addStanding(of memberKey, status string, n int64) {
	s := d.standings[of]
	*s.of(status) += n
	d.standings[of] = s
}

// countedSignUp is what a person's sign-up counts as; the zero value counts as nothing.
type countedSignUp struct {
	program int64
	day     int32
	source  string
}

// counts says what the sign-up that stands for a user counts as.
func (u *user) counts() countedSignUp {
	if u.signUp.none() || u.program == 0 {
		return countedSignUp{}
	}
	source := u.source
	switch {
	case source != "":
	case u.signUp.code != 0:
		source = cameReferred
	default:
		source = cameDirect
	}
	return countedSignUp{u.program, dayOf(u.signUp.at), source}
}

// addSignUp counts a sign-up so many times.
func (d *deltas) addSignUp(c countedSignUp, n int64) {
	if c == (countedSignUp{}) {
		return
	}
	d.daily[dailyKey{c.program, c.day, tallySignUps, ""}] += n
	d.daily[dailyKey{c.program, c.day, tallySources, c.source}] += n
}

// addTransfer counts a transfer of a referral's reward. Errors: money.ErrOverflow.
func (d *deltas) addTransfer(program int64, p ledger.Transfer, at time.Time) (err error) {
	day := dailyKey{program, dayOf(at), tallyGranted, string(p.Amount.Currency)}
	net := p.Amount.Minor
	if p.Kind == ledger.Revoked {
		day.name, net = tallyRevoked, -net
	}
	if d.daily[day], err = money.AddMinor(d.daily[day], p.Amount.Minor); err != nil {
		return err
	}
	if to, _ := referral.PartOf(p.Leg); to != referral.Referrer {
		return nil
	}
	earned := earningKey{memberKey{int64(p.User()), program}, p.Amount.Currency}
	d.earnings[earned], err = money.AddMinor(d.earnings[earned], net)
	return err
}

// channels are the ways to share a link that are counted by name.
var channels = map[string]bool{
	"": true, "copy": true, "email": true, "facebook": true, "qr": true, "script": true, "share": true, "vanity": true, "whatsapp": true, "x": true,
}

// addVisit counts a visit of a code. Of the ways it came by only some are told apart: a stranger can make up others.
func (d *deltas) addVisit(v fact.Visit, owner memberKey) {
	via := v.Via
	if !channels[via] {
		via = "other"
	}
	d.daily[dailyKey{owner.program, dayOf(v.At), tallyVisits, via}]++
	s := d.standings[owner]
	s.visits++
	d.standings[owner] = s
}

// The rows of a queue's row, column by column as the statements that add them take them.
type (
	dailyRows struct {
		ProgramID []int64  `json:"program"`
		Name      []string `json:"name"`
		Day       []int32  `json:"day"`
		Label     []string `json:"label"`
		N         []int64  `json:"n"`
	}
	standingRows struct {
		UserID    []int64 `json:"user"`
		ProgramID []int64 `json:"program"`
		Visits    []int64 `json:"visits"`
		Pending   []int64 `json:"pending"`
		Qualified []int64 `json:"qualified"`
		Rewarded  []int64 `json:"rewarded"`
		Cancelled []int64 `json:"cancelled"`
	}
	earningRows struct {
		UserID    []int64  `json:"user"`
		ProgramID []int64  `json:"program"`
		Currency  []string `json:"currency"`
		Minor     []int64  `json:"minor"`
	}
	deltaRows struct {
		Daily     dailyRows    `json:"daily"`
		Standings standingRows `json:"standings"`
		Earnings  earningRows  `json:"earnings"`
	}
)

// none says whether nothing changes.
func (r *deltaRows) none() bool {
	return len(r.Daily.N)+len(r.Standings.UserID)+len(r.Earnings.UserID) == 0
}

// rows are the differences that there are.
func (d *deltas) rows() (r deltaRows) {
	for k, n := range d.daily {
		if n != 0 {
			r.Daily.ProgramID, r.Daily.Name = append(r.Daily.ProgramID, k.program), append(r.Daily.Name, k.name)
			r.Daily.Day, r.Daily.Label = append(r.Daily.Day, k.day), append(r.Daily.Label, k.label)
			r.Daily.N = append(r.Daily.N, n)
		}
	}
	for k, s := range d.standings {
		if s != (standingDelta{}) {
			r.Standings.UserID, r.Standings.ProgramID = append(r.Standings.UserID, k.user), append(r.Standings.ProgramID, k.program)
			r.Standings.Visits, r.Standings.Pending = append(r.Standings.Visits, s.visits), append(r.Standings.Pending, s.pending)
			r.Standings.Qualified, r.Standings.Rewarded = append(r.Standings.Qualified, s.qualified), append(r.Standings.Rewarded, s.rewarded)
			r.Standings.Cancelled = append(r.Standings.Cancelled, s.cancelled)
		}
	}
	for k, minor := range d.earnings {
		if minor != 0 {
			r.Earnings.UserID, r.Earnings.ProgramID = append(r.Earnings.UserID, k.user), append(r.Earnings.ProgramID, k.program)
			r.Earnings.Currency, r.Earnings.Minor = append(r.Earnings.Currency, string(k.currency)), append(r.Earnings.Minor, minor)
		}
	}
	return r
}

// tally notes what the transaction changes of what referrals and sign-ups count as, beside what was noted on the way.
func (t *txn) tally() error {
	d := &t.deltas
	for _, it := range t.items {
		was, is := it.counted(t.books), counts(it.Referral, it.paidAt)
		if was != is {
			d.addReferral(was, -1)
			d.addReferral(is, 1)
		}
		for _, p := range it.post {
			if err := d.addTransfer(it.ProgramID, p, t.at(it)); err != nil {
				return err
			}
		}
	}
	for _, u := range t.users {
		if is := u.counts(); is != u.counted {
			d.addSignUp(u.counted, -1)
			d.addSignUp(is, 1)
		}
	}
	return nil
}

// counted is what the referral counted as before. What the batch changed of the payment that decided it is in the books.
func (it *item) counted(b *books) countedReferral {
	if it.isNew {
		return countedReferral{}
	}
	paidAt := it.wasPaidAt
	if r, ok := b.rows[deref(it.was.PaymentID)]; ok {
		paidAt = derefTime(r.PaidAt)
	}
	return counts(it.was, paidAt)
}

// saveTallies writes what the transaction changes of the tallies, if anything.
func (t *txn) saveTallies() error {
	if err := t.tally(); err != nil {
		return err
	}
	rows := t.deltas.rows()
	if rows.none() {
		return nil
	}
	t.result.Tallied = true
	body, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	return t.later.queries().InsertTallies(t.ctx, body)
}

// loadVisited reads whose the codes are that were visited, and counts the visits. Of a code that nobody has none counts:
// anybody may make up any number of them.
func (t *txn) loadVisited(q *db.Queries, codes []string) error {
	rows, err := q.ListVisited(t.ctx, codes)
	owners := make(map[string]memberKey, len(rows))
	for _, r := range rows {
		owners[r.Code] = memberKey{r.OwnerID, r.ProgramID}
	}
	for _, v := range t.in.visits {
		if owner, ok := owners[v.Code]; ok {
			t.deltas.addVisit(v, owner)
		}
	}
	return err
}
