package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"log/slog"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/servicetoken"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// mint has a token of a scope made, as plusone token create does.
func (w *world) mint(name string, s servicetoken.Scope, expires time.Time) (token string) {
	w.t.Helper()
	token, hash := servicetoken.Make(s)
	w.must(w.as("plusone_tools").AddToken(w.t.Context(), hash, name, s.String(), expires))
	return token
}

// scopes is what each route needs.
func (w *world) scopes() map[string]servicetoken.Scope {
	all := make(map[string]servicetoken.Scope)
	for _, route := range append(slices.Clone(Routes), routePreview) {
		all[route] = servicetoken.Read
	}
	for _, route := range Spends {
		all[route] = servicetoken.Write
	}
	for _, route := range slices.Concat(Posts, Deletes, []string{routeApply}) {
		all[route] = servicetoken.Admin
	}
	return all
}

func TestEveryRouteNeedsItsScope(t *testing.T) {
	w := newWorld(t)
	w.story()
	tokens := map[servicetoken.Scope][]string{
		servicetoken.None:  {"", "po_admin_AAAAAAAAAAAAAAAAAAAAAAAAAA", "po_", w.mint("old", servicetoken.Admin, time.Now().Add(-time.Second))},
		servicetoken.Read:  {w.mint("reports", servicetoken.Read, time.Time{})},
		servicetoken.Write: {w.mint("checkout", servicetoken.Write, time.Now().Add(time.Hour)), token},
		servicetoken.Admin: {w.mint("desk", servicetoken.Admin, time.Time{}), adminToken},
	}
	gone := w.mint("gone", servicetoken.Admin, time.Time{})
	w.must(w.as("plusone_tools").RevokeToken(t.Context(), "gone"))
	tokens[servicetoken.None] = append(tokens[servicetoken.None], gone)
	for route, needs := range w.scopes() {
		method, path, _ := strings.Cut(route, " ")
		path = strings.NewReplacer("{user_id}", "alice", "{referral_id}", "1", "{redemption_id}", "1", "{name}", "default").Replace(path)
		for has, some := range tokens {
			for _, token := range some {
				answer := w.do(method, path, "Bearer "+token)
				switch {
				case has == servicetoken.None:
					p := w.problemOf(answer, http.StatusUnauthorized)
					if answer.Header().Get("WWW-Authenticate") == "" || !strings.Contains(p.Detail, "scope "+needs.String()) {
						t.Errorf("%s: %v %+v", route, answer.Header(), p)
					}
				case has < needs:
					p := w.problemOf(answer, http.StatusForbidden)
					if p.Reason != "scope" || !strings.Contains(p.Detail, "scope "+needs.String()) || !strings.Contains(p.Detail, "scope "+has.String()) ||
						!strings.Contains(answer.Header().Get("WWW-Authenticate"), `scope="`+needs.String()+`"`) {
						t.Errorf("%s: %v %+v", route, answer.Header(), p)
					}
				case answer.Code == http.StatusUnauthorized || answer.Code == http.StatusForbidden:
					t.Errorf("%s with %s: %d %s", route, has, answer.Code, answer.Body)
				}
				if token != "" && (strings.Contains(answer.Body.String(), token) || strings.Contains(w.log.String(), token)) {
					t.Errorf("%s tells the token", route)
				}
			}
		}
	}
}

// TestEveryRouteIsCalledByItsName holds the lists of routes to what there is.
func TestEveryRouteIsCalledByItsName(t *testing.T) {
	w := newWorld(t)
	paths := make(map[string][]string)
	for route := range w.scopes() {
		method, path, _ := strings.Cut(route, " ")
		paths[path] = append(paths[path], method)
	}
	// The one is a name that the other can have: these say by themselves what they take.
	delete(paths, "/v1/programs/preview")
	delete(paths, "/v1/programs/{name}")
	for path, allow := range allowed {
		want := strings.Split(strings.Replace(allow, ", HEAD", "", 1), ", ")
		slices.Sort(want)
		got := paths[path]
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s takes %v and is said to take %v", path, got, want)
		}
	}
	if len(paths) != len(allowed) {
		t.Errorf("%d paths, %d of them with methods", len(paths), len(allowed))
	}
}

