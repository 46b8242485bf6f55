package store

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// ErrNotFound says that there is no such thing.
var ErrNotFound = errors.New("store: not found")

// ErrErased says that a referral can not be named, for its referee was erased.
var ErrErased = errors.New("store: the referee was erased")

// User is a person, as the API shows them.
type User struct {
	ID           string
	Username     string
	Code         string // their own
	ReferredBy   string // the code they signed up with; empty for none
	UnknownCode  bool   // nobody has the code they signed up with
	RegisteredAt time.Time
	Balances     []money.Amount
	Rank         Rank
}

// User reads one person. Error: ErrNotFound, also for somebody who is known from a payment only.
func (s *Database) User(ctx context.Context, id string) (User, error) {
	q := db.New(s.pool)
	row, err := q.GetUserByExternalID(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) || (err == nil && row.RegisteredAt == nil) {
		return User{}, ErrNotFound
	}
	if err != nil {
		return User{}, err
	}
	u := User{
		ID: row.ExternalID, Username: deref(row.Username), Code: row.OwnCode, ReferredBy: row.UsedCode,
		UnknownCode: row.UsedCodeUnknown, RegisteredAt: derefTime(row.RegisteredAt),
	}
	balances, err := q.ListBalances(ctx, row.ID)
	for _, b := range balances {
		u.Balances = append(u.Balances, money.New(money.Currency(b.Currency), b.Minor))
	}
	if err != nil {
		return u, err
	}
	u.Rank, err = s.rank(ctx, q, row.ID, deref(row.ProgramID))
	return u, err
}

// Filter says which referrals are wanted. Empty fields let everything pass.
type Filter struct {
	Referrer, Referee, Status string
	Reviewing                 bool // only those that await a person's decision

	// These look among the referrals of a person or of a code, or among those under review, and are passed over without.
	Program                           string
	Code                              string // which does for a person itself: it is one's
	AttributedAfter, AttributedBefore time.Time

	// Newest has the newest come first, by number. It goes with no filter.
	Newest bool

	After int64 // the last number of the page before
	Limit int
}

// far is later than anything that is attributed.
var far = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// before is when what is wanted was attributed, at the latest.
func (f Filter) before() time.Time {
	if f.AttributedBefore.IsZero() {
		return far
	}
	return f.AttributedBefore
}

// Referral is one referral, as the API shows it, with why it stands as it does.
type Referral struct {
	ID                                   int64
	Program, Referrer, Referee, Code     string
	Status                               referral.Status
	Reason                               referral.Reason
	AttributedAt                         time.Time
	QualifiedAt, RewardedAt, CancelledAt time.Time // zero: never, or for CancelledAt: not now
	Rewards                              []Reward
	Checks                               []referral.Check
	Reviewing                            []string              // what awaits a person's decision
	Flags                                []referral.SignalKind // what was seen, whatever it leads to
	Tier                                 string                // that its place on the code falls into; empty for none
	Transitions                          []Transition          // without the first, which made it pending
}

// Reward is what one side has of a referral now.
type Reward struct {
	To     string
	On     referral.Occasion
	UserID string
	Amount money.Amount
}

// Referrals reads one page, by number, in a number of statements that does not depend on its size.
func (s *Database) Referrals(ctx context.Context, f Filter) ([]Referral, error) {
	var out []Referral
	err := s.oneMoment(ctx, func(q *db.Queries) error {
		rows, err := find(ctx, q, f)
		if err != nil || len(rows) == 0 {
			return err
		}
		items := make([]*item, 0, len(rows))
		for _, r := range rows {
			items = append(items, &item{Referral: r.Referral})
		}
		if err := s.explain(ctx, q, items); err != nil {
			return err
		}
		for i, r := range rows {
			v, err := view(r, items[i])
			if err != nil {
				return err
			}
			out = append(out, v)
		}
		return addTransitions(ctx, q, out)
	})
	return out, err
}

// NameReferral says whose referral one is, by the referee and the code they came with, which is how events name it.
// Errors: ErrNotFound; ErrErased, for whoever was erased has no name any more.
func (s *Database) NameReferral(ctx context.Context, id int64) (referee, code string, err error) {
	row, err := db.New(s.pool).NameReferral(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", "", ErrNotFound
	}
	if err == nil && row.Referee == "" {
		return "", "", ErrErased
	}
	return row.Referee, row.Code, err
}

