package store

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// Browse says which referrals a person wants to see. Empty fields let everything pass. People, codes and programs go by their
// numbers, so that nothing personal need stand in an address.
type Browse struct {
	Status    referral.Status
	Reason    referral.Reason
	Reviewing bool
	Program   int64
	Referrer  int64
	Referee   int64
	Code      int64
	Before    int64 // the number that the page before ended at; 0 for the newest
	Limit     int
}

// Browsed is a referral in a list. Nothing is assessed for it.
type Browsed struct {
	ID                            int64
	Program, Code                 string
	Referrer, Referee             string // the business's ids; empty: erased
	ReferrerID, RefereeID, CodeID int64
	Status                        referral.Status
	Reason                        referral.Reason
	Reviewing                     bool
	SignedUpAt, ChangedAt         time.Time
}

// BrowseMost is how many referrals are looked at for one page: no index knows a status, a reason or a program, and one for a
// page would cost every event.
const BrowseMost = 5000

// Browse reads one page, the newest first, in a number of statements that does not depend on its size. next is where the next
// page begins, 0 after the last; a page may be short of its limit, or empty, and have a next one all the same: BrowseMost were
// looked at for it.
func (s *Database) Browse(ctx context.Context, b Browse) (page []Browsed, next int64, err error) {
	err = s.oneMoment(ctx, func(q *db.Queries) error {
		var ids []int64
		if ids, next, err = b.walk(ctx, q); err != nil || len(ids) == 0 {
			return err
		}
		rows, err := q.ListReferralLines(ctx, ids)
		for _, r := range rows {
			page = append(page, Browsed{
				ID: r.ID, Program: r.Program, Code: r.Code, Referrer: r.Referrer, Referee: r.Referee, ReferrerID: r.ReferrerID,
				RefereeID: r.RefereeID, CodeID: r.CodeID, Status: referral.Status(r.Status), Reason: referral.Reason(r.Reason),
				Reviewing: r.Reviewing, SignedUpAt: r.RegisteredAt.UTC(), ChangedAt: r.ChangedAt.UTC(),
			})
		}
		return err
	})
	return page, next, explainSchema(err)
}

// walk looks at referrals, the newest first, until the page is full. It looks at a few first: mostly they will do.
func (b Browse) walk(ctx context.Context, q *db.Queries) (ids []int64, next int64, err error) {
	before := b.Before
	if before == 0 {
		before = math.MaxInt64
	}
	for _, most := range []int{4 * b.Limit, BrowseMost - 4*b.Limit} {
		rows, err := b.look(ctx, q, before, int32(most))
		if err != nil {
			return nil, 0, err
		}
		for _, r := range rows {
			if len(ids) == b.Limit {
				return ids, before, nil
			}
			if before = r.ID; b.wants(r) {
				ids = append(ids, r.ID)
			}
		}
		if len(rows) < most {
			return ids, 0, nil
		}
	}
	return ids, before, nil
}

func (b Browse) wants(r db.WalkReferralsRow) bool {
	return (b.Status == "" || string(b.Status) == r.Status) && (b.Reason == "" || string(b.Reason) == r.Reason) &&
		(b.Program == 0 || b.Program == r.ProgramID) && (b.Code == 0 || b.Code == r.CodeID) && (!b.Reviewing || r.Reviewing)
}

// look reads the rows of the narrowest of the ways there are. A code's referrals are those of its owner, who is given.
func (b Browse) look(ctx context.Context, q *db.Queries, before int64, most int32) ([]db.WalkReferralsRow, error) {
	switch {
	case b.Referee != 0:
		rows, err := q.WalkReferralsOfReferee(ctx, db.WalkReferralsOfRefereeParams{RefereeID: b.Referee, BeforeID: before, Most: most})
		return walked(rows, func(r db.WalkReferralsOfRefereeRow) db.WalkReferralsRow { return db.WalkReferralsRow(r) }), err
	case b.Referrer != 0:
		rows, err := q.WalkReferralsOfReferrer(ctx, db.WalkReferralsOfReferrerParams{ReferrerID: b.Referrer, BeforeID: before, Most: most})
		return walked(rows, func(r db.WalkReferralsOfReferrerRow) db.WalkReferralsRow { return db.WalkReferralsRow(r) }), err
	case b.Reviewing:
		rows, err := q.WalkReferralsUnderReview(ctx, db.WalkReferralsUnderReviewParams{BeforeID: before, Most: most})
		return walked(rows, func(r db.WalkReferralsUnderReviewRow) db.WalkReferralsRow { return db.WalkReferralsRow(r) }), err
	}
	return q.WalkReferrals(ctx, db.WalkReferralsParams{BeforeID: before, Most: most})
}

