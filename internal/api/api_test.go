package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/store"
)

func TestTokens(t *testing.T) {
	w := newWorld(t)
	w.story()
	for name, tt := range map[string]struct {
		send []string
		ok   bool
	}{
		"none":               {nil, false},
		"the token":          {[]string{"Bearer " + token}, true},
		"the other token":    {[]string{"Bearer another-token"}, true},
		"a scheme's case":    {[]string{"bearer " + token}, true},
		"a wrong one":        {[]string{"Bearer the-service-tokem"}, false},
		"a part of it":       {[]string{"Bearer the-service"}, false},
		"more than it":       {[]string{"Bearer the-service-token-"}, false},
		"both at once":       {[]string{"Bearer " + token + ",another-token"}, false},
		"two headers":        {[]string{"Bearer " + token, "Bearer " + token}, false},
		"another scheme":     {[]string{"Basic " + token}, false},
		"no scheme":          {[]string{token}, false},
		"an empty one":       {[]string{"Bearer "}, false},
		"in another's place": {[]string{"Bearer", token}, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, target := range []string{"/v1/users/alice", "/v1/referrals", "/v1/users/nobody", "/v1/referrals/1", "/v1/referrals/4711"} {
				answer := w.do(http.MethodGet, target, tt.send...)
				if tt.ok {
					if answer.Code == http.StatusUnauthorized {
						t.Errorf("%s: %d", target, answer.Code)
					}
					continue
				}
				p := w.problemOf(answer, http.StatusUnauthorized)
				if answer.Header().Get("WWW-Authenticate") == "" || strings.Contains(p.Detail, token) {
					t.Errorf("%s: headers %v, %+v", target, answer.Header(), p)
				}
			}
		})
	}
	w.problemOf(w.do(http.MethodGet, "/nowhere"), http.StatusNotFound) // what nobody serves needs no token
	w.problemOf(w.do(http.MethodPost, "/v1/referrals"), http.StatusUnauthorized)
	closed := New(w.store.Database, nil, slog.New(slog.DiscardHandler))
	for _, authorization := range []string{"", "Bearer ", "Bearer x"} {
		r := httptest.NewRequest(http.MethodGet, "/v1/users/alice", nil)
		r.Header.Set("Authorization", authorization)
		answer := httptest.NewRecorder()
		closed.ServeHTTP(answer, r)
		w.problemOf(answer, http.StatusUnauthorized)
	}
}

func TestMethodsAndPaths(t *testing.T) {
	w := newWorld(t)
	w.story()
	for _, tt := range []struct {
		method, target string
		status         int
	}{
		{"GET", "/v1/users/alice", 200}, {"HEAD", "/v1/users/alice", 200}, {"HEAD", "/v1/referrals", 200},
		{"POST", "/v1/users/alice", 405}, {"PATCH", "/v1/users/alice", 405}, {"PUT", "/v1/referrals", 405}, {"BREW", "/v1/referrals", 405},
		{"DELETE", "/v1/users/alice", 403}, {"POST", "/v1/referrals", 403}, {"POST", "/v1/codes", 403}, // for admins alone
		{"GET", "/v1/codes", 405}, {"GET", "/v1/users/alice/verify", 405}, {"DELETE", "/v1/referrals/1/approve", 405},
		{"GET", "/", 404}, {"GET", "/v1", 404}, {"GET", "/v1/users", 200}, {"GET", "/v1/users/", 404},
		{"HEAD", "/v1/users", 200}, {"POST", "/v1/users", 405}, {"GET", "/v1/users/alice/transfers", 200}, {"POST", "/v1/users/alice/transfers", 405},
		{"GET", "/v1/redemptions", 405}, {"GET", "/v1/redemptions/1", 404}, {"DELETE", "/v1/redemptions/1", 405}, {"GET", "/v1/redemptions/1/reverse", 405},
		{"GET", "/v1/export/referrals", 200}, {"HEAD", "/v1/export/transfers", 200}, {"POST", "/v1/export/referrals", 405}, {"GET", "/v1/export", 404},
		{"GET", "/v1/users/alice/", 404}, {"GET", "/v1/users/alice/x", 404}, {"GET", "/V1/users/alice", 404},
		{"GET", "/v1/users/Alice", 404},    // ids are compared as they are
		{"GET", "/v1/users/stranger", 404}, // known from a payment only
		{"GET", "/v1/referrals/1", 200}, {"HEAD", "/v1/referrals/1", 200}, {"DELETE", "/v1/referrals/1", 405},
		{"GET", "/v1/referrals/4711", 404}, {"GET", "/v1/referrals/0", 404}, {"GET", "/v1/referrals/-1", 404},
		{"GET", "/v1/referrals/bob", 404}, {"GET", "/v1/referrals/99999999999999999999", 404}, {"GET", "/v1/referrals/", 404},
	} {
		answer := w.do(tt.method, tt.target, "Bearer "+token)
		if answer.Code != tt.status {
			t.Errorf("%s %s: %d, not %d", tt.method, tt.target, answer.Code, tt.status)
			continue
		}
		if tt.status == 405 {
			w.mustAllowTheRest(tt.method, tt.target, answer.Header().Get("Allow"))
		}
		if tt.status >= 400 {
			w.problemOf(answer, tt.status)
		}
	}
}