// oneMoment runs statements that all see the database as it is at one moment.
func (s *Database) oneMoment(ctx context.Context, read func(q *db.Queries) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error { return read(db.New(tx)) })
}

// find reads the page's rows, by the narrowest of the ways there are.
func find(ctx context.Context, q *db.Queries, f Filter) ([]db.FindReferralsRow, error) {
	most := int32(f.Limit)
	switch {
	case f.Newest:
		before := f.After
		if before == 0 {
			before = math.MaxInt64
		}
		rows, err := q.FindNewestReferrals(ctx, db.FindNewestReferralsParams{BeforeID: before, Most: most})
		return pageOf(rows, func(r db.FindNewestReferralsRow) db.FindReferralsRow { return db.FindReferralsRow(r) }), err
	case f.Referee != "":
		id, err := q.GetUserID(ctx, f.Referee)
		if err != nil {
			return nil, unlessNone(err)
		}
		rows, err := q.FindReferralsOfReferee(ctx, db.FindReferralsOfRefereeParams{
			RefereeID: id, Referrer: f.Referrer, Status: f.Status, Reviewing: f.Reviewing, AfterID: f.After, Most: most,
			Program: f.Program, Code: f.Code, AttributedAfter: f.AttributedAfter, AttributedBefore: f.before(),
		})
		return pageOf(rows, func(r db.FindReferralsOfRefereeRow) db.FindReferralsRow { return db.FindReferralsRow(r) }), err
	case f.Referrer != "":
		id, err := q.GetUserID(ctx, f.Referrer)
		if err != nil {
			return nil, unlessNone(err)
		}
		return findOfReferrer(ctx, q, id, f)
	case f.Code != "":
		owner, err := q.GetCodeOwner(ctx, f.Code)
		if err != nil {
			return nil, unlessNone(err)
		}
		return findOfReferrer(ctx, q, owner, f)
	case f.Reviewing:
		rows, err := q.FindReferralsUnderReview(ctx, db.FindReferralsUnderReviewParams{
			Status: f.Status, AfterID: f.After, Most: most,
			Program: f.Program, Code: f.Code, AttributedAfter: f.AttributedAfter, AttributedBefore: f.before(),
		})
		return pageOf(rows, func(r db.FindReferralsUnderReviewRow) db.FindReferralsRow { return db.FindReferralsRow(r) }), err
	}
	return q.FindReferrals(ctx, db.FindReferralsParams{Status: f.Status, AfterID: f.After, Most: most})
}

func findOfReferrer(ctx context.Context, q *db.Queries, id int64, f Filter) ([]db.FindReferralsRow, error) {
	rows, err := q.FindReferralsOfReferrer(ctx, db.FindReferralsOfReferrerParams{
		ReferrerID: id, Status: f.Status, Reviewing: f.Reviewing, AfterID: f.After, Most: int32(f.Limit),
		Program: f.Program, Code: f.Code, AttributedAfter: f.AttributedAfter, AttributedBefore: f.before(),
	})
	return pageOf(rows, func(r db.FindReferralsOfReferrerRow) db.FindReferralsRow { return db.FindReferralsRow(r) }), err
}

// unlessNone takes the absence of a row for an answer.
func unlessNone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

func pageOf[R any](rows []R, as func(R) db.FindReferralsRow) []db.FindReferralsRow {
	page := make([]db.FindReferralsRow, 0, len(rows))
	for _, r := range rows {
		page = append(page, as(r))
	}
	return page
}

// explain reads all that the verdicts on stored referrals rest on, gives them again, and reads what was posted.
func (s *Database) explain(ctx context.Context, q *db.Queries, items []*item) error {
	if err := s.readHistories(ctx, q, items); err != nil {
		return err
	}
	if err := loadPurchases(ctx, q, items, func(*item) bool { return true }); err != nil {
		return err
	}
	now, err := s.now(ctx, q)
	if err != nil {
		return err
	}
	for _, it := range items {
		it.verdict = referral.Assess(it.version.terms, it.history, now)
	}
	return readPosted(ctx, q, items)
}

// readHistories reads everything of the histories but the purchases.
func (s *Database) readHistories(ctx context.Context, q *db.Queries, items []*item) error {
	book, err := s.book(ctx, q)
	if err != nil {
		return err
	}
	for _, it := range items {
		if _, known := book.byProgram[it.ProgramID]; known {
			it.version = book.at(it.ProgramID, it.RegisteredAt)
		}
	}
	p, err := readPast(ctx, q, items)
	if err != nil {
		return err
	}
	return p.recall(ctx, q, items, loadSignals)
}

