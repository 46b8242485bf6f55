package links

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/plusone-dev/plusone/internal/limit"
	"github.com/plusone-dev/plusone/internal/store"
)

const (
	day     = 24 * time.Hour
	browser = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fakeStore knows a few codes, or nothing.
type fakeStore struct {
	away  error
	asked [][]string
}

var remembered = map[string]time.Duration{"ALICE234": 30 * day, "SPRING-SALE": 36 * time.Hour, "FORGETFUL": 0}

func (s *fakeStore) Links(ctx context.Context, codes []string) (found []store.Link, err error) {
	s.asked = append(s.asked, codes)
	if s.away != nil {
		return nil, s.away
	}
	for _, code := range codes {
		if d, ok := remembered[code]; ok {
			found = append(found, store.Link{Code: code, Remember: d})
		}
	}
	return found, ctx.Err()
}

// door is links with all that they reach within a test's hand.
type door struct {
	t      *testing.T
	store  *fakeStore
	visits *Visits // which nobody publishes
	links  *Links
	now    time.Time
}

func open(t *testing.T, change ...func(*Config)) *door {
	t.Helper()
	d := &door{t: t, store: &fakeStore{}, now: noon}
	m := NewMetrics(prometheus.NewRegistry())
	d.visits = NewVisits(nil, m, nil)
	c := Config{
		Store: d.store, SignUpURL: "https://shop.example/signup?plan=pro", Path: "/invite/", Visits: d.visits, Metrics: m,
		Clients: limit.NewClients(netip.MustParsePrefix("10.0.0.0/8")), Now: func() time.Time { return d.now },
	}
	for _, f := range change {
		f(&c)
	}
	var err error
	if d.links, err = New(c); err != nil {
		t.Fatal(err)
	}
	return d
}

// get follows a link. Headers come in pairs; a browser's user agent is there unless they say otherwise.
func (d *door) get(target string, header ...string) *httptest.ResponseRecorder {
	return d.do("GET", target, header...)
}

func (d *door) do(method, target string, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), method, target, nil)
	r.RemoteAddr = "192.0.2.7:4711"
	r.Header.Set("User-Agent", browser)
	for i := 0; i < len(header); i += 2 {
		if header[i] == "remote" {
			r.RemoteAddr = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.links.ServeHTTP(w, r)
	return w
}

// became are the visits that were noted, by outcome; those that wait to be published are "waiting".
func (d *door) became() map[string]int {
	d.t.Helper()
	all := make(map[string]int)
	for _, outcome := range outcomes {
		if n := int(testutil.ToFloat64(d.links.Metrics.visits.WithLabelValues(outcome))); n != 0 {
			all[outcome] = n
		}
	}
	if n := len(d.visits.queue); n != 0 {
		all["waiting"] = n
	}
	return all
}

func (d *door) mustBe(outcome string) {
	d.t.Helper()
	if got := d.became(); len(got) != 1 || got[outcome] != 1 {
		d.t.Errorf("the visit became %v, want %s", got, outcome)
	}
}

func cookieOf(w *httptest.ResponseRecorder) *http.Cookie {
	for _, c := range w.Result().Cookies() {
		if c.Name == cookieName {
			return c
		}
	}
	return nil
}

const to = "https://shop.example/signup?plan=pro"

func TestFollow(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		target  string
		header  []string
		want    string // where to
		cookie  string // "CODE seconds"; empty: none
		outcome string
	}{
		"a code":                       {"/r/ALICE234", nil, "&ref=ALICE234", "ALICE234 2592000", "waiting"},
		"in any case":                  {"/r/aLiCe234", nil, "&ref=ALICE234", "ALICE234 2592000", "waiting"},
		"blanks around it":             {"/r/%20alice234%20", nil, "&ref=ALICE234", "ALICE234 2592000", "waiting"},
		"the business's own path":      {"/invite/ALICE234", nil, "&ref=ALICE234", "ALICE234 2592000", "waiting"},
		"a code of one's own choice":   {"/invite/spring-sale", nil, "&ref=SPRING-SALE", "SPRING-SALE 129600", "waiting"},
		"how it was shared":            {"/r/ALICE234?via=whatsapp", nil, "&ref=ALICE234&via=whatsapp", "ALICE234 2592000", "waiting"},
		"what others add to links":     {"/r/ALICE234?fbclid=x&utm_source=y&ref=MALLORY", nil, "&ref=ALICE234", "ALICE234 2592000", "waiting"},
		"a program that forgets":       {"/r/FORGETFUL", nil, "&ref=FORGETFUL", "", "waiting"},
		"a code that nobody has":       {"/r/NOBODY23", nil, "", "", "unknown"},
		"a code that nobody can have":  {"/r/ab", nil, "", "", "unknown"},
		"a navigation, and it says so": {"/r/ALICE234", []string{"Sec-Fetch-Dest", "document"}, "&ref=ALICE234", "ALICE234 2592000", "waiting"},

		// First touch.
		"the same again":                     {"/r/ALICE234", []string{"Cookie", "plusone_ref=ALICE234"}, "&ref=ALICE234", "", "waiting"},
		"the same again, shared another way": {"/r/ALICE234?via=x", []string{"Cookie", "plusone_ref=ALICE234"}, "&ref=ALICE234&via=x", "", "waiting"},
		"another after it":                   {"/r/SPRING-SALE?via=x", []string{"Cookie", "plusone_ref=ALICE234"}, "&ref=ALICE234", "", "waiting"},
		"nobody's after it":                  {"/r/NOBODY23", []string{"Cookie", "plusone_ref=ALICE234"}, "&ref=ALICE234", "", "unknown"},
		"after one that is nobody's any more": {
			"/r/ALICE234", []string{"Cookie", "plusone_ref=ERASED23"}, "&ref=ALICE234", "ALICE234 2592000", "waiting",
		},
		"after one that is not to be kept any more": {
			"/r/ALICE234", []string{"Cookie", "plusone_ref=FORGETFUL"}, "&ref=ALICE234", "ALICE234 2592000", "waiting",
		},
		"after nonsense": {"/r/ALICE234", []string{"Cookie", `plusone_ref="><script>"`}, "&ref=ALICE234", "ALICE234 2592000", "waiting"},

		// Nobody asked.
		"a crawler":                {"/r/ALICE234", []string{"User-Agent", "WhatsApp/2.23.20.0"}, "&ref=ALICE234", "", "crawler"},
		"a crawler, and no code":   {"/r/NOBODY23", []string{"User-Agent", "Googlebot/2.1"}, "", "", "crawler"},
		"who does not say who":     {"/r/ALICE234", []string{"User-Agent", ""}, "&ref=ALICE234", "", "crawler"},
		"a prefetch":               {"/r/ALICE234", []string{"Sec-Purpose", "prefetch"}, "&ref=ALICE234", "", "prefetched"},
		"a prerender":              {"/r/ALICE234", []string{"Sec-Purpose", "prefetch;prerender"}, "&ref=ALICE234", "", "prefetched"},
		"an older prefetch":        {"/r/ALICE234", []string{"Purpose", "Prefetch"}, "&ref=ALICE234", "", "prefetched"},
		"a preview":                {"/r/ALICE234", []string{"X-Purpose", "preview"}, "&ref=ALICE234", "", "prefetched"},
		"Firefox's prefetch":       {"/r/ALICE234", []string{"X-Moz", "prefetch"}, "&ref=ALICE234", "", "prefetched"},
		"a picture":                {"/r/ALICE234", []string{"Sec-Fetch-Dest", "image"}, "&ref=ALICE234", "", "embedded"},
		"a frame":                  {"/r/ALICE234", []string{"Sec-Fetch-Dest", "iframe"}, "&ref=ALICE234", "", "embedded"},
		"a script's own request":   {"/r/ALICE234", []string{"Sec-Fetch-Dest", "empty"}, "&ref=ALICE234", "", "embedded"},
		"a prefetch, after a link": {"/r/SPRING-SALE", []string{"Sec-Purpose", "prefetch", "Cookie", "plusone_ref=ALICE234"}, "&ref=ALICE234", "", "prefetched"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			w := d.get(tt.target, tt.header...)
			if got := w.Header().Get("Location"); w.Code != http.StatusFound || got != to+tt.want {
				t.Errorf("%d to %s, want %s", w.Code, got, to+tt.want)
			}
			got := ""
			if c := cookieOf(w); c != nil {
				got = c.Value + " " + (time.Duration(c.MaxAge) * time.Second).String()
				if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure {
					t.Errorf("the cookie is %s", c)
				}
			}
			want := tt.cookie
			if code, seconds, ok := strings.Cut(want, " "); ok {
				d, err := time.ParseDuration(seconds + "s")
				if err != nil {
					t.Fatal(err)
				}
				want = code + " " + d.String()
			}
			if got != want {
				t.Errorf("the cookie is %q, want %q", got, want)
			}
			for header, value := range map[string]string{
				"Cache-Control": "no-store", "Referrer-Policy": "strict-origin", "X-Robots-Tag": "noindex, nofollow",
			} {
				if w.Header().Get(header) != value {
					t.Errorf("%s is %q", header, w.Header().Get(header))
				}
			}
			if w.Body.Len() != 0 {
				t.Errorf("the body is %s", w.Body)
			}
			d.mustBe(tt.outcome)
			if len(d.store.asked) > 1 {
				t.Errorf("the database was asked %d times", len(d.store.asked))
			}
		})
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	d := open(t)
	w := d.do("HEAD", "/r/ALICE234")
	if w.Code != http.StatusFound || w.Header().Get("Location") != to+"&ref=ALICE234" || cookieOf(w) != nil {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	d.mustBe("crawler")
}

func TestWhatIsPublished(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.get("/r/spring-sale?via=qr", "Cookie", "plusone_ref=ALICE234")
	v := <-d.visits.queue
	if v.Code != "SPRING-SALE" || v.Via != "qr" || !v.At.Equal(noon) || v.id == "" {
		t.Errorf("%+v", v)
	}
}

// TestSecure holds that the cookie is for HTTPS alone wherever the visitor came by it.
func TestSecure(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		https  bool
		tls    bool
		header []string
		want   bool
	}{
		"plain":                    {},
		"this server's own":        {tls: true, want: true},
		"a trusted proxy's":        {header: []string{"remote", "10.1.2.3:4711", "X-Forwarded-Proto", "https"}, want: true},
		"a trusted proxy's, plain": {header: []string{"remote", "10.1.2.3:4711", "X-Forwarded-Proto", "http"}},
		"a stranger's word":        {header: []string{"X-Forwarded-Proto", "https"}},
		"as its operator says":     {https: true, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, func(c *Config) { c.HTTPS = tt.https })
			r := httptest.NewRequest("GET", "/r/ALICE234", nil)
			r.Header.Set("User-Agent", browser)
			if tt.tls {
				r.TLS = &tls.ConnectionState{}
			}
			for i := 0; i < len(tt.header); i += 2 {
				if tt.header[i] == "remote" {
					r.RemoteAddr = tt.header[i+1]
				} else {
					r.Header.Set(tt.header[i], tt.header[i+1])
				}
			}
			w := httptest.NewRecorder()
			d.links.ServeHTTP(w, r)
			if c := cookieOf(w); c == nil || c.Secure != tt.want {
				t.Errorf("the cookie is %v", c)
			}
		})
	}
}