// TestARevokedTokenSoonOpensNothing, also where it was used a moment ago.
func TestARevokedTokenSoonOpensNothing(t *testing.T) {
	w := newWorld(t)
	w.story()
	token := w.mint("reports", servicetoken.Read, time.Time{})
	ask := func() int { return w.do(http.MethodGet, "/v1/users/alice", "Bearer "+token).Code }
	if got := ask(); got != http.StatusOK {
		t.Fatalf("%d", got)
	}
	revoked := time.Now()
	w.must(w.as("plusone_tools").RevokeToken(t.Context(), "reports"))
	testkit.Eventually(t, 10*time.Second, func() (bool, string) {
		got := ask()
		return got == http.StatusUnauthorized, fmt.Sprint(got)
	})
	if took := time.Since(revoked); took > servicetoken.Remembered+time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestTheLastUseIsNoted, once an hour.
func TestTheLastUseIsNoted(t *testing.T) {
	w := newWorld(t)
	w.story()
	token := w.mint("reports", servicetoken.Read, time.Time{})
	owner := w.open(w.dsn)
	used := func() (at *time.Time) {
		t.Helper()
		w.must(owner.QueryRow(t.Context(), "select last_used_at from service_tokens where name = 'reports'").Scan(&at))
		return at
	}
	ask := func() {
		t.Helper()
		fresh := New(w.as("plusone_api").Database, nil, slog.New(slog.DiscardHandler)) // which remembers nothing
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/users/alice", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		answer := httptest.NewRecorder()
		fresh.ServeHTTP(answer, r)
		if answer.Code != http.StatusOK {
			t.Fatalf("%d %s", answer.Code, answer.Body)
		}
	}
	if at := used(); at != nil {
		t.Errorf("used at %s before it was", at)
	}
	ask()
	first := used()
	if first == nil || time.Since(*first) > time.Minute {
		t.Fatalf("used at %v", first)
	}
	ask()
	if at := used(); !at.Equal(*first) {
		t.Errorf("noted again at %s", at)
	}
	_, err := owner.Exec(t.Context(), "update service_tokens set last_used_at = now() - interval '61 minutes'")
	w.must(err)
	ask()
	if at := used(); time.Since(*at) > time.Minute {
		t.Errorf("after an hour it is %s", at)
	}
	// Nor does a table that can not be written keep anybody out.
	_, err = owner.Exec(t.Context(), "update service_tokens set last_used_at = null; revoke update (last_used_at) on service_tokens from plusone_api")
	w.must(err)
	ask()
}

// TestTokensOfTheTableNeedIt: configured ones do not.
func TestTokensOfTheTableNeedIt(t *testing.T) {
	w := newWorld(t)
	pool, err := store.Open(t.Context(), strings.Replace(w.dsn, "/test_", "/gone_", 1))
	w.must(err)
	defer pool.Close()
	log := slog.New(slog.NewJSONHandler(w.log, nil))
	w.handler = New(store.NewDatabase(pool), []string{token}, log, WithDecisions(decide.New(w.stream, "/plusone/api", log, nil), []string{adminToken}))
	one, _ := servicetoken.Make(servicetoken.Admin)
	answer := w.do(http.MethodDelete, "/v1/users/bob", "Bearer "+one)
	w.problemOf(answer, http.StatusServiceUnavailable)
	if answer.Header().Get("Retry-After") == "" || strings.Contains(w.log.String(), one) {
		t.Errorf("%v, %s", answer.Header(), w.log)
	}
	if answer := w.do(http.MethodDelete, "/v1/users/bob", "Bearer "+adminToken); answer.Code != http.StatusAccepted {
		t.Errorf("a configured token: %d %s", answer.Code, answer.Body)
	}
}
