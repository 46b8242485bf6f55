package openapi_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/api"
	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/usertoken"
)

const userSecret = "the secret that the business signs with, in tests"

// askUsers has every answer to users held to the document.
func askUsers(t *testing.T, d *document, database, away *store.Database) {
	t.Helper()
	tokens, err := usertoken.New(usertoken.Config{Secrets: []string{userSecret}})
	must(t, err)
	log := slog.New(slog.DiscardHandler)
	serve := func(u api.Users) http.Handler {
		u.PublicURL = "https://refer.example.com"
		return api.New(database, []string{token}, log, api.WithUsers(u))
	}
	desk := decide.New(&stream{}, "/plusone/api", log, nil) // which nobody reads from: a code stays on its way
	handler := serve(api.Users{Store: database, Tokens: tokens, Desk: desk})
	keyless, gone := serve(api.Users{Store: database}), serve(api.Users{Store: away, Tokens: tokens})
	strict := serve(api.Users{Store: database, Tokens: tokens, PerMinute: 1})
	do := func(h http.Handler, method, target, user, body string) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
		if user != "" {
			minted, err := usertoken.Mint(userSecret, user, time.Now(), time.Hour)
			must(t, err)
			r.Header.Set("Authorization", "Bearer "+minted)
		}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		d.holds(r, answer)
	}
	const validate, code = "/referral/validate", `{"referral_code": "C-ALICE"}`
	for _, target := range []string{"GET /referral/code", "GET /referral/stats", "GET /referral/leaderboard", "PUT /referral/leaderboard/me",
		"DELETE /referral/leaderboard/me", "GET /user/balance"} {
		method, path, _ := strings.Cut(target, " ")
		for _, user := range []string{"alice", "bob", "dave", "erin"} {
			do(handler, method, path, user, "")
		}
		do(handler, method, path+"?x=y", "alice", "")
		do(handler, method, path, "", "")
		do(handler, "PATCH", path, "alice", "")
		do(keyless, method, path, "alice", "")
		do(gone, method, path, "alice", "")
		if strings.HasSuffix(path, "/me") {
			do(handler, method, path, "nobody", "")
		}
	}
	do(handler, "GET", "/referral/code", "nobody", "")
	for range 6 {
		do(strict, "GET", "/referral/code", "nobody", "")
	}
	for _, body := range []string{code, `{"referral_code": "C-ERIN"}`, `{"referral_code": "C-NOBODY"}`, `{}`, strings.Repeat(" ", 16<<10) + code} {
		do(handler, "POST", validate, "", body)
		do(handler, "POST", validate, "alice", body)
	}
	do(strict, "POST", validate, "", code)
	do(strict, "POST", validate, "", code)
	do(keyless, "POST", validate, "alice", code)
	do(gone, "POST", validate, "", code)
	do(handler, "GET", validate, "", "")
	r := httptest.NewRequestWithContext(t.Context(), "POST", validate, strings.NewReader(code))
	r.Header.Set("Authorization", "Bearer x")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	d.holds(r, answer)
}