// TestNowhereElse holds that nothing a stranger writes leads anywhere but to the sign-up page, or adds anything to it or to the answer
// but a code and a word.
func TestNowhereElse(t *testing.T) {
	t.Parallel()
	hostile := []string{
		"/r/https:%2F%2Fevil.example", "/r/%2F%2Fevil.example", "/r/%5C%5Cevil.example", "/r/..%2F..%2Fadmin", "/r/ALICE234%0d%0aSet-Cookie:%20a=b",
		"/r/ALICE234%00", "/r/ALICE234%22%3E%3Cscript%3E", "/r/%FF%FE", "/r/" + strings.Repeat("A", 4000), "/r/ALICE234%26next=evil", "/r/ALICE234%23evil",
		"/r/%E2%80%AEALICE234", "/r/'%20or%201=1%20--",
	}
	for _, name := range []string{"url", "next", "to", "redirect", "redirect_uri", "return", "signup_url", "ref", "plan", "host"} {
		for _, value := range []string{"https://evil.example", "//evil.example", "javascript:alert(1)", "MALLORY2"} {
			hostile = append(hostile, "/r/ALICE234?"+name+"="+url.QueryEscape(value))
		}
	}
	for _, via := range []string{"a%20b", "A", "x%0d%0aLocation:%20evil", strings.Repeat("a", 21), "%3Cb%3E", "x&ref=MALLORY", "https://evil.example", "é", ""} {
		hostile = append(hostile, "/r/ALICE234?via="+via)
	}
	for _, target := range hostile {
		d := open(t)
		w := d.get(target, "Host", "evil.example", "X-Forwarded-Host", "evil.example", "X-Original-Url", "https://evil.example", "Referer", "https://evil.example")
		location := w.Header().Get("Location")
		if allowed := []string{to, to + "&ref=ALICE234", to + "&ref=ALICE234&via=x"}; w.Code != http.StatusFound || !slices.Contains(allowed, location) {
			t.Errorf("%s: %d to %q", target, w.Code, location)
		}
		for name, values := range w.Header() {
			for _, value := range values {
				if strings.ContainsAny(value, "\r\n") || strings.Contains(value, "evil") {
					t.Errorf("%s: %s: %q", target, name, value)
				}
			}
		}
		if c := cookieOf(w); c != nil && c.Value != "ALICE234" {
			t.Errorf("%s: the cookie is %s", target, c)
		}
	}
}

