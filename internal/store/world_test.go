package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/model"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// reporter is what a world reports to: a test, or one run of a property.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// world is a store over a fresh database, with a clock that stands still until it is told to move and codes that follow
// from who gets them, so that a sign-up can name a code before it exists. Each of them has the rights of its process.
type world struct {
	t     reporter
	ctx   context.Context
	store *Store        // the worker's
	tools *Database     // of those who apply terms and audit
	api   *Database     // of those who only ask
	pool  *pgxpool.Pool // the owner's
	now   time.Time

	spends bool // what was spent counts as still there, in the outcome: no fact speaks of it
}

// testKey is a key that only tests use.
var testKey = []byte("a key that only tests use")

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, terms string) *world {
	t.Helper()
	w := &world{t: t, ctx: context.WithoutCancel(t.Context()), now: noon.Add(-1000 * 24 * time.Hour)}
	dsn := testkit.Database(t)
	w.pool = open(t, dsn)
	w.tools = NewDatabase(open(t, testkit.As(t, dsn, "plusone_tools")))
	w.tools.clock = func() time.Time { return w.now }
	w.api = NewDatabase(open(t, testkit.As(t, dsn, "plusone_api")))
	w.api.clock = w.tools.clock
	var err error
	w.store, err = New(open(t, testkit.As(t, dsn, "plusone_worker")), Options{
		HashKey: testKey, Live: true,
		Disposable: func(domain string) bool { return slices.Contains(model.Disposable, domain) },
		Codes:      func(user string, _, attempt int) string { return codeOf(user, attempt) },
		Now:        func() time.Time { return w.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	if terms != "" {
		// In place of the default program, and older than every sign-up of the tests.
		if _, err := w.pool.Exec(t.Context(), "delete from terms"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.tools.ApplyProgram(t.Context(), []byte(terms)); err != nil {
			t.Fatal(err)
		}
	}
	w.now = noon
	return w
}

func open(t testing.TB, dsn string) *pgxpool.Pool {
	t.Helper()
	pool, err := Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// close ends the connections before the test does: a property makes many worlds.
func (w *world) close() {
	for _, pool := range []*pgxpool.Pool{w.pool, w.store.pool, w.tools.pool, w.api.pool} {
		pool.Close()
	}
}

func codeOf(user string, attempt int) string {
	return fmt.Sprintf("C-%s", strings.ToUpper(user)) + strings.Repeat("X", attempt)
}

func (w *world) apply(events ...fact.Event) Result {
	w.t.Helper()
	r, err := w.store.Apply(w.ctx, events)
	if err != nil {
		w.t.Fatalf("applying: %v", err)
	}
	return r
}

// outcome is what the laws mean by it: each referral's status, reason and live rewards, and every balance.
func (w *world) outcome() string {
	w.t.Helper()
	var lines []string
	page, err := w.api.Referrals(w.ctx, Filter{Limit: 10_000})
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	for _, r := range page {
		line := fmt.Sprintf("%s by %s (%s): %s %s", named(r.Referee), named(r.Referrer), r.Code, r.Status, r.Reason)
		var rewards []string
		for _, reward := range r.Rewards {
			rewards = append(rewards, fmt.Sprintf(" [%s %s %s]", reward.To, named(reward.UserID), reward.Amount))
		}
		lines = append(lines, line+referrersFirst(rewards))
	}
	rows, err := w.pool.Query(w.ctx, `select b.id, b.currency, b.minor from (
		select coalesce(u.external_id, '') as id, b.currency, b.minor + case when $1 then coalesce((
			select sum(case r.kind when 'redeemed' then r.minor else -r.minor end) from redemptions r
			where r.user_id = b.user_id and r.currency = b.currency), 0)::bigint else 0 end as minor
		from balances b join users u on u.id = b.user_id) b where minor <> 0`, w.spends)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	defer rows.Close()
	for rows.Next() {
		var user, currency string
		var minor int64
		if err := rows.Scan(&user, &currency, &minor); err != nil {
			w.t.Fatalf("%v", err)
		}
		lines = append(lines, fmt.Sprintf("%s has %s", named(user), money.New(money.Currency(currency), minor)))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// named is somebody's id, unless they were erased.
func named(id string) string { return cmp.Or(id, model.Forgotten) }

// referrersFirst puts the rewards of a referral in order.
func referrersFirst(rewards []string) string {
	slices.Sort(rewards)
	slices.Reverse(rewards)
	return strings.Join(rewards, "")
}

// lawful fails the test when the database breaks a law.
func (w *world) lawful() {
	w.t.Helper()
	counts, err := w.tools.Counts(w.ctx)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	for _, c := range counts {
		if c.Broken > 0 {
			w.t.Errorf("the law %s is broken %d times: %s", c.Check, c.Broken, c.Example)
		}
	}
	err = w.tools.Verify(w.ctx, 100, func(f Finding) {
		w.t.Errorf("%s: %s: %s", f.Check, f.Subject, f.Detail)
	}, func(int) {})
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	w.toldOnce()
}

// toldOnce is law 9, where nothing has been relayed yet: as many events wait as transitions and transfers were made.
func (w *world) toldOnce() {
	w.t.Helper()
	var waiting, made int
	err := w.pool.QueryRow(w.ctx, `select (select coalesce(sum(count), 0) from outbox),
		(select count(*) from transitions) + (select count(*) from transfers)`).Scan(&waiting, &made)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	if waiting != made {
		w.t.Errorf("%d events wait to be told, but %d transitions and transfers were made", waiting, made)
	}
}

// tick lets the clock run, as far as it goes.
func (w *world) tick() {
	w.t.Helper()
	for behind := true; behind; {
		r, err := w.store.Tick(w.ctx, 3)
		if err != nil {
			w.t.Fatalf("the clock: %v", err)
		}
		behind = r.Behind
	}
}

// Events, as their sources would state them. Each has a key of its own by what it says.

func registered(user, code string, at time.Time) fact.Event {
	name := fmt.Sprintf("reg-%s-%s-%d", user, code, at.Unix())
	return fact.Event{
		Key: "ce:" + name, Name: name, Type: "user.registered", At: at,
		SignUp: &fact.SignUp{UserID: user, Username: user, Email: user + "@example.com", Code: code, RegisteredAt: at},
	}
}

func withEmail(e fact.Event, email string) fact.Event {
	s := *e.SignUp
	s.Email = email
	e.SignUp = &s
	e.Key += email
	return e
}

func withOwnCode(e fact.Event, code string) fact.Event {
	s := *e.SignUp
	s.OwnCode = code
	e.SignUp = &s
	return e
}

// from is a sign-up from an address and a device.
func from(e fact.Event, ip, device string) fact.Event {
	s := *e.SignUp
	s.IP, s.DeviceID = ip, device
	e.SignUp = &s
	return e
}

// again is the same, told by another event.
func again(e fact.Event) fact.Event {
	e.Key, e.Name = e.Key+"-again", e.Name+"-again"
	return e
}

func verifiedBy(user string, at time.Time) fact.Event {
	name := fmt.Sprintf("verified-%s-%d", user, at.Unix())
	return fact.Event{Key: "ce:" + name, Name: name, At: at, Verified: &fact.Verified{UserID: user, At: at}}
}

var live = payment.Scope{Live: true}

// session is a completed Checkout: n is the purchase's number.
func session(n int, user string, amount money.Amount, at time.Time) fact.Event {
	return stripe(fmt.Sprintf("evt_cs_%d", n), at, payment.Report{
		Key: live.Key(fmt.Sprintf("cs_%d", n)),
		Evidence: payment.Evidence{
			Kind: payment.Session, User: claim(user, at), Paid: payment.Paid{Amount: amount, At: at},
		},
	}, fmt.Sprintf("pi_%d", n))
}

func claim(user string, at time.Time) payment.Claim {
	if user == "" {
		return payment.Claim{}
	}
	return payment.Claim{UserID: user, At: at}
}

// charge ties a purchase's charge to its intent, and says how much of it has gone back.
func charge(n int, refunded int64, at time.Time) fact.Event {
	return stripe(fmt.Sprintf("evt_ch_%d_%d", n, refunded), at, payment.Report{
		Key: live.Key(fmt.Sprintf("ch_%d", n)), Evidence: payment.Evidence{Kind: payment.Charge, Refunded: refunded},
	}, fmt.Sprintf("pi_%d", n))
}

// refund is one refund, known by its charge alone.
func refund(n, k int, minor int64, status payment.RefundStatus, at time.Time) fact.Event {
	return stripe(fmt.Sprintf("evt_re_%d_%d_%d_%d", n, k, status, at.Unix()), at, payment.Report{
		Key: live.Key(fmt.Sprintf("re_%d_%d", n, k)),
		Evidence: payment.Evidence{
			Kind: payment.Refund, Refund: payment.RefundState{Minor: minor, Status: status, At: at},
		},
	}, fmt.Sprintf("ch_%d", n))
}

// intent is one that names a user itself.
func intent(n int, user string, amount money.Amount, at time.Time) fact.Event {
	buyer := claim(user, at)
	buyer.Place = payment.OnPayment
	return stripe(fmt.Sprintf("evt_pi_%d", n), at, payment.Report{
		Key: live.Key(fmt.Sprintf("pi_%d", n)), Evidence: payment.Evidence{Kind: payment.Intent, User: buyer, Paid: payment.Paid{Amount: amount, At: at}},
	})
}

// invoice is one that was paid, and names nobody.
func invoice(n int, amount money.Amount, at time.Time) fact.Event {
	return stripe(fmt.Sprintf("evt_in_%d", n), at, payment.Report{
		Key: live.Key(fmt.Sprintf("in_%d", n)), Evidence: payment.Evidence{Kind: payment.Invoice, Paid: payment.Paid{Amount: amount, At: at}},
	}, fmt.Sprintf("pi_%d", n))
}

// paidBy is a charge that shows the card.
func paidBy(n int, card string, at time.Time) fact.Event {
	e := charge(n, 0, at)
	e.Name, e.Key = e.Name+card, e.Key+card
	e.Sighting.Reports[0].Evidence.Card = card
	return e
}

// dispute is the k-th of a purchase, as it stood at a time.
func dispute(n, k int, status payment.DisputeStatus, at time.Time) fact.Event {
	return stripe(fmt.Sprintf("evt_dp_%d_%d_%d_%d", n, k, status, at.Unix()), at, payment.Report{
		Key: live.Key(fmt.Sprintf("dp_%d_%d", n, k)),
		Evidence: payment.Evidence{
			Kind: payment.Dispute, Dispute: payment.DisputeState{Minor: 1000, Status: status, At: at, Opened: at},
		},
	}, fmt.Sprintf("ch_%d", n))
}

// warning is an early one of fraud.
func warning(n int, actionable bool, at time.Time) fact.Event {
	return stripe(fmt.Sprintf("evt_issfr_%d_%t_%d", n, actionable, at.Unix()), at, payment.Report{
		Key:      live.Key(fmt.Sprintf("issfr_%d", n)),
		Evidence: payment.Evidence{Kind: payment.Warning, Warning: payment.WarningState{Known: true, Actionable: actionable, At: at, Opened: at}},
	}, fmt.Sprintf("ch_%d", n))
}

func stripe(name string, at time.Time, r payment.Report, ties ...string) fact.Event {
	reports := []payment.Report{r}
	for _, id := range ties {
		reports = append(reports, payment.Report{Key: live.Key(id)})
	}
	return fact.Event{Key: "stripe::" + name, Name: name, At: at, Sighting: &payment.Sighting{Reports: reports}}
}

func usd(minor int64) money.Amount { return money.New("usd", minor) }
