package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// Referrer is somebody as they are shown themselves. Of somebody who is not known all is empty: they have nothing yet.
type Referrer struct {
	ID         string
	Number     int64 // internal; 0 when they are not known
	Username   string
	Program    string         // that of their sign-up, of their code, or the one named default
	Currency   money.Currency // the first of the program
	Code       string         // which they hand out; empty for none
	Uses       int64          // places granted, of all their codes
	MaxUses    int64          // places in all; 0 for no maximum
	ReferredBy string         // the code they signed up with; empty for none
	Balances   []money.Amount // rising by currency
	Place      Progress
	Listed     bool // on the leaderboard, once they have a rewarded referral
	Standing   Standing
}

// Progress is where somebody stands in the tiers and badges of their program's newest terms.
type Progress struct {
	Rank
	Tiered    bool // the program has tiers
	From      int  // how many referrals their tier begins with; 0 for no tier yet
	Next      string
	NextFrom  int // how many referrals the next tier begins with; 0 when there is none
	NextBadge int // how many referrals earn the next badge; 0 when there is none
}

// Referrer reads somebody, by the business's id, in one round trip.
func (s *Database) Referrer(ctx context.Context, userID string) (Referrer, error) {
	out, _, err := s.referrer(ctx, userID, nil)
	return out, explainSchema(err)
}

// Bringing is a page of a referrer's referrals, the newest first.
type Bringing struct {
	Before int64 // the last number of the page before; 0: from the newest
	Limit  int
}

// Brought is what came of one of a referrer's referrals for them.
type Brought struct {
	ID           int64
	Referee      string // the business's id; empty: they were erased
	Username     string
	Status       referral.Status
	Reason       referral.Reason
	Reviewing    bool // it awaits a person's decision
	AttributedAt time.Time
	Bonus        []money.Amount // what the referrer has of it now; rising by currency
}

// ReferrerWith reads somebody and a page of their referrals, in one round trip.
func (s *Database) ReferrerWith(ctx context.Context, userID string, page Bringing) (Referrer, []Brought, error) {
	out, list, err := s.referrer(ctx, userID, &page)
	return out, list, explainSchema(err)
}

func (s *Database) referrer(ctx context.Context, userID string, page *Bringing) (out Referrer, list []Brought, err error) {
	var row db.GetReferrerRow
	var versions []db.ListTermsVersionsRow
	questions := []read{
		func(q *db.Queries) (err error) { row, err = q.GetReferrer(ctx, userID); return unlessNone(err) },
		func(q *db.Queries) (err error) { versions, err = q.ListTermsVersions(ctx); return err },
		func(q *db.Queries) (err error) { out.Standing, err = standingOf(ctx, q, userID); return err },
	}
	if page != nil {
		questions = append(questions, func(q *db.Queries) (err error) { list, err = broughtBy(ctx, q, userID, *page); return err })
	}
	if err := s.atOnce(ctx, questions...); err != nil {
		return out, nil, err
	}
	book, err := s.bookOf(ctx, db.New(s.pool), versions)
	if err != nil {
		return out, nil, err
	}
	out.ID, out.Number, out.Username, out.Code, out.ReferredBy = userID, row.ID, row.Username, row.Code, row.UsedCode
	out.Uses, out.MaxUses, out.Listed = row.Granted, row.MaxUses, row.Listed || row.ID == 0
	if out.Balances, err = amountsIn(row.Balances); err != nil {
		return out, nil, err
	}
	program := row.ProgramID
	if len(book.byProgram[program]) == 0 {
		program = book.fallback
	}
	terms := book.newest(program).terms
	live := out.Standing.ByStatus[referral.Qualified] + out.Standing.ByStatus[referral.Rewarded]
	out.Program, out.Currency, out.Place = book.nameOf(program), firstCurrency(terms), placeOf(terms, live)
	return out, list, nil
}

// standingOf is that of a user; zero for nobody.
func standingOf(ctx context.Context, q *db.Queries, userID string) (Standing, error) {
	rows, err := q.GetStanding(ctx, userID)
	if err == nil && len(rows) == 0 {
		rows = make([]db.GetStandingRow, 1)
	}
	if err != nil {
		return Standing{}, err
	}
	return readStanding(rows), nil
}

func broughtBy(ctx context.Context, q *db.Queries, userID string, page Bringing) ([]Brought, error) {
	if page.Before == 0 {
		page.Before = math.MaxInt64
	}
	rows, err := q.ListBrought(ctx, db.ListBroughtParams{ExternalID: userID, BeforeID: page.Before, Most: int32(page.Limit)})
	list := make([]Brought, 0, len(rows))
	for _, r := range rows {
		bonus, errBonus := amountsIn(r.Bonus)
		err = errors.Join(err, errBonus)
		list = append(list, Brought{
			ID: r.ID, Referee: r.Referee, Username: r.Username, Status: referral.Status(r.Status), Reason: referral.Reason(r.Reason),
			Reviewing: r.Reviewing, AttributedAt: r.RegisteredAt.UTC(), Bonus: bonus,
		})
	}
	return list, err
}

// amountsIn reads an object of minor units by currency. It leaves out nothing: a balance of zero is one.
func amountsIn(object []byte) (all []money.Amount, err error) {
	var minor map[money.Currency]int64
	if len(object) > len("{}") {
		err = json.Unmarshal(object, &minor)
	}
	for _, c := range slices.Sorted(maps.Keys(minor)) {
		all = append(all, money.New(c, minor[c]))
	}
	return all, err
}

// firstCurrency is the one in which a program's amounts are told where only one can be: US dollars where a purchase in them
// counts, or else the first of the currencies in which one does.
func firstCurrency(t referral.Terms) money.Currency {
	first := money.Points
	for _, c := range slices.Sorted(maps.Keys(t.Qualify.Minimum)) {
		if c == "usd" || first == money.Points {
			first = c
		}
	}
	return first
}

// placeOf holds so many referrals to the tiers and badges of terms.
func placeOf(t referral.Terms, live int64) Progress {
	p := Progress{Rank: rankBy(t, int(live)), Tiered: len(t.Tiers) > 0}
	for _, tier := range t.Tiers {
		if tier.From > p.Standing {
			p.Next, p.NextFrom = tier.Name, tier.From
			break
		}
		p.From = tier.From
	}
	for _, badge := range t.Badges {
		if badge > p.Standing {
			p.NextBadge = badge
			break
		}
	}
	return p
}

// atOnce asks questions in one round trip. Each read asks one.
func (s *Database) atOnce(ctx context.Context, reads ...read) error {
	var batch pgx.Batch
	askers := make([]*asker, 0, len(reads))
	defer func() {
		for _, a := range askers {
			a.stop()
		}
	}()
	for _, r := range reads {
		a := newAsker(r)
		askers = append(askers, a)
		q, asks := a.next()
		if !asks {
			return fmt.Errorf("store: a read asked nothing: %w", errors.Join(a.err, errNotAnswered))
		}
		batch.Queue(q.sql, q.args...)
	}
	results := s.pool.SendBatch(ctx, &batch)
	defer results.Close() //nolint:errcheck // an error has been heard of by then, from the answer it is in place of
	if err := answerAll(askers, results); err != nil {
		return err
	}
	return results.Close()
}
