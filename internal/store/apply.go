package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/referral"
)

// Result is what a batch came to, for logs and metrics.
type Result struct {
	Seen        map[string]bool // the keys of events that were recorded before
	Transitions []Transition
	Transfers   []Transfer
	Credits     []Credit
	Taken       []Taken // codes that the business wanted for somebody, and somebody else has
	Restarts    int     // how often the batch was begun anew because the set of rows to lock had grown
	Behind      bool    // the clock left purchases to be credited to its next look
	Tallied     bool    // there is something to fold into the tallies

	left []int64 // of the users whose purchases the clock goes through: those who have more
	busy bool    // somebody else goes through them
}

// Taken is a code that could not be had.
type Taken struct {
	Event string // the id of the event that wanted it
	Code  string
}

// Transition is one move that was made.
type Transition struct {
	ReferralID int64
	Move       referral.Move
	Cause      string // the id of the event that led to it, or "clock"
	At         time.Time
}

// Transfer is one that was posted.
type Transfer struct {
	ReferralID int64
	ledger.Transfer
}

// maxRestarts bounds how often one batch is begun anew before it is left to a later delivery.
const maxRestarts = 20

// ErrContended says that a batch could not get a stable set of rows; it may be tried again.
var ErrContended = errors.New("store: the rows to lock kept changing")

// Apply records the facts of a batch of events in one transaction, assesses every referral they touch, and settles the
// ledger. An event that was recorded before changes nothing. The number of statements does not depend on the size of
// the batch.
//
// Erasures are the exception: each takes statements of its own, and a second one of the same id a transaction of its own,
// for what the first divides has to be written before it can be divided again.
func (s *Store) Apply(ctx context.Context, events []fact.Event) (Result, error) {
	first, further := onceErased(events)
	all, err := s.run(ctx, work{events: first})
	for _, e := range further {
		if err != nil {
			break
		}
		var r Result
		r, err = s.run(ctx, work{events: []fact.Event{e}})
		all.add(r)
	}
	return all, err
}

// onceErased takes from a batch the erasures of ids that it erases before.
func onceErased(events []fact.Event) (first, further []fact.Event) {
	seen := make(map[string]bool)
	for _, e := range events {
		switch {
		case e.Erased == nil:
			first = append(first, e)
		case seen[e.Erased.UserID]:
			further = append(further, e)
		default:
			seen[e.Erased.UserID] = true
			first = append(first, e)
		}
	}
	return first, further
}

// add puts the result of a further transaction to it.
func (r *Result) add(o Result) {
	maps.Copy(r.Seen, o.Seen)
	r.Transitions = append(r.Transitions, o.Transitions...)
	r.Transfers = append(r.Transfers, o.Transfers...)
	r.Credits = append(r.Credits, o.Credits...)
	r.Taken = append(r.Taken, o.Taken...)
	r.Restarts += o.Restarts
	r.Tallied = r.Tallied || o.Tallied
}

// work is what a transaction is asked to do: record events, look again at the referrals of some referees, or settle the
// next page of the purchases of some who are behind.
type work struct {
	events   []fact.Event
	referees []int64
	behind   []int64
	page     int    // how many purchases
	cause    string // of what is not caused by an event
}

// run runs the transaction, and begins it anew with more rows to lock when the first set turned out too small.
func (s *Store) run(ctx context.Context, w work) (Result, error) {
	var also extra
	for restarts := range maxRestarts {
		t := &txn{store: s, also: also}
		err := s.onConnection(ctx, func(ctx context.Context, conn connection) error {
			t.ctx = ctx
			return t.run(conn, w)
		})
		var grown *grownError
		if errors.As(err, &grown) {
			also = also.with(grown.more)
			continue
		}
		t.result.Restarts = restarts
		return t.result, explainSchema(err)
	}
	return Result{Restarts: maxRestarts}, ErrContended
}

// extra are rows that an earlier attempt found to be needed too late to lock them in order, and what else it learnt.
type extra struct {
	users    map[int64]string // and the event that concerns them
	payments []int64
	redraw   map[membership]int // how often the code drawn for somebody turned out to be taken
	careful  bool               // codes that are drawn are looked for before they are recorded
}

func (e extra) with(more extra) extra {
	sum := extra{
		users: make(map[int64]string), payments: slices.Concat(e.payments, more.payments), redraw: make(map[membership]int),
		careful: e.careful || more.careful,
	}
	maps.Copy(sum.users, e.users)
	maps.Copy(sum.users, more.users)
	maps.Copy(sum.redraw, e.redraw)
	for who, n := range more.redraw {
		sum.redraw[who] += n
	}
	return sum
}

// grownError says that rows have to be locked that come earlier in the order of locks than some that are locked already.
type grownError struct {
	more extra
	why  string
}

func (e *grownError) Error() string { return "store: more rows to lock: " + e.why }

