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
	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/referral"
)

// Book is one of the ledger's three.
type Book int

// The books, in the order of a moment's lines.
const (
	Rewards     Book = 1 // transfers of referrals' rewards
	Credits     Book = 2 // of what purchases were credited
	Redemptions Book = 3 // of credit that was spent
)

// Line is what a transfer did to one account.
type Line struct {
	Place
	Kind     ledger.Kind
	UserID   string            // of the account; empty: they were erased
	Side     referral.Party    // of a reward: whose
	On       referral.Occasion // of a reward: what for
	Payment  string            // of a credit: the id of one of Stripe's objects
	Reverses int64             // of a reversal: the redemption
	Note     string            // of a redemption
	Amount   money.Amount      // less than nothing when it left the account
}

// Place is where a line stands in a statement.
type Place struct {
	At   time.Time
	Book Book
	Of   int64 // the referral, the payment or the redemption
	N    int   // among its lines
}

// Newest is a place before all lines.
var Newest = Place{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Book: Redemptions, Of: math.MaxInt64, N: math.MaxInt32}

// Statement reads the lines of somebody's account that come after a place, the newest first. Error: ErrNotFound.
func (s *Database) Statement(ctx context.Context, userID string, after Place, limit int) ([]Line, error) {
	q := db.New(s.pool)
	who, err := q.GetRedeemer(ctx, userID)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !who.Known {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, explainSchema(err)
	}
	rows, err := q.ListStatement(ctx, db.ListStatementParams{
		Account: who.ID, BeforeAt: after.At, BeforeBook: int32(after.Book), BeforeOf: after.Of, BeforeN: int32(after.N), Most: int32(limit),
	})
	lines := make([]Line, 0, len(rows))
	for _, r := range rows {
		l := lineOf(r.Kind, r.Credit, r.Currency, r.Minor, r.At)
		l.Book, l.Of, l.N, l.UserID, l.Note = Book(r.Book), r.OfID, int(r.N), userID, r.Note
		switch l.Book {
		case Rewards:
			l.Side, l.On = referral.PartOf(r.Part)
		case Credits:
			_, l.Payment = payment.SplitKey(r.Payment)
		case Redemptions:
			l.Reverses = r.Reverses
		}
		lines = append(lines, l)
	}
	return lines, explainSchema(err)
}

func lineOf(kind string, credit int64, currency string, minor int64, at time.Time) Line {
	if credit < 0 { // the program's: it left the person
		minor = -minor
	}
	return Line{Place: Place{At: at.UTC()}, Kind: ledger.Kind(kind), Amount: money.New(money.Currency(currency), minor)}
}

// LinesAfter reads a page of the lines of all accounts, of one book, by number: what comes after a place, of which only the
// number counts.
func (s *Database) LinesAfter(ctx context.Context, after Place, limit int) ([]Line, error) {
	q := db.New(s.pool)
	var lines []Line
	var err error
	switch after.Book {
	case Rewards:
		lines, err = rewardsAfter(ctx, q, after, limit)
	case Credits:
		lines, err = creditsAfter(ctx, q, after, limit)
	case Redemptions:
		lines, err = redemptionsAfter(ctx, q, after, limit)
	}
	for i := range lines {
		lines[i].Book = after.Book
	}
	return lines, explainSchema(err)
}

func rewardsAfter(ctx context.Context, q *db.Queries, after Place, limit int) (lines []Line, err error) {
	rows, err := q.ExportTransfers(ctx, db.ExportTransfersParams{AfterOf: after.Of, AfterN: int32(after.N), Most: int32(limit)})
	for _, r := range rows {
		l := lineOf(r.Kind, r.Credit, r.Currency, r.Minor, r.At)
		l.Of, l.N, l.UserID = r.ReferralID, int(r.N), r.ExternalID
		l.Side, l.On = referral.PartOf(r.Leg)
		lines = append(lines, l)
	}
	return lines, err
}

func creditsAfter(ctx context.Context, q *db.Queries, after Place, limit int) (lines []Line, err error) {
	rows, err := q.ExportCredits(ctx, db.ExportCreditsParams{AfterOf: after.Of, AfterN: int32(after.N), Most: int32(limit)})
	for _, r := range rows {
		l := lineOf(r.Kind, r.Credit, r.Currency, r.Minor, r.At)
		l.Of, l.N, l.UserID = r.PaymentID, int(r.N), r.ExternalID
		_, l.Payment = payment.SplitKey(r.Payment)
		lines = append(lines, l)
	}
	return lines, err
}

func redemptionsAfter(ctx context.Context, q *db.Queries, after Place, limit int) (lines []Line, err error) {
	rows, err := q.ExportRedemptions(ctx, db.ExportRedemptionsParams{AfterOf: after.Of, Most: int32(limit)})
	for _, r := range rows {
		l := lineOf(r.Kind, r.Credit, r.Currency, r.Minor, r.At)
		l.Of, l.N, l.UserID, l.Reverses, l.Note = r.ID, 1, r.ExternalID, r.Reverses, r.Note
		lines = append(lines, l)
	}
	return lines, err
}

// Row is a referral as it is exported: what is stored of it, and not why.
type Row struct {
	ID                               int64
	Program, Referrer, Referee, Code string
	Status                           referral.Status
	Reason                           referral.Reason
	AttributedAt, ChangedAt          time.Time
	Reviewing                        bool
}

// RowsAfter reads a page of all referrals, by number.
func (s *Database) RowsAfter(ctx context.Context, after int64, limit int) ([]Row, error) {
	rows, err := db.New(s.pool).FindReferrals(ctx, db.FindReferralsParams{AfterID: after, Most: int32(limit)})
	page := make([]Row, 0, len(rows))
	for _, r := range rows {
		page = append(page, Row{
			ID: r.Referral.ID, Program: r.Program, Referrer: r.Referrer, Referee: r.Referee, Code: r.Code,
			Status: referral.Status(r.Referral.Status), Reason: referral.Reason(deref(r.Referral.Reason)),
			AttributedAt: r.Referral.RegisteredAt.UTC(), ChangedAt: r.Referral.ChangedAt.UTC(), Reviewing: r.Referral.Reviewing,
		})
	}
	return page, explainSchema(err)
}