func walked[R any](rows []R, as func(R) db.WalkReferralsRow) []db.WalkReferralsRow {
	page := make([]db.WalkReferralsRow, 0, len(rows))
	for _, r := range rows {
		page = append(page, as(r))
	}
	return page
}

// People are those of one referral, and its code, by their numbers.
type People struct{ Referrer, Referee, Code int64 }

// PeopleOf says whose a referral is. Error: ErrNotFound.
func (s *Database) PeopleOf(ctx context.Context, id int64) (People, error) {
	row, err := db.New(s.pool).GetReferralPeople(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return People{}, ErrNotFound
	}
	return People{Referrer: row.ReferrerID, Referee: row.RefereeID, Code: row.CodeID}, explainSchema(err)
}

// Found is what a search came upon; zero where there is nothing.
type Found struct {
	Referral int64 // a referral of that number
	User     int64 // somebody of that id
	Owner    int64 // whose code it is
	Code     int64
}

// Search looks for a text exactly: as the number of a referral, as the id of a user, and as a code.
func (s *Database) Search(ctx context.Context, text string, number int64) (f Found, err error) {
	err = s.oneMoment(ctx, func(q *db.Queries) error {
		if number > 0 {
			if _, err := q.GetReferralPeople(ctx, number); err == nil {
				f.Referral = number
			} else if !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
		}
		if f.User, err = q.GetUserID(ctx, text); unlessNone(err) != nil {
			return err
		}
		code, err := q.GetCodeByText(ctx, text)
		f.Owner, f.Code = code.OwnerID, code.ID
		return unlessNone(err)
	})
	return f, explainSchema(err)
}

// Person is somebody, as the console shows them.
type Person struct {
	Number                             int64
	ID, Username, Email                string // empty: not told, or erased
	RegisteredAt, VerifiedAt, ErasedAt time.Time
	Disposable                         bool // the e-mail address is of a domain of addresses to throw away
	Program                            string
	ReferredBy                         string // the code they signed up with
	UnknownCode                        bool   // which nobody has
	Codes                              []Code // theirs, the one in use first
	Balances                           []money.Amount
	Rank                               Rank
}

// Code is a code that somebody hands out.
type Code struct {
	Number           int64
	Text             string
	MaxUses, Granted int       // MaxUses 0: no maximum
	AssignedAt       time.Time // zero: it is the one of their sign-up
}

// OwnedCode is a code, and whose it is.
type OwnedCode struct {
	Text  string
	Owner int64 // 0: nobody's
}

// CodeOf reads a code by its number. Error: ErrNotFound.
func (s *Database) CodeOf(ctx context.Context, number int64) (OwnedCode, error) {
	row, err := db.New(s.pool).GetCodeByNumber(ctx, number)
	if errors.Is(err, pgx.ErrNoRows) {
		return OwnedCode{}, ErrNotFound
	}
	return OwnedCode{Text: row.Code, Owner: row.OwnerID}, explainSchema(err)
}

// Person reads somebody by their number, also one who is known from a payment only, or was erased. Error: ErrNotFound.
func (s *Database) Person(ctx context.Context, number int64) (p Person, err error) {
	err = s.oneMoment(ctx, func(q *db.Queries) error {
		row, err := q.GetUserByNumber(ctx, number)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		p = Person{
			Number: row.ID, ID: row.ExternalID, Username: row.Username, Email: row.Email, RegisteredAt: derefTime(row.RegisteredAt),
			VerifiedAt: derefTime(row.VerifiedAt), ErasedAt: derefTime(row.ErasedAt), Disposable: row.Disposable, Program: row.Program,
			ReferredBy: row.UsedCode, UnknownCode: row.UsedCodeUnknown,
		}
		codes, err := q.ListCodesOfOwner(ctx, db.ListCodesOfOwnerParams{OwnerID: &row.ID, Most: mostFacts})
		if err != nil {
			return err
		}
		for _, c := range codes {
			p.Codes = append(p.Codes, Code{Number: c.ID, Text: c.Code, MaxUses: int(c.MaxUses), Granted: int(c.Granted), AssignedAt: derefTime(c.AssignedAt)})
		}
		balances, err := q.ListBalances(ctx, row.ID)
		if err != nil {
			return err
		}
		for _, b := range balances {
			p.Balances = append(p.Balances, money.New(money.Currency(b.Currency), b.Minor))
		}
		p.Rank, err = s.rank(ctx, q, row.ID, row.ProgramID)
		return err
	})
	return p, explainSchema(err)
}