// txn is one attempt at a batch: what was locked and read, and what it leads to. No two attempts can wait for each other,
// for everybody goes the same way, within each table by key:
//
//  1. the terms (shared) and the keys of the events are claimed;
//  2. rows that are missing are inserted: customers, users, codes, and then objects;
//  3. rows that were there are locked: objects, payments, customers, users, codes;
//  4. balances are added to, last of all.
//
// Another's uncommitted row can be waited for only by inserting the same key, in 1 and 2, when nothing of 3 is held yet
// by the one who waits; nobody inserts into these tables afterwards.
type txn struct {
	store *Store
	ctx   context.Context //nolint:containedctx // lives as long as the transaction
	conn  connection
	q     *db.Queries
	later pipeline // writes, sent together
	also  extra
	now   time.Time
	terms *termsBook
	in    *intake
	books *books

	credits []*credited         // payments whose credit is looked at
	behind  db.MarkBehindParams // users whose earlier purchases are left to the clock

	names     names
	touched   map[int64]string // users whose referrals are looked at again, and the event that is the cause
	users     map[int64]*user
	codes     map[int64]*code
	waiting   []int64 // users who signed up with a code that has just got its owner
	items     []*item
	bySignUp  map[[2]int64]*item        // the same, by referee and code
	signUps   map[[2]int64]*signUpState // of those who signed up, by user and code
	bought    map[int64][]int64         // the payments that the batch changed, by the users whose they are or were
	cards     cardChanges
	carded    map[int64][]string         // the cards of users that were seen earlier than was known, or not at all
	usedCodes map[int64][]int64          // the codes with which those came who turned out to be two
	hand      map[int64][]attributedCode // who was attributed by hand, by user
	buried    buried
	divided   map[int64]bool    // people who turned out to be two
	replayed  []fact.Event      // what was kept of them, to be recorded anew
	kept      map[string]traits // of the sign-ups among that, by the event
	repeats   repeats
	deltas    deltas // of the tallies
	result    Result
}

// run begins the transaction along with its first questions, and commits it along with its last writes.
func (t *txn) run(conn connection, w work) error {
	t.conn, t.q = conn, db.New(conn)
	t.later.add("begin")
	t.touched, t.bought = make(map[int64]string), make(map[int64][]int64)
	t.cards = cardChanges{seen: make(map[cardOf]time.Time), lost: make(map[cardOf]bool)}
	t.buried, t.divided, t.kept = make(buried), make(map[int64]bool), make(map[string]traits)
	t.carded, t.hand = make(map[int64][]string), make(map[int64][]attributedCode)
	t.usedCodes = make(map[int64][]int64)
	t.deltas.daily = make(map[dailyKey]int64)
	t.bySignUp, t.signUps = make(map[[2]int64]*item), make(map[[2]int64]*signUpState)
	for _, id := range slices.Concat(w.referees, w.behind) {
		t.touched[id] = w.cause
	}
	for _, step := range t.stages(w) {
		if err := step.do(); err != nil {
			return fmt.Errorf("store: %s: %w", step.name, err)
		}
		if len(t.in.events) == 0 && len(t.touched) == 0 {
			break // nothing but duplicates
		}
	}
	t.later.add("commit")
	return t.flush()
}

// stage is a part of a transaction.
type stage struct {
	name string
	do   func() error
}

func (t *txn) stages(w work) []stage {
	if len(w.behind) > 0 {
		return []stage{
			{"reading the terms", func() error { return t.claim(nil) }},
			{"catching up", func() error { return t.catchUp(w) }},
			{"settling", t.settle},
			{"saving", t.save},
		}
	}
	return []stage{
		{"claiming the events", func() error { return t.claim(w.events) }},
		{"naming", t.nameAll},
		{"recording payments", t.recordPayments},
		{"recording sign-ups", t.recordPeople},
		{"assessing", t.assess},
		{"settling", t.settle},
		{"saving", t.save},
	}
}

// claim reads the terms, which stay as they are from now on, marks the events as recorded, and goes on with those that
// were not.
func (t *txn) claim(events []fact.Event) error {
	var versions []db.ListTermsVersionsRow
	var claimed []string
	lock := (*db.Queries).LockTermsShared
	if slices.ContainsFunc(events, func(e fact.Event) bool { return e.Erased != nil }) {
		lock = (*db.Queries).LockTermsExclusive // see erase
	}
	if err := lock(t.later.queries(), t.ctx); err != nil {
		return err
	}
	var named []string
	if t.store.erasures.Load() {
		named = namedIn(events)
	}
	err := t.together(
		t.anybodyErased, ask(named, t.exhume),
		func(q *db.Queries) (err error) { versions, err = q.ListTermsVersions(t.ctx); return err },
		ask(sortedKeys(events), func(q *db.Queries, keys []string) (err error) {
			claimed, err = q.ClaimEvents(t.ctx, keys)
			return err
		}),
	)
	if err != nil {
		return err
	}
	if t.terms, err = t.store.bookOf(t.ctx, t.q, versions); err != nil {
		return err
	}
	fresh := make(map[string]bool, len(claimed))
	for _, key := range claimed {
		fresh[key] = true
	}
	var first []fact.Event
	t.result.Seen = make(map[string]bool)
	for _, e := range events {
		switch again, ok := fresh[e.Key]; {
		case !ok:
			t.result.Seen[e.Key] = true
		case again:
			fresh[e.Key] = false // it may stand in the batch twice
			first = append(first, e)
		}
	}
	if named == nil && t.store.erasures.Load() { // found out just now
		if err := t.together(ask(namedIn(first), t.exhume)); err != nil {
			return err
		}
	}
	if err := t.erase(first); err != nil {
		return err
	}
	t.in = newIntake(append(t.replayed, first...), t.store.cardKey, t.buried.name)
	return t.checkPrograms()
}

// touch notes that a user's referrals must be looked at again. The first cause stays; where none is known, it is the
// batch's last event.
func (t *txn) touch(userID int64, cause string) {
	if _, ok := t.touched[userID]; !ok && userID != 0 {
		t.touched[userID] = t.orLast(cause)
	}
}

// orLast is the cause, or where none is known, the batch's last event.
func (t *txn) orLast(cause string) string {
	if n := len(t.in.events); cause == "" && n > 0 {
		return t.in.events[n-1].Name
	}
	return cause
}

// flush sends the writes collected so far.
func (t *txn) flush() error { return t.later.send(t.ctx, t.conn) }
