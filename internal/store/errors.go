package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/plusone-dev/plusone/internal/money"
)

// decisionError says that the facts led nowhere the rules know: a mistake in the program, which no repetition mends.
type decisionError struct{ err error }

func (e *decisionError) Error() string { return e.err.Error() }
func (e *decisionError) Unwrap() error { return e.err }

// Transient says whether an error may pass by itself: everything but what the facts themselves cause. The database may
// be away, full, restarting, locked, not migrated yet or refuse the password; all of that is for an operator to mend,
// and no reason to give an event up.
func Transient(err error) bool {
	var decision *decisionError
	if errors.As(err, &decision) || errors.Is(err, money.ErrOverflow) || errors.Is(err, money.ErrCurrency) {
		return false
	}
	var connecting *pgconn.ConnectError
	var pg *pgconn.PgError
	if errors.As(err, &connecting) || !errors.As(err, &pg) {
		return true
	}
	// Classes of https://www.postgresql.org/docs/current/errcodes-appendix.html: 22 is a value out of range or malformed,
	// 23 a constraint.
	return !strings.HasPrefix(pg.Code, "22") && !strings.HasPrefix(pg.Code, "23")
}

// Conflict says whether a transaction failed only because of others at the same time, and names how.
func Conflict(err error) (kind string, ok bool) {
	var pg *pgconn.PgError
	if errors.Is(err, ErrContended) {
		return conflictContended, true
	}
	if !errors.As(err, &pg) {
		return "", false
	}
	kind, ok = conflictCodes[pg.Code]
	return kind, ok
}

// conflictContended is the kind of ErrContended.
const conflictContended = "contended"

// conflictCodes are the kinds of conflicts that PostgreSQL reports, by its error code.
var conflictCodes = map[string]string{"40P01": "deadlock", "40001": "serialization", "55P03": "lock_timeout"}

// Conflicts are all kinds of conflicts.
func Conflicts() []string {
	return append(slices.Sorted(maps.Values(conflictCodes)), conflictContended)
}

// ErrSchema says that the database has no schema, or that of another release.
var ErrSchema = errors.New("the database's schema is not that of this release: run `plusone migrate`")

// ErrRights says that the database user may not do what the process has to.
var ErrRights = errors.New("the database user lacks a right: make it a member of plusone_worker, plusone_api or plusone_tools, as its process needs (docs/security.md)")

// explainSchema adds what to do to an error that comes of a table or column that is not there, or not to be touched.
func explainSchema(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	switch pg.Code {
	case "42P01", "42703": // undefined table, undefined column
		return fmt.Errorf("store: %w (%w)", ErrSchema, err)
	case "42501": // insufficient privilege
		return fmt.Errorf("store: %w (%w)", ErrRights, err)
	}
	return err
}
