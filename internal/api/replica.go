package api

import (
	"context"
	"time"

	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

// Lists is what the API reads that may be a moment old: lists, exports and sums, over many people. What somebody may just
// have changed, and looks up to see that they did, is not among it.
type Lists interface {
	Referrals(ctx context.Context, f store.Filter) ([]store.Referral, error)
	ListUsers(ctx context.Context, after int64, limit int) ([]store.Listed, error)
	RowsAfter(ctx context.Context, after int64, limit int) ([]store.Row, error)
	LinesAfter(ctx context.Context, after store.Place, limit int) ([]store.Line, error)
	Analytics(ctx context.Context, program string, from, to time.Time) (store.Analytics, error)
	Preview(ctx context.Context, terms referral.Terms, o store.PreviewOptions) (store.Preview, error)
}

// WithReplica has lists read from a copy of the database. While that is away they are answered 503: the database itself is
// not asked instead, for it must not have to bear what it was spared so far just when something is amiss.
func WithReplica(replica Lists) Option {
	return func(a *API) { a.lists = replica }
}
