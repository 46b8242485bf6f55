package console

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

const adminToken = "the-admin-token-of-the-tests"

// world is the console over a fresh database, which a worker's store fills. Each has the rights of its process.
type world struct {
	t       testing.TB
	dsn     string
	owner   *pgxpool.Pool
	store   *store.Store
	api     *store.Database
	config  Config
	handler http.Handler
	stream  *fakeStream
	letters *fakeLetters
	admins  *fakeAdmins
	limit   *fakeLimit
	queries *counter
	reg     *prometheus.Registry
	log     *bytes.Buffer
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		t: t, dsn: testkit.Database(t), letters: &fakeLetters{}, admins: &fakeAdmins{tokens: map[string]bool{adminToken: true}},
		limit: &fakeLimit{left: 100}, queries: &counter{}, reg: prometheus.NewRegistry(), log: &bytes.Buffer{},
	}
	w.owner = w.open(w.dsn)
	w.exec("update terms set effective_from = '2025-01-01'") // older than every sign-up
	w.store = w.as("plusone_worker")
	w.stream = &fakeStream{w: w}
	w.api = w.as("plusone_api").Database
	log := slog.New(slog.NewJSONHandler(w.log, nil))
	w.config = Config{
		Store: w.api, Sessions: w.api.Sessions(), Admins: w.admins, Letters: w.letters, Desk: decide.New(w.stream, Source, log, nil),
		Attempts: w.limit, Client: func(r *http.Request) string { return r.RemoteAddr }, Version: "v0.0-test", Metrics: NewMetrics(w.reg), Log: log,
	}
	w.build()
	return w
}

func (w *world) build() {
	w.t.Helper()
	var err error
	w.handler, err = New(w.config)
	w.must(err)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(sql string) {
	w.t.Helper()
	_, err := w.owner.Exec(w.t.Context(), sql)
	w.must(err)
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
		HashKey: []byte("a key that only tests use"),
		Codes: func(user string, _, attempt int) string {
			return "C-" + strings.ToUpper(user) + strings.Repeat("X", attempt)
		},
		Disposable: func(domain string) bool { return domain == "throwaway.example" },
	})
	w.must(err)
	return s
}

func (w *world) apply(events ...fact.Event) {
	w.t.Helper()
	_, err := w.store.Apply(w.t.Context(), events)
	w.must(err)
}

// fold does what a worker does beside its batches.
func (w *world) fold() {
	w.t.Helper()
	for {
		n, err := w.store.FoldTallies(w.t.Context(), 1000)
		w.must(err)
		if n == 0 {
			return
		}
	}
}

// counter counts the statements that go to the database.
type counter struct{ n atomic.Int64 }

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}

