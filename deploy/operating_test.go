package deploy

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

const operatingPage = "../docs/operating.md"

// metric is one as it is served: its type, and the values of each label.
type metric struct {
	kind   string
	labels map[string][]string
}

// metricsPages are what the roles serve, by role.
func (w *watched) metricsPages(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for role, addr := range w.admin {
		res, err := w.client.Get("http://" + addr + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s answers %s, %v", role, res.Status, err)
		}
		pages[role] = string(body)
	}
	return pages
}

var (
	servedSample = regexp.MustCompile(`^([a-z_]+)(?:\{(.*)\})? `)
	servedLabel  = regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`)
)

// exported are the metrics of all roles, by name.
func (w *watched) exported(t *testing.T) map[string]metric {
	t.Helper()
	all := map[string]metric{}
	for _, page := range w.metricsPages(t) {
		name := ""
		for line := range strings.Lines(page) {
			if words := strings.Fields(line); len(words) == 4 && words[0] == "#" && words[1] == "TYPE" {
				name = words[2]
				if all[name].labels == nil {
					all[name] = metric{words[3], map[string][]string{}}
				}
			}
			m := servedSample.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			for _, l := range servedLabel.FindAllStringSubmatch(m[2], -1) {
				all[name].labels[l[1]] = append(all[name].labels[l[1]], l[2])
			}
		}
	}
	return all
}

var (
	metricName = regexp.MustCompile(`\bplusone_[a-z0-9_]+\b`)
	metricRow  = regexp.MustCompile("(?m)^\\| `(plusone_[a-z0-9_]+)` \\| ([a-z]+) \\|(.*?)\\|")
	alertName  = regexp.MustCompile(`\bPlusone[A-Z][A-Za-z]+\b`)
	alertTitle = regexp.MustCompile(`(?m)^### (Plusone[A-Za-z]+)$`)
	quoted     = regexp.MustCompile("`([^`\n]+)`")
)

// everyMetricIsExplained: the page has a row for each metric that a role serves, of the type and with the labels it has,
// and names none that nobody serves. Those of Go and of the process go as two groups.
func (w *watched) everyMetricIsExplained(t *testing.T) {
	page, exported := read(t, operatingPage), w.exported(t)
	rows := map[string][]string{}
	for _, m := range metricRow.FindAllStringSubmatch(page, -1) {
		if rows[m[1]] != nil {
			t.Errorf("%s has two rows", m[1])
		}
		rows[m[1]] = m
	}
	for _, name := range slices.Sorted(maps.Keys(exported)) {
		group := strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_")
		switch row := rows[name]; {
		case group:
		case !strings.HasPrefix(name, "plusone_"):
			t.Errorf("%s is in no group", name)
		case row == nil || row[2] != exported[name].kind:
			t.Errorf("%s, a %s, has the row %q", name, exported[name].kind, row)
		default:
			checkLabels(t, name, row[3], exported[name].labels)
		}
	}
	for _, name := range metricName.FindAllString(page, -1) {
		base := name
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			if cut := strings.TrimSuffix(name, suffix); exported[cut].kind == "histogram" {
				base = cut
			}
		}
		if exported[base].kind == "" {
			t.Errorf("nobody exports %s", name)
		}
	}
	for _, group := range []string{"`go_…`", "`process_…`"} {
		if !strings.Contains(page, group) {
			t.Errorf("the group %s is not explained", group)
		}
	}
}

// checkLabels compares the third column of a row with the labels that are served. Where a label's values are listed, and
// the list does not end with …, none may be missing.
func checkLabels(t *testing.T, name, column string, served map[string][]string) {
	t.Helper()
	var explained []string
	for part := range strings.SplitSeq(column, ";") {
		names, values, _ := strings.Cut(part, ":")
		for _, m := range quoted.FindAllStringSubmatch(names, -1) {
			explained = append(explained, m[1])
		}
		if strings.Trim(quoted.ReplaceAllString(values, ""), ", ") != "" || values == "" {
			continue // words
		}
		for _, value := range served[explained[len(explained)-1]] {
			if !strings.Contains(values, "`"+value+"`") {
				t.Errorf("%s: the value %q of the label %s is not explained", name, value, explained[len(explained)-1])
			}
		}
	}
	have := slices.DeleteFunc(slices.Sorted(maps.Keys(served)), func(l string) bool { return l == "le" })
	if slices.Sort(explained); !slices.Equal(explained, have) {
		t.Errorf("%s has the labels %q, and the page explains %q", name, have, explained)
	}
}

// nobodyIsNamed: what roles serve to operators holds no person, no id and no secret.
func (w *watched) nobodyIsNamed(t *testing.T) {
	for role, page := range w.metricsPages(t) {
		for _, word := range []string{"alice", "user0", "@example.com", "evt_", "cs_user", webhookSecret, eventsToken, apiToken, hashKey, "postgres://", "nats://"} {
			if strings.Contains(page, word) {
				t.Errorf("the metrics of %s say %q", role, word)
			}
		}
		if n := strings.Count(page, "\n"); n > 1500 {
			t.Errorf("%s serves %d lines", role, n)
		}
	}
}

var psql = regexp.MustCompile(`psql "\$DATABASE_URL" -c "([^"]+)"`)

// everyQueryOfThePageWorks, in the database of the deployment.
func (w *watched) everyQueryOfThePageWorks(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	queries := psql.FindAllStringSubmatch(read(t, operatingPage), -1)
	if len(queries) < 5 {
		t.Errorf("the page has %d queries", len(queries))
	}
	for _, m := range queries {
		sql := strings.NewReplacer("PID", "0", "= ID", "= 1").Replace(m[1])
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Errorf("%s: %v", m[1], err)
		}
	}
}