func TestOtherPathsAndMethods(t *testing.T) {
	t.Parallel()
	d := open(t)
	for target, want := range map[string]int{"/r/": 404, "/r/ALICE234/more": 404, "/s/ALICE234": 404, "/invite": 404} {
		if w := d.get(target); w.Code != want || w.Header().Get("Location") != "" {
			t.Errorf("%s: %d %v", target, w.Code, w.Header())
		}
	}
	for _, target := range []string{"/r/ALICE234", "/invite/ALICE234", "/plusone.js"} {
		if w := d.do("POST", target); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" || cookieOf(w) != nil {
			t.Errorf("POST %s: %d %v", target, w.Code, w.Header())
		}
	}
	if got := d.became(); len(got) != 0 {
		t.Errorf("they became %v", got)
	}
	if got := strings.Join(d.links.Mounts(), " "); got != "/r/ /invite/ /plusone.js" {
		t.Errorf("mounted at %s", got)
	}
	if got := strings.Join(d.links.Routes(), ", "); got != "GET /r/{code}, GET /invite/{code}, GET /plusone.js" {
		t.Errorf("routes are %s", got)
	}
	plain := open(t, func(c *Config) { c.Path = "" })
	if got := strings.Join(plain.links.Mounts(), " "); got != "/r/ /plusone.js" {
		t.Errorf("mounted at %s", got)
	}
}

