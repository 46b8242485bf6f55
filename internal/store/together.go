package store

import (
	"context"
	"errors"
	"iter"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/plusone-dev/plusone/db"
)

// read asks one question, and takes its answer.
type read func(q *db.Queries) error

// together sends the writes collected so far, and behind them the questions, in one round trip. The server takes them in
// order, each seeing what those before it did or waited for. A read asks one question: it is stopped at it, as a
// coroutine, until all have asked and the answers come. When none asks anything, nothing is sent yet.
func (t *txn) together(reads ...read) error {
	askers := make([]*asker, len(reads))
	defer func() {
		for _, a := range askers {
			if a != nil {
				a.stop()
			}
		}
	}()
	asked := false
	for i, r := range reads {
		a := newAsker(r)
		askers[i] = a
		if q, asks := a.next(); asks {
			t.later.batch.Queue(q.sql, q.args...)
			asked = true
		} else if a.err != nil {
			return a.err
		}
	}
	if !asked {
		return nil
	}
	return t.later.sendWith(t.ctx, t.conn, func(results pgx.BatchResults) error {
		return answerAll(askers, results)
	})
}

// answerAll hands the answers out, in the order of the questions.
func answerAll(askers []*asker, results pgx.BatchResults) error {
	for _, a := range askers {
		a.results = results
		if _, again := a.next(); again {
			return errSecondQuestion
		}
		if a.err != nil {
			return a.err
		}
	}
	return nil
}

var (
	errSecondQuestion = errors.New("store: a read among others asked more than one question")
	errNotAnswered    = errors.New("store: a question was not answered, for another failed")
)

type question struct {
	sql  string
	args []any
}

// asker stands in for a connection in the queries that sqlc wrote. What is asked of it is handed out, and answered later.
type asker struct {
	next    func() (question, bool)
	stop    func()
	yield   func(question) bool
	results pgx.BatchResults
	err     error // of the read, when it has ended
}

func newAsker(r read) *asker {
	a := &asker{}
	a.next, a.stop = iter.Pull(func(yield func(question) bool) {
		a.yield = yield
		a.err = r(db.New(a))
	})
	return a
}

// Exec is part of db.DBTX.
func (a *asker) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if !a.yield(question{sql, args}) {
		return pgconn.CommandTag{}, errNotAnswered
	}
	return a.results.Exec()
}

// Query is part of db.DBTX.
func (a *asker) Query(_ context.Context, sql string, args ...any) (pgx.Rows, error) {
	if !a.yield(question{sql, args}) {
		return nil, errNotAnswered
	}
	return a.results.Query()
}

// QueryRow is part of db.DBTX.
func (a *asker) QueryRow(_ context.Context, sql string, args ...any) pgx.Row {
	if !a.yield(question{sql, args}) {
		return failedRow{errNotAnswered}
	}
	return a.results.QueryRow()
}

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }
