package store

import (
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

// deltas are what a transaction changes of the tallies. Days are few, and added up; of each referrer there are a few rows.
type deltas struct {
	daily map[dailyKey]int64
	rows  deltaRows
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

// addReferral counts a referral so many times, but for the standing of its referrer.
func (d *deltas) addReferral(c countedReferral, n int64) {
	if c == (countedReferral{}) {
		return
	}
	d.daily[dailyKey{c.program, c.day, tallyReferrals, c.status}] += n
	if c.bought {
		d.daily[dailyKey{c.program, c.day, tallyFirst, ""}] += n
		d.daily[dailyKey{c.program, c.day, tallySeconds, ""}] += n * c.seconds
	}
}

// changeReferral counts a referral as what it is, and no longer as what it was.
func (d *deltas) changeReferral(was, is countedReferral) {
	if was == is {
		return
	}
	d.addReferral(was, -1)
	d.addReferral(is, 1)
	d.moveStanding(was.memberKey, was.status, is.memberKey, is.status)
}

// moveStanding counts a referral as that of a referrer, and no longer as that of another, or with another status.
func (d *deltas) moveStanding(was memberKey, from string, is memberKey, to string) {
	var minus, plus standingDelta
	if from != "" {
		*minus.of(from)--
	}
	if was != is {
		d.rows.Standings.add(was, minus)
		minus = standingDelta{}
	}
	plus = minus
	*plus.of(to)++
	d.rows.Standings.add(is, plus)
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

// addTransfer counts a transfer of a referral's reward. What is too much for one number goes into another row: a sum that grows
// large must not keep anybody from being paid.
func (d *deltas) addTransfer(program int64, p ledger.Transfer, at time.Time) {
	day := dailyKey{program, dayOf(at), tallyGranted, string(p.Amount.Currency)}
	net := p.Amount.Minor
	if p.Kind == ledger.Revoked {
		day.name, net = tallyRevoked, -net
	}
	if to, _ := referral.PartOf(p.Leg); to == referral.Referrer {
		d.rows.Earnings.add(memberKey{int64(p.User()), program}, string(p.Amount.Currency), net)
	}
	sum, err := money.AddMinor(d.daily[day], p.Amount.Minor)
	if err != nil {
		d.rows.Daily.add(day, d.daily[day])
		sum = p.Amount.Minor
	}
	d.daily[day] = sum
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
	d.rows.Standings.add(owner, standingDelta{visits: 1})
}

// counted are the rows of the differences that there are.
func (d *deltas) counted() *deltaRows {
	for k, n := range d.daily {
		if n != 0 {
			d.rows.Daily.add(k, n)
		}
	}
	return &d.rows
}

// tally notes what the transaction changes of what referrals and sign-ups count as, beside what was noted on the way.
func (t *txn) tally() {
	d := &t.deltas
	for _, it := range t.items {
		d.changeReferral(it.counted(t.books), counts(it.Referral, it.paidAt))
		for _, p := range it.post {
			d.addTransfer(it.ProgramID, p, t.at(it))
		}
	}
	for _, u := range t.users {
		if is := u.counts(); is != u.counted {
			d.addSignUp(u.counted, -1)
			d.addSignUp(is, 1)
		}
	}
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
	t.tally()
	rows := t.deltas.counted()
	if rows.none() {
		return nil
	}
	t.result.Tallied = true
	return t.later.queries().InsertTallies(t.ctx, rows.write())
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
