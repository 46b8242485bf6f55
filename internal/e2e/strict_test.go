package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// TestALookIsStrict: on a page where much is wrong, it is found.
func TestALookIsStrict(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><html><title>Wrong</title><input><p style="color:#ccc;background:#fff">faint</p>` +
			`<p style="width:3000px">wide</p><button style="outline:none">dim</button><button tabindex="-1">apart</button><script>console.error("a complaint")</script><!--` + strings.Repeat("x", maxWeight) + `-->`))
	}))
	t.Cleanup(site.Close)
	g := welcome(t, startChromium(t), sizes[0])
	g.open(site.URL)
	var found []string
	for _, v := range g.violations() {
		found = append(found, v.ID)
	}
	for _, want := range []string{"label", "color-contrast", "html-has-lang"} {
		if !slices.Contains(found, want) {
			t.Errorf("axe finds %v, and not %s", found, want)
		}
	}
	if over, err := ask[int](g, tooWide); err != nil || over < 1000 {
		t.Errorf("it is %d pixels too wide (%v)", over, err)
	}
	unseen, missed := g.tour()
	if !slices.ContainsFunc(unseen, func(at string) bool { return strings.Contains(at, "dim") }) || len(missed) != 1 || !strings.Contains(missed[0], "apart") {
		t.Errorf("the focus is not seen on %v, and does not come to %v", unseen, missed)
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		g.mu.Lock()
		defer g.mu.Unlock()
		heaviest := 0.
		for _, w := range g.weights {
			heaviest = max(heaviest, w)
		}
		noticed := slices.ContainsFunc(g.troubles, func(said string) bool { return strings.Contains(said, "console") })
		return noticed && heaviest > maxWeight, fmt.Sprintf("the console says %v; the heaviest page weighs %.0f bytes", g.troubles, heaviest)
	})
}
