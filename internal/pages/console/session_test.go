package console

import (
	"bytes"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// everywhere are addresses of all pages, with numbers of things that the story has.
func everywhere() map[string]string {
	all := make(map[string]string)
	gets, posts := Routes()
	for _, pattern := range append(gets, posts...) {
		method, path, _ := strings.Cut(pattern, " ")
		for name, value := range map[string]string{"{id}": "1", "{number}": "1", "{program}": "1", "{version}": "1"} {
			path = strings.ReplaceAll(path, name, value)
		}
		if !strings.HasSuffix(path, "/sign-in") {
			all[method+" "+path] = pattern
		}
	}
	all["GET /console/nothing"], all["PUT /console/health"], all["DELETE /console/users/1"], all["POST /console"] = "", "", "", ""
	return all
}

func TestNothingAnswersWithoutASession(t *testing.T) {
	w := newWorld(t)
	w.story()
	if n := len(everywhere()); n < 25 {
		t.Fatalf("only %d pages", n)
	}
	for name, cookie := range map[string]*http.Cookie{
		"no cookie":       nil,
		"an empty one":    {Name: cookieName},
		"a made up one":   {Name: cookieName, Value: strings.Repeat("A", 43)},
		"the token in it": {Name: cookieName, Value: adminToken},
	} {
		for target := range everywhere() {
			method, path, _ := strings.Cut(target, " ")
			b := &browser{w: w, cookie: cookie}
			answer := b.do(httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader("why=x")))
			if answer.Code != http.StatusSeeOther || !strings.HasPrefix(answer.Header().Get("Location"), "/console/sign-in") {
				t.Errorf("%s, %s: %d to %s", name, target, answer.Code, answer.Header().Get("Location"))
			}
			if text := answer.Body.String(); strings.Contains(text, "alice") || len(text) > 200 {
				t.Errorf("%s, %s says %s", name, target, text)
			}
		}
	}
	if len(w.stream.events) > 0 {
		t.Errorf("%d events were published", len(w.stream.events))
	}
	var sessions int
	w.must(w.owner.QueryRow(t.Context(), "select count(*) from console_sessions").Scan(&sessions))
	if sessions != 0 {
		t.Errorf("strangers made %d sessions", sessions)
	}
}

func TestSigningIn(t *testing.T) {
	w := newWorld(t)
	w.config.Origin = "https://refer.example"
	w.build()
	b := &browser{w: w}
	for name, tt := range map[string]struct {
		fields []string
		status int
		says   string
	}{
		"a wrong token":     {[]string{"name", "Kim", "token", "the-admin-token-of-the-testt"}, 401, "no admin token"},
		"a part of it":      {[]string{"name", "Kim", "token", "the-admin-token"}, 401, "no admin token"},
		"none":              {[]string{"name", "Kim"}, 401, "no admin token"},
		"an empty one":      {[]string{"name", "Kim", "token", ""}, 401, "no admin token"},
		"no name":           {[]string{"name", "  ", "token", adminToken}, 400, "Give your name"},
		"a name of lines":   {[]string{"name", "a\nb", "token", adminToken}, 400, "Give your name"},
		"a name of no end":  {[]string{"name", strings.Repeat("x", 101), "token", adminToken}, 400, "Give your name"},
		"twice":             {[]string{"name", "Kim", "token", adminToken, "token", adminToken}, 400, "can not be understood"},
		"an unknown field":  {[]string{"name", "Kim", "token", adminToken, "role", "x"}, 400, "can not be understood"},
		"no text":           {[]string{"name", "\xff", "token", adminToken}, 400, "can not be understood"},
		"more than is read": {[]string{"name", "Kim", "token", strings.Repeat("x", maxBody)}, 413, "too much"},
	} {
		answer := b.post("/console/sign-in", tt.fields...)
		if answer.Code != tt.status || !strings.Contains(answer.Body.String(), tt.says) || b.cookie != nil {
			t.Errorf("%s: %d, cookie %v: %s", name, answer.Code, b.cookie, answer.Body)
		}
		if strings.Contains(answer.Body.String(), adminToken) {
			t.Errorf("%s: the token stands on the page", name)
		}
	}
	answer := b.post("/console/sign-in", "name", "Kim", "token", " "+adminToken+"\n", "to", "/console/referrals?status=pending")
	if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != "/console/referrals?status=pending" {
		t.Fatalf("the right one: %d %v", answer.Code, answer.Header())
	}
	c := b.cookie
	if c == nil || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/console" || c.Domain != "" || c.MaxAge != 0 || len(c.Value) < 40 {
		t.Errorf("the cookie is %+v", c)
	}
	if b.get("/console").Code != http.StatusOK {
		t.Error("the session opens nothing")
	}
	if n := testutil.ToFloat64(w.config.Metrics.signIns.WithLabelValues(outcomeWrong)); n != 4 {
		t.Errorf("%v wrong ones were counted", n)
	}
	if n := testutil.ToFloat64(w.config.Metrics.signIns.WithLabelValues(outcomeOK)); n != 1 {
		t.Errorf("%v right ones were counted", n)
	}
	if strings.Contains(w.log.String(), adminToken) {
		t.Error("the token is in the log")
	}
}

