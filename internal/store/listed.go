package store

import (
	"context"
	"time"

	"github.com/plusone-dev/plusone/db"
)

// Listed is somebody as a list of everybody shows them.
type Listed struct {
	Number       int64 // by which pages go on
	ID, Username string
	Code         string    // their own; empty for none
	RegisteredAt time.Time // zero: known from a payment or a code alone
}

// ListUsers reads one page of everybody who was not erased, by number.
func (s *Database) ListUsers(ctx context.Context, after int64, limit int) ([]Listed, error) {
	rows, err := db.New(s.pool).ListUsersAfter(ctx, db.ListUsersAfterParams{AfterID: after, Most: int32(limit)})
	page := make([]Listed, 0, len(rows))
	for _, r := range rows {
		page = append(page, Listed{
			Number: r.ID, ID: r.ExternalID, Username: deref(r.Username), Code: r.OwnCode, RegisteredAt: derefTime(r.RegisteredAt),
		})
	}
	return page, explainSchema(err)
}