// mustAllowTheRest checks that the methods which are said to be allowed are, and that this one is not among them.
func (w *world) mustAllowTheRest(method, target, allow string) {
	w.t.Helper()
	if allow == "" || strings.Contains(allow, method) {
		w.t.Errorf("%s %s: allowed is %q", method, target, allow)
	}
	for other := range strings.SplitSeq(allow, ", ") {
		for _, authorization := range []string{"Bearer " + token, "Bearer " + adminToken} {
			if answer := w.do(other, target, authorization); answer.Code == http.StatusMethodNotAllowed {
				w.t.Errorf("%s %s is said to be allowed", other, target)
			}
		}
	}
}

func TestParameters(t *testing.T) {
	w := newWorld(t)
	w.story()
	for query, status := range map[string]int{
		"": 200, "?": 200, "?referee=&referrer=&status=": 200, "?limit=&cursor=": 200,
		"?referee=bob": 200, "?referrer=alice&status=rewarded": 200, "?status=pending": 200, "?status=qualified": 200, "?status=cancelled": 200,
		"?reviewing=": 200, "?reviewing=true": 200, "?reviewing=false": 400, "?reviewing=1": 400, "?reviewing=true&reviewing=true": 400,
		"?reviewing=true&referrer=alice": 200, "?reviewing=true&referee=bob&status=pending": 200,
		"?limit=1": 200, "?limit=200": 200, "?cursor=0": 200, "?cursor=9223372036854775807": 200,
		"?status=Rewarded": 400, "?status=gone": 400, "?status=rewarded&status=pending": 400,
		"?limit=0": 400, "?limit=-1": 400, "?limit=201": 400, "?limit=ten": 400, "?limit=1.5": 400, "?limit=99999999999999999999": 400,
		"?cursor=-1": 400, "?cursor=next": 400, "?cursor=9223372036854775808": 400,
		"?refree=bob": 400, "?Referee=bob": 400, "?referee=bob&x=": 400, "?referee=bob&referee=": 400, "?=": 400,
		"?referee=%zz": 400, "?referee=bob;referrer=alice": 400, "?%zz=bob": 400, // net/http would drop these, and show everything
		"?referee=%00": 400, "?referee=a%00b": 400, "?referrer=%ff": 400, "?referee=%C3": 400, "?status=%00": 400,
		"?referee=" + strings.Repeat("x", 1024): 200, "?referee=" + strings.Repeat("x", 1025): 400,
		"?referee=" + strings.Repeat("%F0%9F%A6%8A", 255): 200,
	} {
		answer := w.get("/v1/referrals" + query)
		if answer.Code != status {
			t.Errorf("%.80s: %d, not %d: %s", query, answer.Code, status, answer.Body)
		} else if status == 400 {
			w.problemOf(answer, status)
		}
	}
	if w.log.Len() > 0 {
		t.Errorf("what the asker did wrong is in our log: %s", w.log)
	}
}

