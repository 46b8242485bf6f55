package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Run(m, func(ctx context.Context, dsn string) error {
		_, err := store.Migrate(ctx, dsn)
		return err
	})
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// terms leave two places on a code, so that a third use of it is refused.
const terms = `
name: default
codes: {max_uses: 2}
`

// world is a database in which something of everything has happened: Bob is rewarded, Carol pending, Dave refunded (and
// keeps his place), Erin refused, Frank his own referrer; Grace signed up with two codes, and Heidi with one that nobody
// has; Ivan's purchase is his by his Stripe customer alone.
type world struct {
	t     *testing.T
	pool  *pgxpool.Pool // the owner's
	store *store.Store  // the worker's
	tools *store.Database
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldUnder(t, terms)
}

func newWorldUnder(t *testing.T, terms string) *world {
	t.Helper()
	dsn := testkit.Database(t)
	w := &world{t: t, pool: open(t, dsn)}
	w.exec("update terms set effective_from = '2024-01-01'")
	tools := open(t, testkit.As(t, dsn, "plusone_tools"))
	if _, err := at(t, tools, noon.Add(-365*24*time.Hour)).ApplyProgram(t.Context(), []byte(terms)); err != nil {
		t.Fatal(err)
	}
	w.tools = at(t, tools, noon).Database
	w.store = at(t, open(t, testkit.As(t, dsn, "plusone_worker")), noon)
	w.story()
	return w
}

