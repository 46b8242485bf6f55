package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
)

const (
	token      = "the-service-token"
	adminToken = "the-admin-token-of-the-tests"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is the API over a fresh database, which a worker's store fills. Each has the rights of its process.
type world struct {
	t       testing.TB
	dsn     string
	store   *store.Store
	handler http.Handler
	stream  *fakeStream
	queries *counter
	log     *bytes.Buffer
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, dsn: testkit.Database(t), stream: &fakeStream{}, queries: &counter{}, log: &bytes.Buffer{}}
	_, err := w.open(w.dsn).Exec(t.Context(), "update terms set effective_from = '2025-01-01'") // older than every sign-up
	w.must(err)
	w.store = w.as("plusone_worker")
	w.with()
	return w
}

// with makes the API anew, with more than it does by itself.
func (w *world) with(options ...Option) {
	w.t.Helper()
	log := slog.New(slog.NewJSONHandler(w.log, nil))
	options = append(options, WithDecisions(decide.New(w.stream, "/plusone/api", log, nil), []string{"another-admin-token", adminToken}))
	w.handler = testkit.Documented(w.t, New(w.as("plusone_api").Database, []string{"another-token", token}, log, options...))
}

// fakeStream keeps what it is given, or takes nothing.
type fakeStream struct {
	away   error
	events []fact.Event
}

func (s *fakeStream) Publish(_ context.Context, subject, _ string, _ map[string]string, data []byte) error {
	if s.away != nil {
		return s.away
	}
	e, err := fact.ParseCloudEvent(data)
	if subject != "plusone.in."+e.Type {
		return fmt.Errorf("a %s on %s", e.Type, subject)
	}
	s.events = append(s.events, e)
	return err
}

// open is a pool whose statements are counted.
func (w *world) open(dsn string) *pgxpool.Pool {
	w.t.Helper()
	cfg, err := pgxpool.ParseConfig(dsn)
	w.must(err)
	cfg.ConnConfig.Tracer = w.queries
	pool, err := pgxpool.NewWithConfig(w.t.Context(), cfg)
	w.must(err)
	w.t.Cleanup(pool.Close)
	return pool
}

// as is a store with the rights of one process.
func (w *world) as(role string) *store.Store {
	w.t.Helper()
	s, err := store.New(w.open(testkit.As(w.t, w.dsn, role)), store.Options{
		HashKey: []byte("a key that only tests use"), Now: func() time.Time { return noon },
		Codes: func(user string, _, attempt int) string {
			return "C-" + strings.ToUpper(user) + strings.Repeat("X", attempt)
		},
	})
	w.must(err)
	return s
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) apply(events ...fact.Event) {
	w.t.Helper()
	_, err := w.store.Apply(w.t.Context(), events)
	w.must(err)
}

// get asks with the token.
func (w *world) get(target string) *httptest.ResponseRecorder {
	return w.do(http.MethodGet, target, "Bearer "+token)
}

func (w *world) do(method, target string, authorization ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.send(method, target, "", authorization...)
}

func (w *world) send(method, target, body string, authorization ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, target, strings.NewReader(body))
	for _, a := range authorization {
		r.Header.Add("Authorization", a)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

// list asks for referrals and expects to get them.
func (w *world) list(query string) referralList {
	w.t.Helper()
	answer := w.get("/v1/referrals" + query)
	var list referralList
	if answer.Code != http.StatusOK {
		w.t.Fatalf("%s: %d %s", query, answer.Code, answer.Body)
	}
	w.must(json.Unmarshal(answer.Body.Bytes(), &list))
	return list
}

// problemOf checks that an answer is a problem document of a status, and returns it.
func (w *world) problemOf(answer *httptest.ResponseRecorder, status int) problem.Problem {
	w.t.Helper()
	if answer.Code != status || answer.Header().Get("Content-Type") != problem.ContentType {
		w.t.Fatalf("the answer is %d, %v: %s", answer.Code, answer.Header(), answer.Body)
	}
	var p problem.Problem
	w.must(json.Unmarshal(answer.Body.Bytes(), &p))
	if p.Status != status || p.Title == "" || p.Detail == "" || p.Reason == "" {
		w.t.Errorf("the problem is %+v", p)
	}
	return p
}

// counter counts the statements that go to the database.
type counter struct{ n atomic.Int64 }

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}

func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func signUp(user, code string, at time.Time) fact.Event {
	name := "signup-" + user + code
	return fact.Event{
		Key: "ce:" + name, Name: name, Type: fact.UserRegistered, At: at,
		SignUp: &fact.SignUp{UserID: user, Username: "Mx " + user, Email: user + "@example.com", Code: code, RegisteredAt: at},
	}
}

// purchase is a completed Checkout; n is its number.
func purchase(n int, user string, minor int64, currency money.Currency, at time.Time) fact.Event {
	e := stripe(fmt.Sprintf("evt_cs_%d", n), fmt.Sprintf("cs_%d", n), payment.Evidence{
		Kind: payment.Session, User: payment.Claim{UserID: user, At: at},
		Paid: payment.Paid{Amount: money.New(currency, minor), At: at},
	}, n)
	e.At = at
	return e
}

// refund says how much of a purchase has gone back so far.
func refund(n int, minor int64) fact.Event {
	return stripe(fmt.Sprintf("evt_ch_%d_%d", n, minor), fmt.Sprintf("ch_%d", n), payment.Evidence{Kind: payment.Charge, Refunded: minor}, n)
}

func stripe(name, object string, e payment.Evidence, n int) fact.Event {
	var scope payment.Scope
	return fact.Event{Key: "stripe::" + name, Name: name, At: noon, Sighting: &payment.Sighting{Reports: []payment.Report{
		{Key: scope.Key(object), Evidence: e}, {Key: scope.Key(fmt.Sprintf("pi_%d", n))},
	}}}
}

// story is one of everything: rewarded, pending, refunded, in a currency of no decimals, with a code nobody has.
func (w *world) story() {
	w.t.Helper()
	at := noon.Add(-time.Hour)
	w.apply(signUp("alice", "", at.Add(-time.Hour)))
	w.apply(signUp("bob", "C-ALICE", at), signUp("carol", "C-ALICE", at), signUp("dave", "C-ALICE", at))
	w.apply(signUp("erin", "C-NOBODY", at.Add(123456*time.Microsecond)), signUp("frank", "C-FRANK", at))
	w.apply(purchase(1, "bob", 1000, "usd", at.Add(time.Minute)))
	w.apply(purchase(2, "carol", 1000, "jpy", at.Add(time.Minute)))
	w.apply(purchase(3, "dave", 3000, "eur", at.Add(time.Minute)))
	w.apply(refund(3, 3000))
	w.apply(purchase(4, "stranger", 5000, "usd", at))
}

// logger writes where the world's log is looked at.
func (w *world) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(w.log, nil)) }