// PersonLine is somebody in a list.
type PersonLine struct {
	Number                 int64
	ID, Username, Code     string
	RegisteredAt, ErasedAt time.Time
}

// Newcomers lists people, the last who were heard of first, and where the next page begins: 0 after the last.
func (s *Database) Newcomers(ctx context.Context, before int64, limit int) (page []PersonLine, next int64, err error) {
	if before == 0 {
		before = math.MaxInt64
	}
	rows, err := db.New(s.pool).ListUserLines(ctx, db.ListUserLinesParams{BeforeID: before, Most: int32(limit) + 1})
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	for _, r := range rows {
		page = append(page, PersonLine{
			Number: r.ID, ID: r.ExternalID, Username: r.Username, Code: r.OwnCode, RegisteredAt: derefTime(r.RegisteredAt), ErasedAt: derefTime(r.ErasedAt),
		})
	}
	return page, next, explainSchema(err)
}

// DecisionApplied says whether the worker has applied what somebody decided about a referral, by the key of the event.
func (s *Database) DecisionApplied(ctx context.Context, key string) (bool, error) {
	applied, err := db.New(s.pool).DecisionApplied(ctx, key)
	return applied, explainSchema(err)
}

// AppliedVersion is one version of a program's terms, without their text.
type AppliedVersion struct {
	Program       int64
	Name          string
	Version       int
	EffectiveFrom time.Time
	AppliedAt     time.Time
}

// AppliedTerms lists all versions of all programs, the newest of each first.
func (s *Database) AppliedTerms(ctx context.Context) (all []AppliedVersion, err error) {
	rows, err := db.New(s.pool).ListTermsApplied(ctx)
	for _, r := range rows {
		all = append(all, AppliedVersion{
			Program: r.ProgramID, Name: r.Name, Version: int(r.Version), EffectiveFrom: r.EffectiveFrom.UTC(), AppliedAt: r.AppliedAt.UTC(),
		})
	}
	return all, explainSchema(err)
}

// Terms is the text of one version, as it was applied. Error: ErrNotFound.
func (s *Database) Terms(ctx context.Context, program int64, version int) (string, error) {
	source, err := db.New(s.pool).GetTermsSource(ctx, db.GetTermsSourceParams{ProgramID: program, Version: int32(version)})
	if errors.Is(err, pgx.ErrNoRows) {
		return "", ErrNotFound
	}
	return source, explainSchema(err)
}

// Backlog is what the parts of plusone that work by themselves have still before them.
type Backlog struct {
	Clock   time.Time // up to when windows are decided; zero before the clock's first tick
	Outbox  int       // transactions whose events are not told yet, no more than UnplacedMost
	Oldest  time.Time // of them; zero without any
	Waiting Waiting
	At      time.Time // when it was looked, by the database's clock
}

// Backlog reads it, at one moment.
func (s *Database) Backlog(ctx context.Context) (b Backlog, err error) {
	err = s.oneMoment(ctx, func(q *db.Queries) error {
		if b.At, err = s.now(ctx, q); err != nil {
			return err
		}
		if b.Clock, err = q.GetMark(ctx, windowsMark); unlessNone(err) != nil {
			return err
		}
		outbox, err := q.GetOutboxAge(ctx, UnplacedMost)
		if err != nil {
			return err
		}
		b.Outbox = int(outbox.Waiting)
		if b.Outbox > 0 {
			b.Oldest = outbox.Oldest.UTC()
		}
		waiting, err := q.CountWaiting(ctx, UnplacedMost)
		b.Waiting = Waiting{Reviews: int(waiting.Reviews), Backlog: int(waiting.Backlog)}
		return err
	})
	return b, explainSchema(err)
}