func open(t *testing.T, dsn string) *pgxpool.Pool {
	t.Helper()
	pool, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// at is a store whose clock stands still.
func at(t *testing.T, pool *pgxpool.Pool, now time.Time) *store.Store {
	t.Helper()
	s, err := store.New(pool, store.Options{
		HashKey: []byte("a key that only tests use"), Now: func() time.Time { return now },
		Codes: func(user string, _, attempt int) string {
			return "C-" + strings.ToUpper(user) + strings.Repeat("X", attempt)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) story() {
	at := noon.Add(-time.Hour)
	w.apply(signUp("alice", "", at))
	w.apply(signUp("bob", "C-ALICE", at), signUp("carol", "C-ALICE", at), signUp("dave", "C-ALICE", at), signUp("erin", "C-ALICE", at))
	w.apply(signUp("frank", "C-FRANK", at), signUp("grace", "C-ALICE", at), signUp("grace", "C-BOB", at.Add(time.Minute)), signUp("heidi", "C-NOBODY", at))
	w.apply(purchase(1, "bob", 1000, at.Add(time.Minute)), purchase(2, "carol", 100, at.Add(time.Minute)), purchase(3, "dave", 3000, at.Add(2*time.Minute)))
	if _, err := w.store.FoldTallies(w.t.Context(), 100); err != nil {
		w.t.Fatal(err)
	}
	w.apply(visit("C-ALICE", at))
	w.apply(purchase(4, "erin", 5000, at.Add(3*time.Minute)), refund(3, 3000))
	live := payment.Scope{}.Key("cus_ivan")
	guest := purchase(5, "", 2000, at)
	guest.Sighting.Reports[0].Evidence.Customer = live
	w.apply(guest, fact.Event{Key: "tie", Name: "evt_tie", At: at, Tie: &fact.Tie{Customer: live, UserID: "ivan", At: at}})
}

func (w *world) apply(events ...fact.Event) {
	w.t.Helper()
	if _, err := w.store.Apply(w.t.Context(), events); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(sql string) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.t.Context(), sql); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// broken runs the audit, and returns the checks that found something.
func (w *world) broken() (names []string, r Report) {
	w.t.Helper()
	r, err := Run(w.t.Context(), w.tools, func(int) {})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, l := range r.Lines {
		if l.Broken > 0 {
			names = append(names, l.Check)
		}
		if (l.Broken > 0) != (l.Example != "") {
			w.t.Errorf("%+v: a broken law, and only that, has an example", l)
		}
	}
	if r.Held != (len(names) == 0) {
		w.t.Errorf("held is %t with %v broken", r.Held, names)
	}
	return names, r
}

func signUp(user, code string, at time.Time) fact.Event {
	name := "signup-" + user + code
	return fact.Event{Key: "ce:" + name, Name: name, Type: fact.UserRegistered, At: at, SignUp: &fact.SignUp{
		UserID: user, Email: user + "@example.com", Code: code, RegisteredAt: at,
	}}
}

func visit(code string, at time.Time) fact.Event {
	return fact.Event{Key: "ce:visit-" + code, Name: "visit-" + code, Type: fact.LinkVisited, At: at, Visit: &fact.Visit{Code: code, At: at}}
}

func purchase(n int, user string, minor int64, at time.Time) fact.Event {
	e := payment.Evidence{Kind: payment.Session, Paid: payment.Paid{Amount: money.New("usd", minor), At: at}}
	if user != "" {
		e.User = payment.Claim{UserID: user, At: at}
	}
	return stripe(fmt.Sprintf("evt_cs_%d", n), fmt.Sprintf("cs_%d", n), e, n)
}

func refund(n int, minor int64) fact.Event {
	return stripe(fmt.Sprintf("evt_ch_%d", n), fmt.Sprintf("ch_%d", n), payment.Evidence{Kind: payment.Charge, Refunded: minor}, n)
}

func stripe(name, object string, e payment.Evidence, n int) fact.Event {
	var scope payment.Scope
	return fact.Event{Key: "stripe::" + name, Name: name, At: noon, Sighting: &payment.Sighting{Reports: []payment.Report{
		{Key: scope.Key(object), Evidence: e}, {Key: scope.Key(fmt.Sprintf("pi_%d", n))},
	}}}
}

func TestALawfulDatabaseHolds(t *testing.T) {
	w := newWorld(t)
	names, r := w.broken()
	if len(names) > 0 {
		t.Errorf("broken: %v\n%+v", names, r)
	}
	if r.Rows < 10 {
		t.Errorf("%d rows were decided anew", r.Rows)
	}
	w.exec("delete from outbox") // when all has been told
	if names, r := w.broken(); len(names) > 0 {
		t.Errorf("broken: %v\n%+v", names, r)
	}
}

func TestAnEmptyDatabaseHolds(t *testing.T) {
	tools := store.NewDatabase(open(t, testkit.As(t, testkit.Database(t), "plusone_tools")))
	r, err := Run(t.Context(), tools, func(int) { t.Error("progress over nothing") })
	if err != nil || !r.Held || r.Rows != 0 || len(r.Lines) != len(checks) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestNoDatabase(t *testing.T) {
	pool, err := store.Open(t.Context(), "postgres://127.0.0.1:1/gone?connect_timeout=1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if r, err := Run(t.Context(), store.NewDatabase(pool), func(int) {}); err == nil || r.Held {
		t.Errorf("%+v, %v", r, err)
	}
}

// disarm lets the ledger and the log be changed, as only the owner of the tables can; rearm makes good for it.
const (
	disarm = "alter table transfers disable trigger all; alter table transitions disable trigger all; "
	rearm  = "alter table transfers enable always trigger transfers_append_only; alter table transitions enable always trigger transitions_append_only"
)

// one is the referral, user or payment of somebody.
func of(referee string) string {
	return "(select r.id from referrals r join users u on u.id = r.referee_id where u.external_id = '" + referee + "' order by r.id limit 1)"
}

func user(id string) string { return "(select id from users where external_id = '" + id + "')" }

func code(name string) string { return "(select id from codes where code = '" + name + "')" }

// tampering is one thing that somebody did to a database, and the check that must find it.
var tampering = []struct{ name, sql, check string }{
	{"a balance raised", "update balances set minor = minor + 1 where user_id = " + user("bob"), "balances"},
	{"a balance deleted", "delete from balances where user_id = " + user("bob"), "balances"},
	{"a balance made up", "insert into balances values (" + user("carol") + ", 'usd', 5)", "balances"},
	{"a balance raised, and money made", "update balances set minor = minor + 1 where user_id = " + user("bob"), "zero_sum"},
	{"a balance of nobody", "insert into balances values (4711, 'usd', 0)", "references"},

	{"a transfer raised", disarm + "update transfers set minor = minor + 1 where referral_id = " + of("bob"), "balances"},
	{"a transfer raised with its balance", disarm + "update transfers set minor = minor + 1 where referral_id = " + of("bob") + "; update balances set minor = minor + 1 where minor > 0", "settlement"},
	{"a transfer to nobody", disarm + "update transfers set credit = 4711 where n = 1 and referral_id = " + of("bob"), "accounts"},
	{"a transfer from no program", disarm + "update transfers set debit = -4711 where n = 1 and referral_id = " + of("bob"), "accounts"},
	{"a transfer to somebody else", disarm + "update transfers set credit = " + user("carol") + " where n = 1 and referral_id = " + of("bob"), "settlement"},
	{"the transfers of a reward deleted", disarm + "delete from transfers where referral_id = " + of("bob"), "settlement"},
	{"transfers that cancelled each other deleted", disarm + "delete from transfers where referral_id = " + of("dave"), "settlement"},
	{"a transfer of no referral", disarm + "insert into transfers select 4711, n, kind, leg, debit, credit, currency, minor, at, cause from transfers limit 1", "references"},
	{"the ledger's trigger disabled", "alter table transfers disable trigger transfers_append_only", "append_only"},
	{"the log's trigger dropped", "drop trigger transitions_append_only on transitions", "append_only"},

	{"the last transition deleted", disarm + "delete from transitions where n = 3 and referral_id = " + of("bob"), "log"},
	{"the first transition deleted", disarm + "delete from transitions where n = 1 and referral_id = " + of("bob"), "log"},
	{"a whole log deleted", disarm + "delete from transitions where referral_id = " + of("carol"), "log"},
	{"a reason rewritten", disarm + "update transitions set reason = 'expired' where to_status = 'cancelled' and referral_id = " + of("dave"), "log"},
	{"an illegal move", disarm + "update transitions set to_status = 'rewarded' where n = 2 and referral_id = " + of("bob"), "log"},
	{"a move back in time", disarm + "update transitions set at = at - interval '1 day' where n = 3 and referral_id = " + of("bob"), "log"},
	{"a log of no referral", disarm + "insert into transitions values (4711, 1, null, 'pending', null, now(), 'x')", "references"},

	{"a status changed", "update referrals set status = 'qualified' where id = " + of("carol"), "verdicts"},
	{"a reason changed", "update referrals set reason = 'expired' where id = " + of("dave"), "verdicts"},
	{"a status changed without a log", "update referrals set status = 'pending' where id = " + of("bob"), "log"},
	{"a sign-up moved", "update referrals set registered_at = registered_at + interval '1 day' where id = " + of("bob"), "sign_ups"},
	{"a referrer exchanged", "update referrals set referrer_id = " + user("carol") + " where id = " + of("bob"), "references"},
	{"a payment that is not there", "update referrals set payment_id = 4711 where id = " + of("bob"), "references"},
	{"a transfer more counted", "update referrals set transfers = transfers + 1 where id = " + of("bob"), "settlement"},
	{"a transition more counted", "update referrals set transitions = transitions + 1 where id = " + of("bob"), "log"},
	{"a place taken away", "update referrals set slot = 0 where id = " + of("dave"), "cap"},
	{"a place given twice", "update referrals set slot = 1 where id = " + of("dave"), "cap"},
	{"a refusal without need", "update referrals set slot = -1 where id = " + of("carol") + "; update codes set max_uses = 3 where code = 'C-ALICE'", "cap"},
	{"a refusal taken back", "update referrals set slot = 0 where id = " + of("erin"), "verdicts"},
	{"a second live referral", "update referrals set status = 'pending', reason = null where status = 'cancelled' and referee_id = " + user("grace"), "one_live"},
	{"a referral of no program", "update referrals set program_id = 4711 where id = " + of("carol"), "references"},
	{"a referral deleted", "delete from referrals where id = " + of("carol"), "sign_ups"},

	{"a place more granted", "update codes set granted = granted + 1, max_uses = 10 where code = 'C-ALICE'", "cap"},
	{"a place less granted", "update codes set granted = granted - 1 where code = 'C-ALICE'", "cap"},
	{"a code given away", "update codes set owner_id = " + user("bob") + " where code = 'C-ALICE'", "references"},
	{"a code deleted", "delete from codes where code = 'C-ALICE'", "references"},

	{"a card that nobody paid with", "insert into cards (key, user_id, seen_at) values ('x', " + user("bob") + ", now())", "cards"},
	{"a tombstone of somebody who is there", "insert into tombstones (user_id, hash, erased_at) values (" + user("bob") + ", 'x', now())", "erased"},
	{"somebody erased without a tombstone", "update users set erased_at = now() where id = " + user("heidi"), "erased"},

	{"a sign-up said to wait", "update sign_ups set waiting = true where user_id = " + user("bob"), "sign_ups"},
	{"a waiting sign-up hidden", "update sign_ups set waiting = false where user_id = " + user("heidi"), "sign_ups"},
	{"an earlier sign-up", "update sign_ups set registered_at = registered_at - interval '1 hour' where user_id = " + user("heidi"), "sign_ups"},
	{"a sign-up deleted", "delete from sign_ups where user_id = " + user("bob"), "sign_ups"},
	{"a waiting sign-up deleted", "delete from sign_ups where user_id = " + user("heidi"), "sign_ups"},
	{"a sign-up made up", "insert into sign_ups values (" + user("alice") + ", " + code("C-BOB") + ", '2026-03-02', 'x', false)", "sign_ups"},

	{"a refund hidden", "update payments set refunded = 0 where key like '%ch_3'", "payments"},
	{"a payment raised", "update payments set gross = 1000 where gross = 100", "payments"},
	{"a payment given away", "update payments set user_id = " + user("carol") + " where user_id = " + user("bob"), "payments"},
	{"a payment dated back", "update payments set paid_at = paid_at - interval '1 second' where user_id = " + user("bob"), "payments"},
	{"a payment made up", "insert into payments (key, user_id, named, currency, gross, paid_at) values ('x', " + user("carol") + ", true, 'usd', 5000, '2026-03-01')", "payments"},
	{"a payment deleted", "delete from payments where user_id = " + user("carol"), "references"},
	{"a payment merged into nothing", "update payments set merged_into = 4711 where user_id = " + user("carol"), "references"},
	{"a payment of a customer who is not there", "update payments set customer_id = 4711 where user_id = " + user("carol"), "references"},

	{"an object raised", "update objects set gross = 999999 where key like '%cs_1'", "payments"},
	{"an object deleted", "delete from objects where key like '%cs_1'", "payments"},
	{"an object moved", "update objects set payment_id = 4711 where key like '%cs_1'", "references"},
	{"an object and its payment lowered", "update objects set gross = 1 where key like '%cs_1'; update payments set gross = 1 where user_id = " + user("bob"), "undue_reward"},
	{"an object and its payment refunded", "update objects set refunded = 1000 where key like '%pi_1'; update payments set refunded = 1000 where user_id = " + user("bob"), "verdicts"},
	{"a tie changed", "update customers set user_id = " + user("bob"), "payments"},
	{"a tie forgotten", "update customers set user_id = null", "payments"},

	{"a sign-up that stands forgotten", "update users set registered_at = null where external_id = 'bob'", "sign_ups"},
	{"a later sign-up stands", "update users set registered_at = registered_at + interval '1 day' where external_id = 'heidi'", "sign_ups"},
	{"another code stands", "update users set sign_up_code = null where external_id = 'bob'", "verdicts"},
	{"two people with one address", "update users set email_key = (select email_key from users where external_id = 'alice') where external_id = 'bob'", "verdicts"},
	{"a referee deleted", "delete from users where external_id = 'carol'", "references"},

	{"a day's tally raised", "update daily set n = n + 1 where name = 'referrals' and label = 'rewarded'", "tallies"},
	{"a day's tally deleted", "delete from daily where name = 'sign_ups'", "tallies"},
	{"a standing lowered", "update standings set rewarded = rewarded - 1", "tallies"},
	{"a referral of nobody tallied", "insert into standings values (4711, 1, 0, 1, 0, 0, 0)", "tallies"},
	{"earnings raised", "update earnings set minor = minor + 1", "tallies"},
	{"visits of nobody", "insert into daily values (1, 'visits', '2026-03-01', 'x', 1)", "tallies"},
	{"what was to be folded deleted", "delete from tally_queue", "tallies"},
	{"what was to be folded doubled", "insert into tally_queue (deltas) select deltas from tally_queue order by id desc limit 1", "tallies"},
	{"another way to have come", "update users set source = 'x' where external_id = 'bob'", "tallies"},

	{"an event of nothing", `insert into outbox (count, events) values (1, '[{"id": "transition-4711-1"}]')`, "outbox"},
	{"an event told twice", "insert into outbox (count, events) select count, events from outbox order by id limit 1", "outbox"},
	{"a miscounted row", "update outbox set count = count + 1", "outbox"},
}

func TestTampering(t *testing.T) {
	caught := make(map[string]bool)
	for _, tt := range tampering {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tag, err := w.pool.Exec(t.Context(), tt.sql)
			if err != nil {
				t.Fatal(err)
			}
			if tag.RowsAffected() == 0 && !strings.Contains(tt.sql, "trigger") {
				t.Fatal("nothing was changed")
			}
			if strings.HasPrefix(tt.sql, disarm) {
				if _, err := w.pool.Exec(t.Context(), rearm); err != nil {
					t.Fatal(err)
				}
			}
			if names, r := w.broken(); !slices.Contains(names, tt.check) {
				t.Errorf("%s found nothing; these did: %v\n%+v", tt.check, names, r.Lines)
			}
		})
		caught[tt.check] = true
	}
	// Every check finds something, so every one is really asked; and there is none that no law stands behind.
	for _, c := range checks {
		if !caught[c.name] {
			t.Errorf("no tampering shows that the check %s finds anything", c.name)
		}
		delete(caught, c.name)
	}
	for name := range caught {
		t.Errorf("the check %s belongs to no law", name)
	}
}

// TestEveryCheckIsAsked has a check pass for nothing when it was not asked, or is not known.
func TestEveryCheckIsAsked(t *testing.T) {
	all := newReport()
	for _, c := range checks {
		all.note(c.name, 0, "")
	}
	if err := all.conclude(); err != nil || !all.Held {
		t.Errorf("%v, %v", all.Held, err)
	}
	for _, c := range checks {
		r := newReport()
		for _, other := range checks {
			if other.name != c.name {
				r.note(other.name, 0, "")
			}
		}
		if err := r.conclude(); err == nil || r.Held {
			t.Errorf("%s was not asked, and the laws hold", c.name)
		}
	}
	all.note("a new check", 0, "")
	if err := all.conclude(); err == nil {
		t.Error("a check that no law stands behind was accepted")
	}
}

func TestLaws(t *testing.T) {
	for i, l := range Laws {
		if l.Number != i+1 || l.Name == "" || l.Text == "" {
			t.Errorf("law %d is %+v", i+1, l)
		}
	}
	lawed := make(map[int]bool)
	for _, c := range checks {
		if c.law < 1 || c.law > len(Laws) || c.text == "" {
			t.Errorf("check %+v", c)
		}
		lawed[c.law] = true
	}
	if len(lawed) != len(Laws) {
		t.Errorf("%d of %d laws have a check", len(lawed), len(Laws))
	}
}
