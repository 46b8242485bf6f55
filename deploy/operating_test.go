package deploy

import (
	"bufio"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const operatingPage = "../docs/operating.md"

func readPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(operatingPage)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// exported are the metrics of all roles, with their types, as they are served.
func (w *watched) exported(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for role, addr := range w.admin {
		res, err := w.client.Get("http://" + addr + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s answers %s", role, res.Status)
		}
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if words := strings.Fields(lines.Text()); len(words) == 4 && words[0] == "#" && words[1] == "TYPE" {
				all[words[2]] = words[3]
			}
		}
	}
	return all
}

var (
	metricName = regexp.MustCompile(`\bplusone_[a-z0-9_]+\b`)
	metricRow  = regexp.MustCompile("(?m)^\\| `(plusone_[a-z0-9_]+)` \\| ([a-z]+) \\|")
	alertName  = regexp.MustCompile(`\bPlusone[A-Z][A-Za-z]+\b`)
	alertTitle = regexp.MustCompile(`(?m)^### (Plusone[A-Za-z]+)$`)
)

// everyMetricIsExplained: the page has a row for each metric that a role serves, of the type it is, and names none that
// nobody serves. Those of Go and of the process go as two groups.
func (w *watched) everyMetricIsExplained(t *testing.T) {
	page, exported := readPage(t), w.exported(t)
	rows := map[string]string{}
	for _, m := range metricRow.FindAllStringSubmatch(page, -1) {
		if rows[m[1]] != "" {
			t.Errorf("%s has two rows", m[1])
		}
		rows[m[1]] = m[2]
	}
	for _, name := range slices.Sorted(maps.Keys(exported)) {
		group := strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_")
		switch {
		case group:
		case !strings.HasPrefix(name, "plusone_"):
			t.Errorf("%s is in no group", name)
		case rows[name] != exported[name]:
			t.Errorf("%s, a %s, has the row of a %q", name, exported[name], rows[name])
		}
	}
	for _, name := range metricName.FindAllString(page, -1) {
		base := name
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			if cut := strings.TrimSuffix(name, suffix); exported[cut] == "histogram" {
				base = cut
			}
		}
		if exported[base] == "" {
			t.Errorf("nobody exports %s", name)
		}
	}
	for _, group := range []string{"`go_…`", "`process_…`"} {
		if !strings.Contains(page, group) {
			t.Errorf("the group %s is not explained", group)
		}
	}
}

// TestEveryAlertIsExplained under a heading of its own, which the alert's link leads to, with the three things one wants
// to know; and no alert is that does not exist.
func TestEveryAlertIsExplained(t *testing.T) {
	page := readPage(t)
	var alerts []string
	for _, r := range readRules(t) {
		if r.Alert != "" {
			alerts = append(alerts, r.Alert)
		}
	}
	var titles []string
	for _, m := range alertTitle.FindAllStringSubmatch(page, -1) {
		titles = append(titles, m[1])
	}
	if !slices.Equal(titles, alerts) {
		t.Errorf("the page explains %v, and there are %v, in this order", titles, alerts)
	}
	for _, name := range alertName.FindAllString(page, -1) {
		if !slices.Contains(alerts, name) {
			t.Errorf("there is no alert %s", name)
		}
	}
	sections := strings.Split(page, "\n### ")
	for _, s := range sections[1:] {
		name, text, _ := strings.Cut(s, "\n")
		if !slices.Contains(alerts, name) {
			continue
		}
		for _, part := range []string{"**It means:**", "**Look at:**", "**Do:**"} {
			if strings.Count(text, part) != 1 {
				t.Errorf("%s: %s is there %d times", name, part, strings.Count(text, part))
			}
		}
	}
}

// TestRecordedNamesAreThere: a recorded series that the page names exists.
func TestRecordedNamesAreThere(t *testing.T) {
	var recorded []string
	for _, r := range readRules(t) {
		recorded = append(recorded, r.Record)
	}
	for _, name := range regexp.MustCompile(`\bjob:[a-z0-9_:]+`).FindAllString(readPage(t), -1) {
		if !slices.Contains(recorded, name) {
			t.Errorf("nobody records %s", name)
		}
	}
}