func TestSigningInIsLimited(t *testing.T) {
	w := newWorld(t)
	w.limit.left = 2
	b := &browser{w: w}
	for range 2 {
		if answer := b.post("/console/sign-in", "name", "Kim", "token", "wrong"); answer.Code != http.StatusUnauthorized {
			t.Fatalf("%d", answer.Code)
		}
	}
	for _, token := range []string{"wrong", adminToken} {
		answer := b.post("/console/sign-in", "name", "Kim", "token", token)
		if answer.Code != http.StatusTooManyRequests || answer.Header().Get("Retry-After") != "8" || b.cookie != nil {
			t.Errorf("%d %v", answer.Code, answer.Header())
		}
	}
	if n := testutil.ToFloat64(w.config.Metrics.signIns.WithLabelValues(outcomeLimited)); n != 2 {
		t.Errorf("%v were counted", n)
	}
}

// TestSigningInLeadsNowhereElse: whoever follows a link to the console must not end up at a stranger's.
func TestSigningInLeadsNowhereElse(t *testing.T) {
	w := newWorld(t)
	for _, to := range []string{
		"https://evil.example/console", "//evil.example/console", "/\\evil.example/console", "\\\\evil.example", "/consoles", "/console/../v1/users/alice",
		"javascript:alert(1)", "/console\n/x", "http:/console", "/v1/referrals", "console", "/console/%2e%2e/x", "/console/" + strings.Repeat("x", 600),
	} {
		b := &browser{w: w}
		answer := b.post("/console/sign-in", "name", "Kim", "token", adminToken, "to", to)
		if got := answer.Header().Get("Location"); answer.Code != http.StatusSeeOther || got != "/console" {
			t.Errorf("%q leads to %q", to, got)
		}
	}
	b := &browser{w: w}
	answer := b.get("/console/referrals?status=pending&before=7")
	if got := answer.Header().Get("Location"); got != "/console/sign-in?to=%2Fconsole%2Freferrals%3Fstatus%3Dpending%26before%3D7" {
		t.Errorf("the way back is lost: %s", got)
	}
	if text := b.get(answer.Header().Get("Location")).Body.String(); !strings.Contains(text, `value="/console/referrals?status=pending&amp;before=7"`) {
		t.Errorf("the form has lost it: %s", text)
	}
}

func TestSessionsEnd(t *testing.T) {
	for name, end := range map[string]func(w *world, b *browser){
		"signed out": func(_ *world, b *browser) { b.post("/console/sign-out") },
		"idle": func(w *world, _ *browser) {
			w.exec("update console_sessions set expires_at = now() - interval '1 second'")
		},
		"forgotten":    func(w *world, _ *browser) { w.exec("delete from console_sessions") },
		"token gone":   func(w *world, _ *browser) { w.admins.tokens[adminToken] = false },
		"other tokens": func(w *world, _ *browser) { w.admins.tokens = map[string]bool{"another": true} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser()
			cookie := b.cookie
			b.page("/console/health")
			end(w, b)
			b.cookie = cookie // a browser that kept it
			if answer := b.get("/console/health"); answer.Code != http.StatusSeeOther {
				t.Errorf("it goes on: %d", answer.Code)
			}
			w.admins.tokens = map[string]bool{adminToken: true} // it does not come back to life
			b.cookie = cookie
			if answer := b.get("/console/health"); answer.Code != http.StatusSeeOther {
				t.Errorf("it is back: %d", answer.Code)
			}
		})
	}
}