func TestFilters(t *testing.T) {
	w := newWorld(t)
	w.story()
	for query, want := range map[string]string{
		"":                                    "bob carol dave frank",
		"?referrer=alice":                     "bob carol dave",
		"?referee=bob":                        "bob",
		"?status=rewarded":                    "bob",
		"?status=pending":                     "carol",
		"?status=cancelled":                   "dave frank",
		"?status=qualified":                   "",
		"?referrer=alice&status=cancelled":    "dave",
		"?referrer=alice&referee=dave":        "dave",
		"?referrer=bob":                       "",
		"?referee=alice":                      "",
		"?referee=nobody":                     "",
		"?referee=stranger":                   "",
		"?referee=erin":                       "",
		"?referrer=nobody&referee=bob":        "",
		"?referee=bob%27%20or%20%271%27=%271": "",
		"?referee=%25":                        "",
	} {
		var got []string
		for _, r := range w.list(query).Referrals {
			got = append(got, *r.Referee)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
	if got := w.get("/v1/referrals?referee=nobody").Body.String(); got != `{"referrals":[],"next":null}`+"\n" {
		t.Errorf("an empty list is %s", got)
	}
}

func TestPages(t *testing.T) {
	const total = 450
	w := newWorld(t)
	w.apply(signUp("alice", "", noon.Add(-2*time.Hour)))
	want := make(map[string]int)
	for at := 0; at < total; at += 150 {
		var batch []fact.Event
		for i := range 150 {
			name := fmt.Sprintf("user-%03d", at+i)
			want[name] = 1
			batch = append(batch, signUp(name, "C-ALICE", noon.Add(-time.Hour)))
		}
		w.apply(batch...)
	}
	for limit, pages := range map[string]int{"": 9, "&limit=200": 3, "&limit=7": 65, "&limit=150": 3, "&limit=75&status=pending": 6} {
		got := make(map[string]int)
		n := 0
		for cursor := ""; ; n++ {
			list := w.list("?referrer=alice" + limit + cursor)
			for _, r := range list.Referrals {
				got[*r.Referee]++
			}
			if list.Next == nil {
				n++
				break
			}
			cursor = "&cursor=" + url.QueryEscape(*list.Next)
		}
		if diff := cmp.Diff(want, got); diff != "" || n != pages {
			t.Errorf("limit %q: %d pages, not %d:\n%s", limit, n, pages, diff)
		}
	}
}

// TestStatementsPerPage holds that a longer page asks the database no more questions.
func TestStatementsPerPage(t *testing.T) {
	w := newWorld(t)
	at := noon.Add(-time.Hour)
	w.apply(signUp("alice", "", at))
	var events []fact.Event
	for i := range 120 {
		name := fmt.Sprintf("user-%d", i)
		events = append(events, signUp(name, "C-ALICE", at), purchase(i, name, 1000, "usd", at.Add(time.Second)))
	}
	w.apply(events...)
	w.list("?limit=1") // reads the terms, which are kept
	asked := make(map[int]int64)
	for _, limit := range []int{1, 10, 100} {
		before := w.queries.n.Load()
		if n := len(w.list("?limit=" + strconv.Itoa(limit)).Referrals); n != limit {
			t.Fatalf("%d referrals, not %d", n, limit)
		}
		asked[limit] = w.queries.n.Load() - before
	}
	if asked[1] != asked[10] || asked[10] != asked[100] || asked[100] > 12 {
		t.Errorf("statements by the size of the page: %v", asked)
	}
}

// TestUserIDs holds that whatever a business calls its users, the API finds them. (All but "/": http.ServeMux does not let
// an escaped slash alone stand for a segment.)
func TestUserIDs(t *testing.T) {
	w := newWorld(t)
	ids := []string{
		"a/b", "//x//", "100%", "%2F", "%", "a b", " ", "a+b", "a?b=c", "a#b", "..", ".", "../v1", "a&b=c", "a;b", `"`, `\`, "'", "<b>",
		"ünïcödé", "\u65e5\u672c\u8a9e", "🦊", "bob@example.com", "auth0|5f7c", "{user_id}", "null", "0", strings.Repeat("x", 255), strings.Repeat("🦊", 255),
	}
	var events []fact.Event
	for i, id := range ids {
		e := signUp(fmt.Sprint(i), "", noon)
		e.SignUp.UserID = id
		events = append(events, e)
	}
	w.apply(events...)
	// Over a real connection, with the escapes that clients make.
	server := httptest.NewServer(w.handler)
	defer server.Close()
	ask := func(target string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+target, nil)
		w.must(err)
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := server.Client().Do(req)
		w.must(err)
		defer res.Body.Close()
		var body struct {
			UserID string `json:"user_id"`
		}
		w.must(json.NewDecoder(res.Body).Decode(&body))
		return res.StatusCode, body.UserID
	}
	all := func(id string) (escaped string) { // as strict a client as there is
		for _, b := range []byte(id) {
			escaped += fmt.Sprintf("%%%02X", b)
		}
		return escaped
	}
	for _, id := range ids {
		for _, escaped := range []string{url.PathEscape(id), all(id)} {
			if escaped == "." || escaped == ".." {
				continue // by RFC 3986 this is the folder, not a name: such an id needs its dots escaped
			}
			if status, got := ask("/v1/users/" + escaped); status != http.StatusOK || got != id {
				t.Errorf("%q as %s: %d %q", id, escaped, status, got)
			}
		}
	}
	for _, id := range []string{"%00", "a%00b", "a%0Ab", "%C2%85", "%FF", "%C3", strings.Repeat("x", 256), strings.Repeat("x", 8000)} {
		if answer := w.get("/v1/users/" + id); answer.Code != http.StatusNotFound {
			t.Errorf("%.40s: %d", id, answer.Code)
		}
	}
}

func TestDatabaseAway(t *testing.T) {
	w := newWorld(t)
	pool, err := pgxpool.New(t.Context(), strings.Replace(w.dsn, "/test_", "/gone_", 1))
	w.must(err)
	defer pool.Close()
	w.handler = New(store.NewDatabase(pool), []string{token}, slog.New(slog.NewJSONHandler(w.log, nil)))
	for _, target := range []string{"/v1/users/alice", "/v1/referrals", "/v1/referrals/1"} {
		answer := w.get(target)
		p := w.problemOf(answer, http.StatusServiceUnavailable)
		if after, err := strconv.Atoi(answer.Header().Get("Retry-After")); err != nil || after < 1 {
			t.Errorf("%s: Retry-After is %q", target, answer.Header().Get("Retry-After"))
		}
		if strings.Contains(p.Detail, "gone_") || !strings.Contains(w.log.String(), "gone_") {
			t.Errorf("%s: the cause belongs into the log and not into the answer: %+v, %s", target, p, w.log)
		}
	}
	if answer := w.get("/v1/referrals?limit=x"); answer.Code != http.StatusBadRequest {
		t.Errorf("a bad question gets %d without a database", answer.Code)
	}
}

// slow is a database that does not answer.
type slow struct {
	Business // which is not asked, nor are the others
	ProgramStore
	Lists

	deadline chan time.Duration
}

func (s slow) User(ctx context.Context, _ string) (store.User, error) {
	at, ok := ctx.Deadline()
	if !ok {
		return store.User{}, errors.New("no deadline")
	}
	s.deadline <- time.Until(at)
	<-ctx.Done()
	return store.User{}, ctx.Err()
}

func (s slow) NameReferral(ctx context.Context, _ int64) (referee, code string, err error) {
	_, err = s.User(ctx, "")
	return "", "", err
}

func (s slow) Referrals(ctx context.Context, _ store.Filter) ([]store.Referral, error) {
	_, err := s.User(ctx, "")
	return nil, err
}

func (s slow) Why(ctx context.Context, _ int64) (store.Why, error) {
	_, err := s.User(ctx, "")
	return store.Why{}, err
}

func TestDatabaseHangs(t *testing.T) {
	w := newWorld(t)
	s := slow{deadline: make(chan time.Duration, 1)}
	w.handler = New(s, []string{token}, slog.New(slog.NewJSONHandler(w.log, nil)))
	for _, target := range []string{"/v1/users/alice", "/v1/referrals", "/v1/referrals/1"} {
		ctx, hangUp := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, target, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		done := make(chan struct{})
		go func() { w.handler.ServeHTTP(httptest.NewRecorder(), r); close(done) }()
		if left := <-s.deadline; left <= 0 || left > patience {
			t.Errorf("%s: the database has %s", target, left)
		}
		hangUp()
		<-done
	}
	if w.log.Len() > 0 {
		t.Errorf("a client that hung up is in the log: %s", w.log)
	}
}