func (*counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// fakeStream has what is published applied at once, as a worker would; or takes nothing, or has no worker.
type fakeStream struct {
	w      *world
	away   error
	idle   bool
	events []fact.Event
}

func (s *fakeStream) Publish(_ context.Context, subject, _ string, _ map[string]string, data []byte) error {
	if s.away != nil {
		return s.away
	}
	e, err := fact.ParseCloudEvent(data)
	if err != nil || subject != "plusone.in."+e.Type {
		return fmt.Errorf("a %s on %s: %w", e.Type, subject, err)
	}
	s.events = append(s.events, e)
	if !s.idle {
		s.w.apply(e)
	}
	return nil
}

// fakeLetters are dead letters that a test made up.
type fakeLetters struct {
	all      []stream.Letter // the latest first
	standing stream.Standing
	away     error
}

func (l *fakeLetters) Page(_ context.Context, before uint64, limit int) (page []stream.Letter, total, next uint64, err error) {
	for _, letter := range l.all {
		if before != 0 && letter.Sequence >= before {
			continue
		}
		if len(page) == limit {
			return page, uint64(len(l.all)), page[limit-1].Sequence, l.away
		}
		page = append(page, letter)
	}
	return page, uint64(len(l.all)), 0, l.away
}

func (l *fakeLetters) Standing(context.Context) (stream.Standing, error) { return l.standing, l.away }

// fakeAdmins know their tokens by heart.
type fakeAdmins struct {
	tokens map[string]bool
	away   error
}

func (a *fakeAdmins) IsAdminHash(_ context.Context, hash []byte) (bool, error) {
	for token, ok := range a.tokens {
		if sum := sha256.Sum256([]byte(token)); bytes.Equal(sum[:], hash) {
			return ok, a.away
		}
	}
	return false, a.away
}

// fakeLimit lets so many try.
type fakeLimit struct{ left int }

func (l *fakeLimit) Take(string) (time.Duration, bool) {
	l.left--
	return 7300 * time.Millisecond, l.left >= 0
}

var errAway = errors.New("away")

// browser keeps a cookie as browsers do.
type browser struct {
	w       *world
	cookie  *http.Cookie
	headers map[string]string
}

// browser is one that has signed in.
func (w *world) browser() *browser {
	w.t.Helper()
	b := &browser{w: w}
	if answer := b.post("/console/sign-in", "name", "Kim", "token", adminToken); answer.Code != http.StatusSeeOther {
		w.t.Fatalf("signing in: %d %s", answer.Code, answer.Body)
	}
	return b
}

func (b *browser) do(r *http.Request) *httptest.ResponseRecorder {
	b.w.t.Helper()
	if b.cookie != nil {
		r.AddCookie(b.cookie)
	}
	for k, v := range b.headers {
		r.Header.Set(k, v)
	}
	answer := httptest.NewRecorder()
	b.w.handler.ServeHTTP(answer, r)
	for _, c := range answer.Result().Cookies() {
		if b.cookie = c; c.MaxAge < 0 {
			b.cookie = nil
		}
	}
	return answer
}

func (b *browser) get(target string) *httptest.ResponseRecorder {
	return b.do(httptest.NewRequestWithContext(b.w.t.Context(), http.MethodGet, target, nil))
}

func (b *browser) post(target string, fields ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	r := httptest.NewRequestWithContext(b.w.t.Context(), http.MethodPost, target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// page gets one that must be there, and returns its text.
func (b *browser) page(target string) string {
	b.w.t.Helper()
	answer := b.get(target)
	if answer.Code != http.StatusOK {
		b.w.t.Fatalf("%s: %d %s %s", target, answer.Code, answer.Header().Get("Location"), b.w.log)
	}
	return answer.Body.String()
}

// must has a page say these, and no others.
func (b *browser) must(target string, says []string, not ...string) {
	b.w.t.Helper()
	text := b.page(target)
	for _, s := range says {
		if !strings.Contains(text, s) {
			b.w.t.Errorf("%s does not say %q:\n%s", target, s, text)
		}
	}
	for _, s := range not {
		if strings.Contains(text, s) {
			b.w.t.Errorf("%s says %q", target, s)
		}
	}
}

func signUp(user, code string, at time.Time) fact.Event {
	name := "signup-" + user + code
	return fact.Event{
		Key: "ce:" + name, Name: name, Type: fact.UserRegistered, At: at,
		SignUp: &fact.SignUp{UserID: user, Username: "Mx " + user, Email: user + "@example.com", Code: code, RegisteredAt: at},
	}
}

// bought is a completed Checkout; n is its number.
func bought(n int, user string, minor int64, at time.Time) fact.Event {
	e := stripe(fmt.Sprintf("evt_cs_%d", n), fmt.Sprintf("cs_%d", n), payment.Evidence{
		Kind: payment.Session, User: payment.Claim{UserID: user, At: at}, Paid: payment.Paid{Amount: money.New("usd", minor), At: at},
	}, n)
	e.At = at
	return e
}

func refund(n int, minor int64) fact.Event {
	return stripe(fmt.Sprintf("evt_ch_%d_%d", n, minor), fmt.Sprintf("ch_%d", n), payment.Evidence{Kind: payment.Charge, Refunded: minor}, n)
}

func stripe(name, object string, e payment.Evidence, n int) fact.Event {
	var scope payment.Scope
	return fact.Event{Key: "stripe::" + name, Name: name, At: time.Now(), Sighting: &payment.Sighting{Reports: []payment.Report{
		{Key: scope.Key(object), Evidence: e}, {Key: scope.Key(fmt.Sprintf("pi_%d", n))},
	}}}
}

// story is one of everything, of today: rewarded (1), pending (2), taken back (3), to be reviewed (4 and 5), and what can not be
// placed.
func (w *world) story() {
	w.t.Helper()
	terms := "name: default\nfraud: {disposable_email: review}\nrewards:\n  - {to: referrer, fixed: {usd: \"10.00\", eur: \"10.00\"}}\n  - {to: referee, fixed: {usd: \"10.00\", eur: \"10.00\"}}\n"
	_, err := w.as("plusone_tools").ApplyProgram(w.t.Context(), []byte(terms))
	w.must(err)
	w.exec("update terms set effective_from = '2025-01-02' where version = 2")
	at := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	w.apply(signUp("alice", "", at.Add(-time.Minute)))
	for _, who := range []string{"bob", "carol", "dave"} {
		w.apply(signUp(who, "C-ALICE", at))
	}
	for _, who := range []string{"erin", "frank"} {
		e := signUp(who, "C-ALICE", at)
		e.SignUp.Email = who + "@throwaway.example"
		w.apply(e)
	}
	w.apply(signUp("grace", "C-NOBODY", at))
	for n, who := range []string{"bob", "", "dave", "erin", "frank"} {
		if who != "" {
			w.apply(bought(n+1, who, 3000, at.Add(time.Minute)))
		}
	}
	w.apply(refund(3, 3000))
	w.apply(refund(9, 500))
	w.fold()
}