// TestTooOften holds that a flood from one address is not counted and does not reach the database, that nobody is kept from the sign-up
// page by it, and that others do not notice.
func TestTooOften(t *testing.T) {
	t.Parallel()
	d := open(t, func(c *Config) { c.PerMinute = 3 })
	for i := range 5 {
		w := d.get("/r/ALICE234")
		if w.Header().Get("Location") != to+"&ref=ALICE234" || (cookieOf(w) != nil) != (i < 3) {
			t.Errorf("visit %d: %v", i, w.Header())
		}
	}
	if w := d.get("/r/NOBODY23", "Cookie", "plusone_ref=ALICE234"); w.Header().Get("Location") != to+"&ref=ALICE234" {
		t.Errorf("with a code that is kept: %v", w.Header())
	}
	if w := d.get("/r/%2F%2Fevil"); w.Header().Get("Location") != to {
		t.Errorf("with what is no code: %v", w.Header())
	}
	if got := d.became(); got["waiting"] != 3 || got["limited"] != 3 || got["unknown"] != 1 || len(d.store.asked) != 3 {
		t.Errorf("they became %v, and the database was asked %d times", got, len(d.store.asked))
	}
	d.get("/r/ALICE234", "remote", "198.51.100.1:1")
	d.now = d.now.Add(20 * time.Second)
	d.get("/r/ALICE234")
	if got := d.became(); got["waiting"] != 5 {
		t.Errorf("later, and from elsewhere: %v", got)
	}
}

