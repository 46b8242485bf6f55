package pages_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/plusone-dev/plusone/internal/pages"
)

// site is a set of pages of which one shows whatever it is given, one draws a chart, and one fails half way.
func site(t *testing.T, log io.Writer) *pages.Set {
	t.Helper()
	s, err := pages.Parse(fstest.MapFS{
		"_word.html": {Data: []byte(`{{define "word"}}<b>{{.}}</b>{{end}}`)},
		"show.html":  {Data: []byte(`{{define "content"}}<h1>{{template "word" .}}</h1>{{end}}`)},
		"draw.html":  {Data: []byte(`{{define "content"}}{{template "chart" .}}{{end}}`)},
		"fail.html":  {Data: []byte(`{{define "content"}}<h1>half a page</h1>{{.Nothing.Here}}{{end}}`)},
	}, nil, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func render(t *testing.T, name string, p pages.Page) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	site(t, io.Discard).Render(w, httptest.NewRequest("GET", "/", nil), http.StatusOK, name, p)
	return w
}

const nasty = `"><script>alert(1)</script><img src=x onerror=alert(1)>`

func TestTheFrameEscapesWhatItShows(t *testing.T) {
	t.Parallel()
	body := render(t, "show", pages.Page{
		Title: nasty, Site: nasty, Home: "javascript:alert(1)", Notice: nasty, Content: nasty, SignOut: "javascript:alert(1)",
		Nav: []pages.Link{{Name: nasty, Href: "javascript:alert(1)", Count: 3}},
	}).Body.String()
	for _, bad := range []string{"<script>", "<img", `"javascript:`} {
		if strings.Contains(body, bad) {
			t.Errorf("the page has %s:\n%s", bad, body)
		}
	}
	if !strings.Contains(body, `<h1><b>&#34;&gt;&lt;script&gt;`) {
		t.Errorf("what was to be shown is not there:\n%s", body)
	}
}

func TestTheFrame(t *testing.T) {
	t.Parallel()
	body := render(t, "show", pages.Page{
		Title: "Overview", Site: "Console", Home: "/a", Here: "/a", Notice: "Done.", SignOut: "/out", Class: "side",
		Nav: []pages.Link{{Name: "One", Href: "/a"}, {Name: "Two", Href: "/b", Count: 1234}}, Content: "x",
	}).Body.String()
	for _, want := range []string{
		`<html lang="en">`, `name="viewport"`, "<title>Overview · Console</title>", `<a class="skip" href="#main">`, `<main id="main"`, `<body class="side">`,
		`<a href="/a" aria-current="page">One</a>`, `<a href="/b">Two <span class="count">1,234</span></a>`, `role="status">Done.`, `action="/out"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s:\n%s", want, body)
		}
	}
}

// Half a page would look like a whole one with less in it.
func TestAPageThatFailsIsNotShownByHalf(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	for _, name := range []string{"fail", "missing"} {
		log.Reset()
		w := httptest.NewRecorder()
		site(t, &log).Render(w, httptest.NewRequest("GET", "/", nil), http.StatusOK, name, pages.Page{Content: "x"})
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "half") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if !strings.Contains(log.String(), "a page could not be made") {
			t.Errorf("%s: the log says %s", name, log.String())
		}
	}
}

func TestTell(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	site(t, io.Discard).Tell(w, httptest.NewRequest("GET", "/", nil), http.StatusNotFound, pages.Page{Site: "S"},
		pages.Message{Title: "Nothing here", Text: "Really.", Action: "Back", Href: "/b"})
	body := w.Body.String()
	if w.Code != http.StatusNotFound || !strings.Contains(body, "<title>Nothing here · S</title>") || !strings.Contains(body, `href="/b">Back</a>`) {
		t.Errorf("%d %s", w.Code, body)
	}
}

// A browser refuses what is inline under the policy, without a word to anybody.
func TestNothingIsInline(t *testing.T) {
	t.Parallel()
	inline := regexp.MustCompile(`(?i)<style|<script>|<script[^>]*>[^<]|<[a-z][^>]*\s(style|on[a-z]+)=|javascript:`)
	for name, content := range map[string]any{"show": "x", "draw": drawing(false), "message": pages.Message{Title: "a"}} {
		body := render(t, name, pages.Page{Content: content, Nav: []pages.Link{{Name: "a", Href: "/a"}}, SignOut: "/out", Notice: "x"}).Body.String()
		if found := inline.FindString(body); found != "" {
			t.Errorf("%s has %q", name, found)
		}
	}
}

func TestTheGuard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		embedders          []string
		ancestors, options string
	}{
		{nil, "frame-ancestors 'none'", "DENY"},
		{[]string{"https://a.example", "https://b.example:8443"}, "frame-ancestors 'self' https://a.example https://b.example:8443", ""},
	} {
		w := httptest.NewRecorder()
		pages.Guard{Embedders: c.embedders}.Wrap(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.HasSuffix(policy, c.ancestors) || !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self'; ") {
			t.Errorf("%v: the policy is %q", c.embedders, policy)
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("the policy is %q", policy)
		}
		for name, want := range map[string]string{
			"X-Frame-Options": c.options, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%v: %s is %q, want %q", c.embedders, name, got, want)
			}
		}
	}
}

func TestAssetsAreKeptForGood(t *testing.T) {
	t.Parallel()
	body := render(t, "show", pages.Page{Content: "x"}).Body.String()
	paths := regexp.MustCompile(`/assets/[0-9a-f]{12}-[a-z.]+`).FindAllString(body, -1)
	if len(paths) != 3 {
		t.Fatalf("the frame names %v", paths)
	}
	for _, path := range paths {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept-Encoding", "br, gzip;q=0.8")
		w := httptest.NewRecorder()
		pages.Assets().ServeHTTP(w, r)
		h := w.Header()
		if w.Code != http.StatusOK || h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, w.Code, h)
		}
		plain := httptest.NewRecorder()
		pages.Assets().ServeHTTP(plain, httptest.NewRequest("GET", path, nil))
		if plain.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s was compressed for somebody who had not asked for it", path)
		}
		if h.Get("Content-Encoding") == "gzip" && unpack(t, w.Body) != plain.Body.String() {
			t.Errorf("%s differs when it is compressed", path)
		}
	}
	for _, path := range []string{"/assets/", "/assets/plusone.css", "/assets/000000000000-plusone.css", "/assets/../doc.go"} {
		w := httptest.NewRecorder()
		pages.Assets().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != http.StatusNotFound || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}

func TestCompressionIsRefused(t *testing.T) {
	t.Parallel()
	for _, accept := range []string{"", "gzip;q=0", "gzip; q=0.0", "br", "identity, gzip;q=0.000"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		site(t, io.Discard).Render(w, r, http.StatusOK, "draw", pages.Page{Content: drawing(false)})
		if w.Header().Get("Content-Encoding") != "" || !strings.Contains(w.Body.String(), "</html>") {
			t.Errorf("%q: %v", accept, w.Header())
		}
	}
}

func unpack(t *testing.T, r io.Reader) string {
	t.Helper()
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "−1,234,567", 100: "100", -100: "−100", 9223372036854775807: "9,223,372,036,854,775,807"} {
		if got := pages.Number(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
