package portal

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
	"github.com/plusone-dev/plusone/internal/usertoken"
)

const (
	secret = "a secret that only these tests sign with"
	shop   = "https://shop.example"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is the dashboard over a fresh database, which a worker's store fills. Each has the rights of its process.
type world struct {
	t       testing.TB
	dsn     string
	worker  *store.Store
	config  Config
	handler http.Handler
	now     time.Time // by which tokens are looked at
	log     bytes.Buffer
}

func newWorld(t testing.TB, change ...func(*Config)) *world {
	t.Helper()
	w := &world{t: t, dsn: testkit.Database(t), now: noon}
	_, err := w.open(w.dsn).Exec(t.Context(), "update terms set effective_from = '2025-01-01'") // older than every sign-up
	w.must(err)
	w.worker = w.as("plusone_worker")
	tokens, err := usertoken.New(usertoken.Config{Secrets: []string{secret}, Now: func() time.Time { return w.now }})
	w.must(err)
	w.config = Config{
		Store: w.as("plusone_api").Database, Tokens: tokens, Share: func(code string) string { return "https://refer.example/r/" + code },
		Embedders: []string{shop}, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	}
	for _, c := range change {
		c(&w.config)
	}
	w.handler, err = New(w.config)
	w.must(err)
	return w
}

func (w *world) open(dsn string) *pgxpool.Pool {
	w.t.Helper()
	pool, err := store.Open(w.t.Context(), dsn)
	w.must(err)
	w.t.Cleanup(pool.Close)
	return pool
}

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

// terms are in force from before every sign-up.
func (w *world) terms(yaml string) {
	w.t.Helper()
	pool := w.open(w.dsn)
	_, err := pool.Exec(w.t.Context(), "delete from terms")
	w.must(err)
	_, err = w.as("plusone_tools").ApplyProgram(w.t.Context(), []byte(yaml))
	w.must(err)
	_, err = pool.Exec(w.t.Context(), "update terms set effective_from = '2025-01-01'")
	w.must(err)
}

// apply records events, and has what they changed folded into the tallies.
func (w *world) apply(events ...fact.Event) {
	w.t.Helper()
	_, err := w.worker.Apply(w.t.Context(), events)
	w.must(err)
	for n := 1; n > 0; {
		n, err = w.worker.FoldTallies(w.t.Context(), 1000)
		w.must(err)
	}
}

// token is a user's, for an hour.
func (w *world) token(userID string) string {
	w.t.Helper()
	token, err := usertoken.Mint(secret, userID, w.now, time.Hour)
	w.must(err)
	return token
}

// ask sends a request with headers in pairs of name and value.
func (w *world) ask(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

func form(pairs ...string) string {
	v := make(url.Values)
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func cookie(token string) string { return cookieName + "=" + token }

// see is the page as a user sees it.
func (w *world) see(userID, target string) string {
	w.t.Helper()
	answer := w.ask(http.MethodGet, target, "", "Cookie", cookie(w.token(userID)))
	if answer.Code != http.StatusOK {
		w.t.Fatalf("%s for %s: %d %s", target, userID, answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// shows fails the test for each text that a page lacks.
func (w *world) shows(page string, texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			w.t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
}

// hides fails the test for each text that a page has.
func (w *world) hides(page string, texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) {
			w.t.Errorf("the page has %q:\n%s", text, page)
		}
	}
}

func signUp(user, username, code string, at time.Time) fact.Event {
	name := "signup-" + user + code
	return fact.Event{
		Key: "ce:" + name, Name: name, Type: fact.UserRegistered, At: at,
		SignUp: &fact.SignUp{UserID: user, Username: username, Email: user + "@example.com", Code: code, RegisteredAt: at},
	}
}

// purchase is a completed Checkout; n is its number.
func purchase(n int, user string, minor int64, at time.Time) fact.Event {
	e := stripe(fmt.Sprintf("evt_cs_%d", n), fmt.Sprintf("cs_%d", n), payment.Evidence{
		Kind: payment.Session, User: payment.Claim{UserID: user, At: at},
		Paid: payment.Paid{Amount: money.New("usd", minor), At: at},
	}, n)
	e.At = at
	return e
}

// refund says how much of a purchase has gone back.
func refund(n int, minor int64) fact.Event {
	return stripe(fmt.Sprintf("evt_ch_%d", n), fmt.Sprintf("ch_%d", n), payment.Evidence{Kind: payment.Charge, Refunded: minor}, n)
}

func stripe(name, object string, e payment.Evidence, n int) fact.Event {
	var scope payment.Scope
	return fact.Event{Key: "stripe::" + name, Name: name, At: noon, Sighting: &payment.Sighting{Reports: []payment.Report{
		{Key: scope.Key(object), Evidence: e}, {Key: scope.Key(fmt.Sprintf("pi_%d", n))},
	}}}
}

// story has alice bring four friends: one rewarded, one who bought nothing yet, one refunded, one without a name.
func (w *world) story() {
	w.t.Helper()
	at := noon.Add(-48 * time.Hour)
	w.apply(signUp("u-alice", "Alice Smith", "", at), signUp("u-zoe", "Zoe Stranger", "", at))
	w.apply(
		signUp("u-bob", "Bob Builder", "C-U-ALICE", at.Add(1*time.Hour)), signUp("u-carol", "Carol Jones", "C-U-ALICE", at.Add(2*time.Hour)),
		signUp("u-dave", "Dave Miller", "C-U-ALICE", at.Add(3*time.Hour)), signUp("u-erin", "", "C-U-ALICE", at.Add(4*time.Hour)),
	)
	w.apply(purchase(1, "u-bob", 1000, at.Add(5*time.Hour)), purchase(2, "u-dave", 2000, at.Add(5*time.Hour)))
	w.apply(refund(2, 2000))
}
