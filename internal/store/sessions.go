package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
)

// Sessions keeps who is signed in to the console, for github.com/alexedwards/scs, which hands it hashes of what the cookies
// hold. The methods without a context are those that its interface has beside the ones it calls.
type Sessions struct{ of *Database }

// Sessions are those of the console in this database.
func (s *Database) Sessions() *Sessions { return &Sessions{s} }

// sweepAtOnce is how many sessions that have ended are forgotten whenever one is saved: more than can be made meanwhile.
const sweepAtOnce = 20

// FindCtx returns what is kept of a session; none of one that has ended.
func (s *Sessions) FindCtx(ctx context.Context, key string) (data []byte, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.of.patience)
	defer cancel()
	data, err = db.New(s.of.pool).GetConsoleSession(ctx, key)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, explainSchema(err)
}

// CommitCtx keeps a session until it ends, and forgets others that have.
func (s *Sessions) CommitCtx(ctx context.Context, key string, data []byte, expiry time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, s.of.patience)
	defer cancel()
	q := db.New(s.of.pool)
	err := q.SaveConsoleSession(ctx, db.SaveConsoleSessionParams{Key: key, Data: data, ExpiresAt: expiry})
	if err == nil {
		err = q.DeleteExpiredConsoleSessions(ctx, sweepAtOnce)
	}
	return explainSchema(err)
}

// DeleteCtx ends a session. One that is not there has ended already.
func (s *Sessions) DeleteCtx(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, s.of.patience)
	defer cancel()
	return explainSchema(db.New(s.of.pool).DeleteConsoleSession(ctx, key))
}

// Find is FindCtx.
func (s *Sessions) Find(key string) (data []byte, found bool, err error) {
	return s.FindCtx(context.Background(), key)
}

// Commit is CommitCtx.
func (s *Sessions) Commit(key string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), key, data, expiry)
}

// Delete is DeleteCtx.
func (s *Sessions) Delete(key string) error { return s.DeleteCtx(context.Background(), key) }