// past is what the histories of referrals rest on, whatever the terms: the people, what was said of them by hand, and how
// often their codes may be used.
type past struct {
	users map[int64]*user
	hand  map[int64][]attributedCode
	codes map[int64]db.GetCodesRow
}

func readPast(ctx context.Context, q *db.Queries, items []*item) (past, error) {
	p := past{users: make(map[int64]*user), hand: make(map[int64][]attributedCode), codes: make(map[int64]db.GetCodesRow)}
	var ids, codes []int64
	for _, it := range items {
		ids = append(ids, it.ReferrerID, it.RefereeID)
		codes = append(codes, it.CodeID)
	}
	limits, err := q.GetCodes(ctx, sortedUnique(codes))
	if err != nil {
		return p, err
	}
	for _, c := range limits {
		p.codes[c.ID] = c
	}
	rows, err := q.GetUsers(ctx, sortedUnique(ids))
	if err != nil {
		return p, err
	}
	for _, r := range rows {
		p.users[r.ID] = readUser(r)
	}
	var byHand []int64
	for _, id := range sortedUnique(ids) {
		switch u := p.users[id]; {
		case u == nil:
			p.users[id] = &user{id: id} // the row is lost: the audit must come as far as to say so
		case u.byHand:
			byHand = append(byHand, id)
		}
	}
	if len(byHand) > 0 {
		err = listAttributions(ctx, q, byHand, p.hand)
	}
	return p, err
}

// recall gives referrals their histories, as far as the terms of each look at them.
func (p past) recall(
	ctx context.Context, q *db.Queries, items []*item,
	signals func(ctx context.Context, q *db.Queries, items []*item, users map[int64]*user) error,
) error {
	if some := suspects(items); len(some) > 0 {
		if err := signals(ctx, q, some, p.users); err != nil {
			return err
		}
	}
	for _, it := range items {
		it.recall(p.users[it.RefereeID], p.users[it.ReferrerID], int(p.codes[it.CodeID].MaxUses), p.hand[it.RefereeID])
	}
	return nil
}

func view(r db.FindReferralsRow, it *item) (Referral, error) {
	v := Referral{
		ID: r.Referral.ID, Program: r.Program, Referrer: r.Referrer, Referee: r.Referee, Code: r.Code,
		Status: referral.Status(it.Status), Reason: referral.Reason(deref(it.Reason)),
		AttributedAt: it.RegisteredAt.UTC(), Checks: it.verdict.Checks,
		Reviewing: it.verdict.Reviewing, Flags: it.verdict.Flags, Tier: it.verdict.Tier,
	}
	live, err := ledger.Live(it.posted)
	for _, share := range live {
		who := r.Referee
		to, on := referral.PartOf(share.Leg)
		if to == referral.Referrer {
			who = r.Referrer
		}
		v.Rewards = append(v.Rewards, Reward{To: string(to), On: on, UserID: who, Amount: share.Amount})
	}
	return v, err
}

// addTransitions adds the logs of a page, and the times that follow from them.
func addTransitions(ctx context.Context, q *db.Queries, page []Referral) error {
	at := make(map[int64]*Referral, len(page))
	for i := range page {
		at[page[i].ID] = &page[i]
	}
	rows, err := q.ListTransitions(ctx, keysOf(at))
	for _, r := range rows {
		v := at[r.ReferralID]
		m := readTransition(r)
		switch {
		case m.Move.To == referral.Qualified:
			v.QualifiedAt = m.At
		case m.Move.To == referral.Rewarded:
			v.RewardedAt = m.At
		case m.Move.To == referral.Cancelled && v.Status == referral.Cancelled:
			v.CancelledAt = m.At
		}
		if m.Move.From != "" {
			v.Transitions = append(v.Transitions, m)
		}
	}
	return err
}

func readTransition(r db.Transition) Transition {
	return Transition{
		ReferralID: r.ReferralID, Cause: r.Cause, At: r.At.UTC(),
		Move: referral.Move{
			From: referral.Status(deref(r.FromStatus)), To: referral.Status(r.ToStatus), Reason: referral.Reason(deref(r.Reason)),
		},
	}
}
