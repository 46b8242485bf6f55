package reference

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	openapi "github.com/plusone-dev/plusone/docs/api"
	"github.com/plusone-dev/plusone/internal/pages"
)

// get asks for the page.
func get(t *testing.T, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	var log bytes.Buffer
	handler, err := New(slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, Path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK || log.Len() > 0 {
		t.Fatalf("%d: %s", answer.Code, log.String())
	}
	return answer
}

// TestEverythingIsShown looks for every operation, parameter, status and member of the document.
func TestEverythingIsShown(t *testing.T) {
	t.Parallel()
	page := get(t).Body.String()
	root, err := openapi.Ordered()
	if err != nil {
		t.Fatal(err)
	}
	d := document{root: root}
	operations := 0
	for _, path := range members(root, "paths") {
		for _, op := range members(path.Value) {
			operations++
			id := text(op.Value, "operationId")
			_, shown, found := strings.Cut(page, `<article class="card operation" id="`+id+`">`)
			shown, _, _ = strings.Cut(shown, "</article>")
			if !found || !strings.Contains(shown, key(path)) || !strings.Contains(page, `href="#`+id+`"`) {
				t.Errorf("%s is not shown", id)
			}
			for _, p := range list(op.Value, "parameters") {
				if name := text(d.resolve(p), "name"); !strings.Contains(shown, ">"+name+"</code>") {
					t.Errorf("%s lacks the parameter %s", id, name)
				}
			}
			for _, r := range members(op.Value, "responses") {
				if !strings.Contains(shown, ">"+key(r)+"</span>") {
					t.Errorf("%s lacks the answer %s", id, key(r))
				}
			}
		}
	}
	if operations < 28 {
		t.Errorf("only %d operations", operations)
	}
	for _, s := range members(root, "components", "schemas") {
		_, shown, found := strings.Cut(page, `id="schema-`+key(s)+`"`)
		shown, _, _ = strings.Cut(shown, "</details>")
		if !found {
			t.Errorf("the schema %s is not shown", key(s))
		}
		for _, m := range members(s.Value, "properties") {
			if !strings.Contains(shown, ">"+key(m)+"</code>") {
				t.Errorf("the schema %s lacks %s", key(s), key(m))
			}
		}
	}
}

// TestEveryAnchorLeadsSomewhere, and none is there twice.
func TestEveryAnchorLeadsSomewhere(t *testing.T) {
	t.Parallel()
	page := get(t).Body.String()
	ids := make(map[string]int)
	for _, m := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]]++; ids[m[1]] > 1 {
			t.Errorf("the id %s is there twice", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] == 0 {
			t.Errorf("#%s leads nowhere", m[1])
		}
	}
}

// TestThePageIsSmallAndStrict weighs it with its assets, as a browser gets them, and looks at what it may load.
func TestThePageIsSmallAndStrict(t *testing.T) {
	t.Parallel()
	answer := get(t, "Accept-Encoding", "gzip")
	weight := answer.Body.Len()
	unpacked, err := gzip.NewReader(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	assets := regexp.MustCompile(`"(`+pages.AssetsPath+`[^"]*)"`).FindAllSubmatch(page, -1)
	if len(assets) < 3 {
		t.Errorf("%d assets", len(assets))
	}
	for _, m := range assets {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, string(m[1]), nil)
		r.Header.Set("Accept-Encoding", "gzip")
		asset := httptest.NewRecorder()
		pages.Assets().ServeHTTP(asset, r)
		if asset.Code != http.StatusOK {
			t.Errorf("%s: %d", m[1], asset.Code)
		}
		weight += asset.Body.Len()
	}
	if weight > 100_000 {
		t.Errorf("%d bytes", weight)
	}
	policy := answer.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || bytes.Contains(page, []byte(" style=")) {
		t.Errorf("the policy is %s", policy)
	}
	if got := fmt.Sprint(answer.Header()["Cache-Control"]); got != "[public, max-age=300]" {
		t.Errorf("kept %s", got)
	}
}

// TestProseIsEscaped but for code and paragraphs.
func TestProseIsEscaped(t *testing.T) {
	t.Parallel()
	if got := prose("a <b> & `x<y>`\n\nnext"); got != "<p>a &lt;b&gt; &amp; <code>x&lt;y&gt;</code></p><p>next</p>" {
		t.Errorf("%s", got)
	}
}
