package store

import (
	"context"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/referral"
)

// Rank is how far somebody has come as a referrer.
type Rank struct {
	Standing int    // how many of their referrals are qualified or rewarded, among the earliest rankAmong
	Tier     string // of that many, by the newest terms of their program; empty for none
	Badges   []int  // those earned, rising
}

// rankAmong is how many of a referrer's referrals are looked at for their rank.
const rankAmong = 10_000

// rank counts a user's referrals whose purchase counts, and holds them to the newest terms of the user's program.
func (s *Database) rank(ctx context.Context, q *db.Queries, user, program int64) (r Rank, err error) {
	book, err := s.book(ctx, q)
	if err != nil || len(book.byProgram[program]) == 0 {
		return r, err
	}
	n, err := q.CountStanding(ctx, db.CountStandingParams{ReferrerID: user, Most: rankAmong})
	if err != nil {
		return r, err
	}
	return rankBy(book.newest(program).terms, int(n)), nil
}

// rankBy holds so many referrals to the tiers and badges of terms.
func rankBy(terms referral.Terms, standing int) Rank {
	r := Rank{Standing: standing}
	for _, t := range terms.Tiers {
		if t.From <= r.Standing {
			r.Tier = t.Name
		}
	}
	for _, badge := range terms.Badges {
		if badge <= r.Standing {
			r.Badges = append(r.Badges, badge)
		}
	}
	return r
}