// everythingCanBeDeliveredAgain, as the page says for a database that was restored, and what is recorded already changes
// nothing.
func (w *watched) everythingCanBeDeliveredAgain(t *testing.T) {
	const books = `select string_agg(row, e'\n' order by row) from (
		select format('%s %s %s', id, status, reason) as row from referrals union all select format('%s %s', user_id, minor) from balances union all
		select format('%s-%s %s', referral_id, n, minor) from transfers) all_of_it`
	conn, err := pgx.Connect(t.Context(), w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	read := func() (text string) {
		if err := conn.QueryRow(t.Context(), books).Scan(&text); err != nil {
			t.Fatal(err)
		}
		return text
	}
	total := func(expr string) float64 {
		samples, err := w.ask(expr)
		if err != nil || len(samples) != 1 {
			t.Fatalf("%s: %v, %v", expr, samples, err)
		}
		return samples[0].Value
	}
	before := read()
	recorded, duplicates := total(`sum(plusone_worker_events_total{result="recorded"})`), total(`sum(plusone_worker_events_total{result="duplicate"})`)
	if err := w.js.DeleteConsumer(t.Context(), stream.In, stream.DefaultConsumer); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		again := total(`sum(plusone_worker_events_total{result="duplicate"})`)
		return again >= recorded+2*duplicates, fmt.Sprintf("%v recorded, %v duplicates, and now %v", recorded, duplicates, again)
	})
	if total(`sum(plusone_worker_events_total{result="recorded"})`) != recorded || read() != before {
		t.Errorf("something was recorded anew; before:\n%s\nafter:\n%s", before, read())
	}
	if broken := total("sum(plusone_audit_violations)"); broken != 0 {
		t.Errorf("%v violations", broken)
	}
}

var (
	setting = regexp.MustCompile(`\bPLUSONE_[A-Z_]+\b`)
	command = regexp.MustCompile("`(plusone [^`]+)`")
	streams = []string{stream.In, stream.Out, stream.Dead}
)

// TestThePagesNameWhatThereIs: settings and commands of plusone, and panels of the dashboard.
func TestThePagesNameWhatThereIs(t *testing.T) {
	page := read(t, operatingPage) + read(t, "../docs/durability.md")
	help := ""
	for _, of := range []string{"ingress", "worker", "api", "audit", "migrate", "streams", "dev", "program apply"} {
		p := testkit.StartProcess(t, testkit.ProcessConfig{
			Path: testkit.Binary(t, "github.com/plusone-dev/plusone/cmd/plusone"), Args: append(strings.Fields(of), "--help"), Dir: t.TempDir(),
		})
		if p.Wait(patience) != 0 {
			t.Fatalf("plusone %s --help: %s", of, p.Output())
		}
		help += "plusone " + of + "\n" + p.Output()
	}
	for _, name := range setting.FindAllString(page, -1) {
		if !slices.Contains(streams, name) && name != "PLUSONE_PROMETHEUS_BIN" && !strings.Contains(help, name) {
			t.Errorf("there is no setting %s", name)
		}
	}
	for _, m := range command.FindAllStringSubmatch(page, -1) {
		words := strings.Fields(m[1])
		if !strings.Contains(help, words[0]+" "+words[1]) {
			t.Errorf("there is no command %s", m[1])
		}
		for _, word := range words {
			if strings.HasPrefix(word, "-") && !strings.Contains(help, word) {
				t.Errorf("%s: there is no flag %s", m[1], word)
			}
		}
	}
	var titles []string
	for _, p := range readDashboard(t).rows() {
		titles = append(titles, p.Title)
	}
	for _, m := range regexp.MustCompile(`(?:^|[^*])\*([A-Z][^*]+)\*`).FindAllStringSubmatch(page, -1) {
		if title := strings.Join(strings.Fields(m[1]), " "); !slices.Contains(titles, title) {
			t.Errorf("the dashboard has no panel %s", title)
		}
	}
}

// ofOthers are words that PostgreSQL and NATS log.
var ofOthers = []string{"authorization violation", "statement timeout", "conflict with recovery"}

// TestThePageQuotesTheLogRightly: what it says the log says, some line of the source does.
func TestThePageQuotesTheLogRightly(t *testing.T) {
	var source strings.Builder
	for _, root := range []string{"../internal", "../cmd"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			source.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	words := regexp.MustCompile("`([a-zA-Z]+(?: [a-zA-Z]+)+)`")
	programs := regexp.MustCompile(`^(nats|psql|plusone|stripe|docker|kubectl|systemctl|curl|vacuum) `)
	quotes := 0
	for _, m := range words.FindAllStringSubmatch(strings.ReplaceAll(read(t, operatingPage), "\n", " "), -1) {
		if programs.MatchString(m[1]) || slices.Contains(ofOthers, m[1]) {
			continue
		}
		quotes++
		if text := strings.TrimSuffix(m[1], " fails"); !strings.Contains(source.String(), text) { // the outages are composed
			t.Errorf("nothing logs %q", m[1])
		}
	}
	if quotes < 10 {
		t.Errorf("the page quotes the log %d times", quotes)
	}
}

// TestEveryAlertIsExplained under a heading of its own, which the alert's link leads to, with the three things one wants
// to know; and no alert is that does not exist.
func TestEveryAlertIsExplained(t *testing.T) {
	page := read(t, operatingPage)
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
	for _, name := range regexp.MustCompile(`\bjob:[a-z0-9_:]+`).FindAllString(read(t, operatingPage), -1) {
		if !slices.Contains(recorded, name) {
			t.Errorf("nobody records %s", name)
		}
	}
}