// TestWhatIsKeptOfASession: whoever reads the table can open nothing with it, and each sign-in has a key of its own.
func TestWhatIsKeptOfASession(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	first := b.cookie.Value
	b.post("/console/sign-in", "name", "Kim", "token", adminToken)
	if b.cookie.Value == first {
		t.Error("signing in kept the key that the browser had")
	}
	if answer := (&browser{w: w, cookie: &http.Cookie{Name: cookieName, Value: first}}).get("/console"); answer.Code != http.StatusSeeOther {
		t.Errorf("the key from before opens the console: %d", answer.Code)
	}
	rows, err := w.owner.Query(t.Context(), "select key, data, expires_at - now() <= interval '30 minutes 1 second' from console_sessions")
	w.must(err)
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var key string
		var data []byte
		var soon bool
		w.must(rows.Scan(&key, &data, &soon))
		sum := sha256.Sum256([]byte(adminToken))
		switch {
		case key == b.cookie.Value || strings.Contains(string(data), b.cookie.Value):
			t.Error("the cookie stands in the table")
		case strings.Contains(string(data), adminToken):
			t.Error("the token stands in the table")
		case !bytes.Contains(data, sum[:]):
			t.Error("the hash of the token does not")
		case !soon:
			t.Error("an idle session lasts for longer than half an hour")
		}
	}
	if n != 1 {
		t.Errorf("%d sessions", n)
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	w := newWorld(t)
	w.story()
	w.config.Origin = "https://refer.example"
	w.build()
	b := w.browser()
	for name, headers := range map[string]map[string]string{
		"another site":              {"Sec-Fetch-Site": "cross-site"},
		"a site beside":             {"Sec-Fetch-Site": "same-site"},
		"an older browser":          {"Origin": "https://evil.example"},
		"from nowhere":              {"Origin": "null"},
		"from http":                 {"Origin": "http://refer.example"},
		"whose origin is only said": {"Sec-Fetch-Site": "cross-site", "Origin": "http://example.com"},
	} {
		b.headers = headers
		for target := range everywhere() {
			path, isPost := strings.CutPrefix(target, "POST ")
			if !isPost {
				continue
			}
			if answer := b.post(path, "why", "x", "sure", "yes"); answer.Code != http.StatusForbidden {
				t.Errorf("%s: %s: %d", name, target, answer.Code)
			}
		}
	}
	if len(w.stream.events) != 0 {
		t.Errorf("%d events were published", len(w.stream.events))
	}
	for name, headers := range map[string]map[string]string{
		"our own":               {"Sec-Fetch-Site": "same-origin", "Origin": "https://refer.example"},
		"behind a proxy":        {"Origin": "https://refer.example"},
		"as the server sees it": {"Origin": "http://example.com"},
	} {
		b.headers = headers
		if answer := b.post("/console/search", "text", "bob"); answer.Code != http.StatusSeeOther || !strings.HasPrefix(answer.Header().Get("Location"), "/console/users/") {
			t.Errorf("%s: %d", name, answer.Code)
		}
	}
}

func TestHeaders(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for _, target := range []string{"/console", "/console/nothing", "/console/sign-in", "/console/referrals?x=1"} {
		h := b.get(target).Header()
		if policy := h.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") ||
			strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %q", target, policy)
		}
		if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: %v", target, h)
		}
	}
}

// TestTheStoreIsAway: a page that can not be made says so, and the token of whoever signs in is not called wrong.
func TestTheStoreIsAway(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.admins.away = errAway
	for _, answer := range []*httptest.ResponseRecorder{b.get("/console"), (&browser{w: w}).post("/console/sign-in", "name", "Kim", "token", adminToken)} {
		if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") == "" || !strings.Contains(answer.Body.String(), "does not answer just now") {
			t.Errorf("%d %s", answer.Code, answer.Body)
		}
	}
	if n := testutil.ToFloat64(w.config.Metrics.signIns.WithLabelValues(outcomeUnavailable)); n != 1 {
		t.Errorf("%v were counted", n)
	}
	w.admins.away = nil
	w.exec("alter table console_sessions rename to gone")
	if answer := b.get("/console"); answer.Code != http.StatusServiceUnavailable {
		t.Errorf("without the table of sessions: %d", answer.Code)
	}
}
