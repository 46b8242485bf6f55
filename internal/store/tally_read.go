package store

import (
	"context"
	"errors"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// Standing is what a referrer has brought about in one program, folded from what the worker did a moment ago.
type Standing struct {
	Visits, SignUps int64                     // SignUps: referrals, whatever became of them
	ByStatus        map[referral.Status]int64 // pending, qualified, rewarded, cancelled: always all four
	Earned          []money.Amount            // net of the rewards they have as referrer, by currency
}

// Standing reads that of a user, by the business's id, in their program: that of their sign-up, or without one, of their
// code. It is zero for somebody without referrals. Error: ErrNotFound for nobody.
func (s *Database) Standing(ctx context.Context, userID string) (Standing, error) {
	rows, err := db.New(s.pool).GetStanding(ctx, userID)
	if err != nil {
		return Standing{}, explainSchema(err)
	}
	if len(rows) == 0 {
		return Standing{}, ErrNotFound
	}
	return readStanding(rows), nil
}

func readStanding(rows []db.GetStandingRow) Standing {
	r := rows[0]
	out := Standing{
		Visits: r.Visits, SignUps: r.Pending + r.Qualified + r.Rewarded + r.Cancelled,
		ByStatus: map[referral.Status]int64{
			referral.Pending: r.Pending, referral.Qualified: r.Qualified, referral.Rewarded: r.Rewarded, referral.Cancelled: r.Cancelled,
		},
	}
	for _, r := range rows {
		if r.Currency != "" {
			out.Earned = append(out.Earned, money.New(money.Currency(r.Currency), r.Minor))
		}
	}
	return out
}

// Leader is somebody's place among the referrers of a program.
type Leader struct {
	Rank      int
	Number    int64  // the user's internal one
	UserID    string // the business's own
	Username  string
	Referrals int64 // rewarded now
}

// LeaderCursor is the last leader of a page. The zero value stands before the first.
type LeaderCursor struct {
	Rank              int
	Referrals, Number int64
}

// Cursor is the place of a leader, for the page after them.
func (l Leader) Cursor() LeaderCursor { return LeaderCursor{l.Rank, l.Referrals, l.Number} }

// Leaderboard reads one page of a program's referrers: by rewarded referrals, the most first, then by number. Those who do
// not want to be on it, those who were erased and those with no rewarded referral are left out. Error: ErrNotFound when
// there is no such program.
func (s *Database) Leaderboard(ctx context.Context, program string, after LeaderCursor, limit int) ([]Leader, error) {
	q := db.New(s.pool)
	p, err := q.GetProgram(ctx, program)
	if err != nil {
		return nil, notFound(err)
	}
	return leaders(ctx, q, p.ID, after, limit, false)
}

func leaders(ctx context.Context, q *db.Queries, program int64, after LeaderCursor, limit int, everybody bool) ([]Leader, error) {
	if after == (LeaderCursor{}) {
		after.Referrals = math.MaxInt64
	}
	rows, err := q.ListLeaders(ctx, db.ListLeadersParams{
		ProgramID: program, Rewarded: after.Referrals, AfterID: after.Number, UnlistedToo: everybody, Most: int32(limit),
	})
	out := make([]Leader, 0, len(rows))
	for i, r := range rows {
		out = append(out, Leader{Rank: after.Rank + i + 1, Number: r.UserID, UserID: r.ExternalID, Username: r.Username, Referrals: r.Rewarded})
	}
	return out, explainSchema(err)
}

// rankMost is how many before somebody are looked at for their rank.
const rankMost = 1000

// RankOf says which place a user has on the leaderboard of their program, or would have if they wanted to be on it, and by
// how many rewarded referrals. The rank is 0 when they have none, and when more than 1000 are before them. Error:
// ErrNotFound for nobody.
func (s *Database) RankOf(ctx context.Context, userID string) (rank int, referrals int64, err error) {
	row, err := db.New(s.pool).GetRank(ctx, db.GetRankParams{ExternalID: userID, Most: rankMost + 1})
	if err != nil {
		return 0, 0, notFound(err)
	}
	looked, listed := row.Before[0], row.Before[1]
	if row.Rewarded == 0 || looked > rankMost {
		return 0, row.Rewarded, nil
	}
	return int(listed) + 1, row.Rewarded, nil
}

// notFound says so in place of there being no row.
func notFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	return explainSchema(err)
}