// TestWithoutTheDatabase holds that a link leads on: whose code it is may be found out at the sign-up.
func TestWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.store.away = errors.New("away")
	w := d.get("/r/alice234?via=x")
	if w.Header().Get("Location") != to+"&ref=ALICE234&via=x" || cookieOf(w) != nil {
		t.Errorf("%v", w.Header())
	}
	d.mustBe("unavailable")
}

func TestWithoutTheStream(t *testing.T) {
	t.Parallel()
	d := open(t, func(c *Config) { c.Visits = nil })
	if w := d.get("/r/ALICE234"); w.Header().Get("Location") != to+"&ref=ALICE234" || cookieOf(w) == nil {
		t.Errorf("%v", w.Header())
	}
	d.mustBe("dropped")
}

func TestWithoutASignUpPage(t *testing.T) {
	t.Parallel()
	d := open(t, func(c *Config) { c.SignUpURL = "" })
	w := d.get("/r/ALICE234")
	if w.Code != 404 || !strings.Contains(w.Body.String(), "PLUSONE_SIGNUP_URL") || w.Header().Get("Content-Type") != "text/html; charset=utf-8" ||
		!strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") || cookieOf(w) != nil || len(d.store.asked) != 0 {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := d.get("/plusone.js"); w.Code != 200 {
		t.Errorf("the script: %d", w.Code)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"shop.example/signup", "/signup", "//shop.example", "ftp://shop.example", "javascript:alert(1)", "https://", "https://a:b@shop.example/",
		"https://shop.example/#/signup", "https://shop.example/#", "https://shop.example/?ref=x", "https://shop.example/?a=b&via=x",
		"https://shop.example/?a=%zz", "https://shop.example/\nx", "https://shop example/",
	} {
		if _, err := New(Config{SignUpURL: text}); err == nil {
			t.Errorf("%q is a sign-up page", text)
		}
	}
	for _, text := range []string{"https://shop.example", "http://127.0.0.1:8000/register", "https://shop.example/a/b?c=d&e=f%20g"} {
		if _, err := New(Config{SignUpURL: text}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, path := range []string{
		"invite", "/invite", "invite/", "/", "//", "/a//b/", "/Invite/", "/in vite/", "/v1/", "/console/", "/referral/x/", "/{x}/", "/../", "/a/b/c/d/", "/%2e/",
		"/" + strings.Repeat("a", 41) + "/", "/invite/\n",
	} {
		if _, err := New(Config{Path: path}); err == nil {
			t.Errorf("%q is a path", path)
		}
	}
	for _, path := range []string{"/invite/", "/r/", "/go/with/me/", "/2026-spring/"} {
		if _, err := New(Config{Path: path}); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for signUp, want := range map[string]string{
		"https://shop.example":                    "https://shop.example?ref=ALICE234",
		"https://shop.example/a?b=c%20d&e=f+g&&h": "https://shop.example/a?b=c%20d&e=f+g&&h&ref=ALICE234",
		"https://shop.example/%2F?":               "https://shop.example/%2F?ref=ALICE234",
	} {
		d := open(t, func(c *Config) { c.SignUpURL = signUp })
		if got := d.get("/r/ALICE234").Header().Get("Location"); got != want {
			t.Errorf("%s: %s", signUp, got)
		}
	}
}

func TestShareURL(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"https://refer.example/r/ALICE234":      ShareURL("https://refer.example", "", "ALICE234"),
		"https://refer.example/invite/ALICE234": ShareURL("https://refer.example", "/invite/", "ALICE234"),
		"https://example.com/refer/r/A%2FB":     ShareURL("https://example.com/refer", DefaultPath, "A/B"),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
