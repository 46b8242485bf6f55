package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
	"github.com/plusone-dev/plusone/internal/usertoken"
)

const portalSecret = "a secret for users that nobody may see"

func TestOrigins(t *testing.T) {
	for text, want := range map[string]bool{
		"https://shop.example": true, "http://127.0.0.1:8000": true, "https://shop.example:8443": true, "https://[::1]:8000": true,
		"": false, "*": false, "shop.example": false, "https://shop.example/": false, "https://Shop.example": false, "ftp://shop.example": false,
		"https://shop.example?x": false, "https://u@shop.example": false, "https://*.shop.example": false, "https://": false, "https://:80": false,
		"https://shop.example;script-src": false, "https://shop.example 'self'": false, "null": false,
	} {
		if got := isOrigin(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

// Each kind of page brings what all pages are made with; the door has it once.
func TestWhatSeveralPartsBringIsServedOnce(t *testing.T) {
	answer := func(status int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	}
	mux := (&host{}).surface(part{"/assets/", answer(201)}, part{"/", answer(202)}, part{"/assets/", answer(203)})
	for target, want := range map[string]int{"/assets/x": 201, "/x": 202} {
		w := httptest.NewRecorder()
		if mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil)); w.Code != want {
			t.Errorf("%s: %d, want %d", target, w.Code, want)
		}
	}
}

// The dashboard is opened as the business's page opens it, in the finished program.
func TestTheDashboardIsServed(t *testing.T) {
	dsn := testkit.Database(t)
	signUpInto(t, dsn, "u-alice")
	p := start(t, []string{
		"DATABASE_URL=" + dsn, "PLUSONE_API_TOKEN=" + apiToken, "PLUSONE_ADMIN=127.0.0.1:0", "PLUSONE_LISTEN=127.0.0.1:0",
		"PLUSONE_USER_JWT_SECRET=" + portalSecret, "PLUSONE_EMBED_ORIGINS=https://shop.example", "PLUSONE_PUBLIC_URL=http://refer.example/",
	}, "api")
	base := listensAt(p, "api")
	p.WaitHealthy(patience, listensAt(p, "admin")+"/readyz")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: patience}

	answer, page := browse(t, browser, http.MethodGet, base+"/dashboard", "")
	if answer.StatusCode != http.StatusForbidden || !strings.HasSuffix(answer.Header.Get("Content-Security-Policy"), "frame-ancestors 'self' https://shop.example") {
		t.Errorf("without a token: %d %v", answer.StatusCode, answer.Header)
	}
	mustSay(t, page, "Please open this page again")
	token, err := usertoken.Mint(portalSecret, "u-alice", time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	answer, page = browse(t, browser, http.MethodPost, base+"/dashboard/enter", url.Values{"token": {token}}.Encode())
	if answer.StatusCode != http.StatusOK || answer.Request.URL.Path != "/dashboard" || answer.Request.URL.RawQuery != "" {
		t.Fatalf("%d at %s: %s", answer.StatusCode, answer.Request.URL.Path, page)
	}
	code := regexp.MustCompile(`value="http://refer\.example/r/([A-Z0-9]{8})"`).FindStringSubmatch(page)
	if code == nil {
		t.Errorf("the page has no link: %s", page)
	}
	for _, path := range regexp.MustCompile(`/assets/[^"]+`).FindAllString(page, -1) {
		if answer, _ := browse(t, browser, http.MethodGet, base+path, ""); answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
	_, metrics := browse(t, browser, http.MethodGet, listensAt(p, "admin")+"/metrics", "")
	mustSay(t, metrics, `plusone_http_requests_total{method="GET",route="GET /dashboard",status="2xx"} 1`)
	mustNotSay(t, p.Output(), token, "nobody may see")
}

// signUpInto records a sign-up, as a worker does.
func signUpInto(t testing.TB, dsn, userID string) {
	t.Helper()
	pool, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	s, err := store.New(pool, store.Options{HashKey: []byte(hashKey)})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	_, err = s.Apply(t.Context(), []fact.Event{{
		Key: "ce:one", Name: "one", Type: fact.UserRegistered, At: at, SignUp: &fact.SignUp{UserID: userID, Username: "Alice Smith", RegisteredAt: at},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// browse asks as the shop's page does.
func browse(t testing.TB, browser *http.Client, method, target, form string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "https://shop.example")
	}
	answer, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}
