package portal

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata anew")

// What somebody sees who has just begun, word for word, but for the drawing of the QR code and the names of the assets.
func TestTheFirstPage(t *testing.T) {
	const file = "testdata/first.html"
	w := newWorld(t)
	w.terms(tiered)
	w.story()
	page := w.see("u-zoe", "/dashboard")
	for pattern, by := range map[string]string{
		`(?s)^.*<main id="main" tabindex="-1">\s*`: "", `(?s)</main>.*$`: "", ` d="M[^"]*"`: "", `\n\s*\n`: "\n",
	} {
		page = regexp.MustCompile(pattern).ReplaceAllString(page, by)
	}
	page = strings.TrimSpace(page) + "\n"
	if *update {
		w.must(os.MkdirAll("testdata", 0o755))
		w.must(os.WriteFile(file, []byte(page), 0o644))
	}
	want, err := os.ReadFile(file)
	w.must(err)
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(page, "\n")); diff != "" {
		t.Errorf("the page has changed; look at it, and run `go test -run TestTheFirstPage -update` (-want +got):\n%s", diff)
	}
}
