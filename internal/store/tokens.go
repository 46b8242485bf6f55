package store

import (
	"context"
	"errors"
	"time"

	"github.com/plusone-dev/plusone/db"
)

// ServiceToken is a token as it is listed: the token itself is not known here.
type ServiceToken struct {
	Name, Scope, CreatedBy           string
	CreatedAt                        time.Time
	ExpiresAt, LastUsedAt, RevokedAt time.Time // zero: never. LastUsedAt is up to an hour behind.
}

// ErrNameTaken says that a token which is not revoked has the name.
var ErrNameTaken = errors.New("store: a token of this name is not revoked yet")

// AddToken records a token by its hash. A zero expiry is never. Error: ErrNameTaken.
func (s *Database) AddToken(ctx context.Context, hash []byte, name, scope string, expires time.Time) error {
	n, err := db.New(s.pool).InsertServiceToken(ctx, db.InsertServiceTokenParams{Hash: hash, Name: name, Scope: scope, ExpiresAt: expires.UTC()})
	if err == nil && n == 0 {
		err = ErrNameTaken
	}
	return explainSchema(err)
}

// Tokens are all there ever were, the oldest first.
func (s *Database) Tokens(ctx context.Context) ([]ServiceToken, error) {
	rows, err := db.New(s.pool).ListServiceTokens(ctx)
	all := make([]ServiceToken, 0, len(rows))
	for _, r := range rows {
		all = append(all, ServiceToken{
			Name: r.Name, Scope: r.Scope, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt.UTC(),
			ExpiresAt: derefTime(r.ExpiresAt), LastUsedAt: derefTime(r.LastUsedAt), RevokedAt: derefTime(r.RevokedAt),
		})
	}
	return all, explainSchema(err)
}

// RevokeToken takes from the token of a name what it opens. Error: ErrNotFound.
func (s *Database) RevokeToken(ctx context.Context, name string) error {
	n, err := db.New(s.pool).RevokeServiceToken(ctx, name)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return explainSchema(err)
}

// TokenByHash says what a token opens, and whether its use is to be noted. The scope is empty when there is no such token, or
// none any more.
func (s *Database) TokenByHash(ctx context.Context, hash []byte) (name, scope string, stale bool, err error) {
	row, err := db.New(s.pool).FindServiceToken(ctx, hash)
	return row.Name, row.Scope, row.Stale, explainSchema(unlessNone(err))
}

// TokenUsed notes that a token was used, once an hour.
func (s *Database) TokenUsed(ctx context.Context, hash []byte) error {
	return db.New(s.pool).NoteServiceTokenUsed(ctx, hash)
}
