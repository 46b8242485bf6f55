package store

import (
	"context"
	"errors"
	"time"

	"github.com/plusone-dev/plusone/db"
)

// A sign-up decides what all purchases of a buyer are credited, those of years among them. The transaction that records it
// settles what it changed itself, and marks the buyer as behind: the clock goes through the rest, page by page, so that no
// transaction grows with anybody's past.

// joining is what of a sign-up decides by which terms purchases are credited.
type joining struct {
	program int64
	at      time.Time
}

func (u *user) joining() joining { return joining{u.program, u.signUp.at} }

// noteBehind notes whose sign-up is another than before, where that may change what earlier purchases are worth. Who is
// heard of for the first time has no others than those of the batch.
func (t *txn) noteBehind() {
	for _, id := range keysOf(t.users) {
		u := t.users[id]
		was, is := u.before, u.joining()
		if t.names.newUser[id] || (was.program == is.program && was.at.Equal(is.at)) {
			continue
		}
		from, credits := t.terms.creditsSince(is)
		if since, did := t.terms.creditsSince(was); did && (!credits || since.Before(from)) {
			from, credits = since, true
		}
		if credits {
			t.behind.UserID = append(t.behind.UserID, id)
			t.behind.PaidAt = append(t.behind.PaidAt, from)
		}
	}
}

func (t *txn) saveBehind() error {
	if len(t.behind.UserID) == 0 {
		return nil
	}
	t.behind.Since = t.now
	return t.later.queries().MarkBehind(t.ctx, t.behind)
}

// catchUp settles the next purchases of users who are behind, at most as many as a page has. It locks as everybody does,
// payments before users, and leaves alone what is somebody else's by then: whoever made it so settled it. Only one
// transaction at a time goes through the backlog; any other does nothing.
func (t *txn) catchUp(w work) error {
	each := max(1, w.page/len(w.behind))
	var mine bool
	var next []db.ListBacklogRow
	err := t.together(
		func(q *db.Queries) (err error) { mine, err = q.TryBacklog(t.ctx); return err },
		func(q *db.Queries) (err error) {
			next, err = q.ListBacklog(t.ctx, db.ListBacklogParams{UserIds: w.behind, Each: int32(each)})
			return err
		},
	)
	if err != nil {
		return err
	}
	if !mine {
		t.result.busy = true
		clear(t.touched) // nothing to do
		return nil
	}
	if err := t.lockBacklog(next); err != nil {
		return err
	}
	err = t.together(
		ask(t.creditedBefore(), func(q *db.Queries, some []*credited) error { return loadCredits(t.ctx, q, some) }),
		func(q *db.Queries) (err error) { t.now, err = t.store.now(t.ctx, q); return err },
	)
	if err != nil {
		return err
	}
	return t.advance(next, each)
}

// lockBacklog locks the purchases that are next, and their buyers, and notes what each is worth.
func (t *txn) lockBacklog(next []db.ListBacklogRow) error {
	var payments, users []int64
	for _, r := range next {
		if users = append(users, r.UserID); r.PaymentID != 0 {
			payments = append(payments, r.PaymentID)
		}
	}
	var rows []db.Payment
	t.users = make(map[int64]*user)
	err := t.together(
		ask(sortedUnique(payments), func(q *db.Queries, ids []int64) (err error) {
			rows, err = q.LockPayments(t.ctx, ids)
			return err
		}),
		ask(sortedUnique(users), func(q *db.Queries, ids []int64) error {
			rows, err := q.LockUsers(t.ctx, ids)
			for _, r := range rows {
				t.users[r.ID] = readUser(r)
			}
			return err
		}),
	)
	for _, r := range rows {
		if buyer := t.users[deref(r.UserID)]; buyer != nil && r.MergedInto == nil {
			t.noteCredit(&credited{payment: r.ID, cause: clockCause, count: r.Credits, worth: t.terms.worth(buyer, storedPurchase(r))})
		}
	}
	return err
}

// advance notes how far the clock has come with each user, and who has more.
func (t *txn) advance(next []db.ListBacklogRow, each int) error {
	var on db.AdvanceBacklogParams
	var done db.LeaveBacklogParams
	for len(next) > 0 {
		n := 1
		for n < len(next) && next[n].UserID == next[0].UserID {
			n++
		}
		last := next[n-1]
		next = next[n:]
		if n < each || last.PaymentID == 0 {
			done.UserID, done.Round = append(done.UserID, last.UserID), append(done.Round, last.Round)
			continue
		}
		on.UserID, on.Round = append(on.UserID, last.UserID), append(on.Round, last.Round)
		on.PaidAt, on.Key = append(on.PaidAt, last.PaidAt), append(on.Key, last.Key)
	}
	t.result.left = on.UserID
	q := t.later.queries()
	if len(done.UserID) > 0 {
		if err := q.LeaveBacklog(t.ctx, done); err != nil {
			return err
		}
	}
	if len(on.UserID) > 0 {
		return q.AdvanceBacklog(t.ctx, on)
	}
	return nil
}

// catchUpFor is how long one tick goes through the backlog before it leaves the rest to the next: windows and holds must not
// wait for a business that imports its whole past.
const catchUpFor = 5 * time.Second

var errBusy = errors.New("store: somebody else goes through the backlog")

// backlog settles the purchases of those whose sign-up came after them.
func (t *tick) backlog(ctx context.Context) error {
	if t.until.IsZero() {
		t.until = time.Now().Add(catchUpFor)
	}
	var failed []error
	for after := int64(0); ; {
		asking, cancel := context.WithTimeout(ctx, t.store.patience)
		users, err := t.q.ListBehind(asking, db.ListBehindParams{AfterID: after, Most: int32(t.page)})
		cancel()
		if err != nil || len(users) == 0 {
			return errors.Join(append(failed, err)...)
		}
		switch err := t.catchUp(ctx, users); {
		case errors.Is(err, errBusy), t.result.Behind:
			return errors.Join(failed...)
		case err != nil && Transient(err):
			return err
		case err != nil:
			failed = append(failed, err)
		}
		after = users[len(users)-1]
	}
}

// catchUp settles the purchases of users, one page after another. Where that fails by a fault of one of them, they are
// halved until it is alone.
func (t *tick) catchUp(ctx context.Context, users []int64) error {
	for len(users) > 0 {
		if time.Now().After(t.until) {
			t.result.Behind = true
			return nil
		}
		r, err := t.store.run(ctx, work{behind: users, page: t.page, cause: clockCause})
		t.result.Restarts += r.Restarts
		if err != nil {
			if half := len(users) / 2; half > 0 && !Transient(err) {
				return errors.Join(t.catchUp(ctx, users[:half]), t.catchUp(ctx, users[half:]))
			}
			return err
		}
		if r.busy {
			return errBusy
		}
		t.result.Credits = append(t.result.Credits, r.Credits...)
		users = r.left
	}
	return nil
}
