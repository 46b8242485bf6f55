package store

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/fact"
)

// Erasure. A business's id is somebody's up to the moment at which they were erased, and somebody else's after it. Every
// fact has a date, and is of whoever the id meant then: also when it comes late, and also when it came before the erasure
// was known. In that case one row turns out to be two people, and what is known of it is divided between them.
//
// A transaction that erases has the database to itself: nobody else can be about to give a fact to the wrong person.

// tombstone says up to when an id was a user's.
type tombstone struct {
	user int64
	at   time.Time
}

// idKey is the hash under which a tombstone keeps an id.
func (s *Store) idKey(id string) []byte { return s.hash("user", id) }

// buried are the tombstones of ids, each id's in order.
type buried map[string][]tombstone

// name is what whoever an id meant at a moment is called within a transaction.
func (b buried) name(id string, at time.Time) string {
	for _, t := range b[id] {
		if !at.After(t.at) {
			return erasedSign + strconv.FormatInt(t.user, 10)
		}
	}
	return id
}

// until is when whoever goes by a name within the transaction was erased; empty for who was not.
func (b buried) until(id, name string) string {
	number, _ := numberOf(name)
	for _, t := range b[id] {
		if t.user == number {
			return erasedSign + t.at.Format(time.RFC3339Nano)
		}
	}
	return ""
}

// numberOf is the number of somebody who was erased, by what they are called within a transaction.
func numberOf(name string) (int64, bool) {
	digits, ok := strings.CutPrefix(name, erasedSign)
	if !ok {
		return 0, false
	}
	id, err := strconv.ParseInt(digits, 10, 64)
	return id, err == nil
}

// anybodyErased finds out whether anybody ever was. Once somebody is, it stays so, and who it was is asked with the batch's
// first questions.
func (t *txn) anybodyErased(q *db.Queries) error {
	if t.store.erasures.Load() {
		return nil
	}
	anybody, err := q.AnyTombstones(t.ctx)
	t.store.erasures.CompareAndSwap(false, anybody)
	return err
}

// exhume reads who of these ids was erased.
func (t *txn) exhume(q *db.Queries, ids []string) error {
	byHash := make(map[string]string, len(ids))
	hashes := make([][]byte, 0, len(ids))
	for _, id := range ids {
		key := t.store.idKey(id)
		byHash[string(key)] = id
		hashes = append(hashes, key)
	}
	rows, err := q.ListTombstones(t.ctx, hashes)
	for _, r := range rows {
		id := byHash[string(r.Hash)]
		t.buried[id] = append(t.buried[id], tombstone{r.UserID, r.ErasedAt.UTC()})
	}
	return err
}

// namedIn are the ids that events name, as they do; none is an empty list, and not nil.
func namedIn(events []fact.Event) []string {
	ids := []string{}
	for _, e := range events {
		switch {
		case e.SignUp != nil:
			ids = append(ids, e.SignUp.UserID)
		case e.Verified != nil:
			ids = append(ids, e.Verified.UserID)
		case e.Erased != nil:
			ids = append(ids, e.Erased.UserID)
		case e.Decision != nil:
			ids = append(ids, e.Decision.UserID)
		case e.Attribution != nil:
			ids = append(ids, e.Attribution.UserID)
		case e.Assignment != nil:
			ids = append(ids, e.Assignment.UserID)
		}
		if e.Tie != nil {
			ids = append(ids, e.Tie.UserID)
		}
		if e.Sighting != nil {
			for _, r := range e.Sighting.Reports {
				if id := r.Evidence.User.UserID; id != "" {
					ids = append(ids, id)
				}
			}
		}
	}
	return sortedUnique(ids)
}

// erase applies the erasures of a batch, before anything else of it.
func (t *txn) erase(events []fact.Event) error {
	var all []fact.Event
	for _, e := range events {
		if e.Erased != nil {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b fact.Event) int { return a.Erased.At.Compare(b.Erased.At) })
	for _, e := range all {
		if err := t.eraseOne(e.Erased.UserID, e.Erased.At.UTC().Truncate(time.Microsecond), e.Name); err != nil {
			return err
		}
	}
	return nil
}

// eraseOne lets an id be nobody's up to a moment who is known by it.
func (t *txn) eraseOne(id string, at time.Time, cause string) error {
	stones := t.buried[id]
	i, found := slices.BinarySearchFunc(stones, at, func(s tombstone, at time.Time) int { return s.at.Compare(at) })
	if found {
		return nil
	}
	s := &split{txn: t, id: id, at: at, cause: cause}
	if i < len(stones) {
		s.from, s.until = stones[i].user, stones[i].at
	} else if n, err := t.q.GetUserID(t.ctx, id); err == nil {
		s.from = n
	} else if !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	return s.do()
}
