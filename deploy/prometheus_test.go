package deploy

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

func TestPrometheusTakesItsConfiguration(t *testing.T) {
	promtool(t, "check", "config", "prometheus/prometheus.yml")
	promtool(t, "check", "rules", "--lint-fatal", "prometheus/rules.yml")
}

func TestEachAlertFiresAndIsSilent(t *testing.T) {
	promtool(t, "test", "rules", "prometheus/rules_test.yml")
	tests := read(t, "prometheus/rules_test.yml")
	for _, r := range readRules(t) {
		if r.Alert == "" {
			continue
		}
		for _, form := range []string{
			"- name: " + r.Alert + "\n", // it has its own story,
			fmt.Sprintf("- {expr: 'ALERTS{alertname=%q,alertstate=\"firing\"}', eval_time: ", r.Alert), // which begins in silence
			fmt.Sprintf("- {labels: 'ALERTS{alertname=%q,alertstate=\"firing\",", r.Alert),             // and ends in an alarm
		} {
			if !strings.Contains(tests, form) {
				t.Errorf("rules_test.yml has no %s", form)
			}
		}
	}
}

// TestAlertsSayWhatToDo: how urgent it is, what is the matter, and where one reads on.
func TestAlertsSayWhatToDo(t *testing.T) {
	const page = "https://github.com/plusone-dev/plusone/blob/main/docs/operating.md#"
	seen := map[string]bool{}
	for _, r := range readRules(t) {
		if seen[r.name()] {
			t.Errorf("%s is there twice", r.name())
		}
		seen[r.name()] = true
		if r.Alert == "" {
			continue
		}
		if s := r.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s is of the severity %q", r.Alert, s)
		}
		for _, a := range []string{"summary", "description"} {
			if r.Annotations[a] == "" {
				t.Errorf("%s has no %s", r.Alert, a)
			}
		}
		if got := r.Annotations["runbook_url"]; got != page+strings.ToLower(r.Alert) {
			t.Errorf("%s sends to %s", r.Alert, got)
		}
	}
}

// knownZeros are the queries of the dashboard and the recorded rules that a healthy day leaves at zero, or without a
// number, by panel and legend: each must still answer with a sample. Everything else must answer with more than zero.
var knownZeros = map[string]string{
	"Is all well? / Checks that fail /":                                      "every check passes",
	"Is all well? / Work waits /":                                            "the worker has answered for all there is",
	"Is all well? / News waits /":                                            "the relay has told all there is",
	"Is all well? / Laws broken /":                                           "every law holds",
	"Ingress / Errors / 5xx":                                                 "the stream takes every event",
	"Ingress / Requests in flight / {{instance}}":                            "nobody is being served at the moment of a scrape",
	"Ingress / Groups that were split / {{job}} {{reason}}":                  "the stream takes every group",
	"Worker / Transaction retries / {{kind}}":                                "one worker with little to do gets in nobody's way",
	"Worker / Transaction retries / more to lock":                            "as before; it may happen",
	"Referrals and rewards / What can not be placed / to be reviewed":        "nothing speaks against anybody",
	"Referrals and rewards / What can not be placed / buyers to be credited": "nobody signed up after they had bought",
	"Worker / Redeliveries and halvings / redeliveries":                      "nothing failed, and nothing took too long",
	"Worker / Redeliveries and halvings / halvings":                          "no batch failed by the fault of a message",
	"Worker / Interruptions / broke off":                                     "the stream was there all the time",
	"Worker / Interruptions / paused":                                        "the database was there all the time",
	"Worker / Interruptions / {{instance}} pauses now":                       "the database is there",
	"Stream / Lag in messages / {{consumer}}":                                "the worker has answered for all there is",
	"Stream / Lag in age / {{consumer}}":                                     "the worker has answered for all there is",
	"Stream / Way to being dropped / share":                                  "the worker has answered for all there is",
	"Referrals and rewards / What can not be placed / {{kind}}":              "everything has its place, but for a guest's purchase it may be",
	"Outbox and clock / Outbox rows / rows":                                  "the relay has told all there is",
	"Outbox and clock / Outbox age / age":                                    "the relay has told all there is",
	"Outbox and clock / Relay / failures":                                    "the stream takes every event",
	"Outbox and clock / Clock / failed looks":                                "the database was there all the time",
	"Tallies / Tally rows / rows":                                            "the fold has added all there is",
	"Tallies / Tally age / age":                                              "the fold has added all there is",
	"Tallies / Fold / failures":                                              "the database was there all the time",
	"API / Errors / 5xx":                                                     "the database was there all the time",
	"Audit / Violations by law / law {{law}} {{check}}":                      "every law holds",
	"Connections / Waiting for a connection / {{job}} {{instance}} waiting":  "there are more connections than work",
	"Connections / Use of the database / {{job}} waited for":                 "there are more connections than work",
	"Connections / Use of the database / {{job}} opened":                     "those of the start may do for the day",
	"Connections / Waiting for a connection / {{job}} {{instance}} gave up":  "nobody gave up waiting",
	"Connections / NATS / {{job}} reconnects":                                "the connection was there all the time",
	"job:plusone_http_errors:ratio_rate5m":                                   "nothing was answered 5xx",
}

// firing are the alerts that the story calls for. All others must be silent.
var firing = []string{"PlusoneDeadLetters"}

// byChance are the alerts whose condition a busy machine may meet, with so little to count; "for" keeps them silent.
var byChance = map[string]string{
	"PlusoneTransactionRetries": "a few of some twenty transactions find more to lock than was known",
}

// dashboardWords are what Grafana puts in the place of its variables.
var dashboardWords = strings.NewReplacer("$__rate_interval", "5m", "$__range", "5m", "$__interval", "5m", "$instance", ".*")

// TestEveryQueryIsAnswered has a real Prometheus, with the shipped configuration and rules, watch every role while it
// works, and puts every query of the dashboard and of the rules to it.
func TestEveryQueryIsAnswered(t *testing.T) {
	w := newWatched(t)
	w.live()
	t.Run("the test would notice", func(t *testing.T) {
		for expr, want := range map[string]string{
			"sum(rate(plusone_no_such_total[1m]))":              "plusone_no_such_total",
			`plusone_stream_messages_total{verdict="shrugged"}`: `plusone_stream_messages_total{verdict="shrugged"}`,
			"sum by (colour) (plusone_build_info)":              "the label colour",
			"sum by (version) (plusone_build_info)":             "",
		} {
			if got := strings.Join(w.unknown(t, expr), ", "); got != want {
				t.Errorf("%s: unknown are %q, not %q", expr, got, want)
			}
		}
	})
	t.Run("the dashboard", w.dashboardIsAnswered)
	t.Run("the rules", w.rulesAreAnswered)
	t.Run("the alerts", w.alertsAreRight)
	t.Run("the metrics on the page", w.everyMetricIsExplained)
	t.Run("the queries on the page", w.everyQueryOfThePageWorks)
	t.Run("privacy", w.nobodyIsNamed)
	t.Run("the way back on the page", w.everythingCanBeDeliveredAgain)
}

func (w *watched) dashboardIsAnswered(t *testing.T) {
	d := readDashboard(t)
	used := map[string]bool{}
	for _, p := range d.rows() {
		for _, target := range p.Targets {
			key := p.Row + " / " + p.Title + " / " + target.LegendFormat
			key = strings.TrimSuffix(key, " ")
			used[key] = true
			w.mustAnswer(t, key, dashboardWords.Replace(target.Expr), target.LegendFormat)
		}
	}
	for _, a := range d.Annotations.List {
		if a.Target.Expr != "" {
			w.mustAnswer(t, a.Name, a.Target.Expr, a.TitleFormat)
		}
	}
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			metric, label, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(v.Definition, "label_values("), ")"), ", ")
			if unknown := w.unknown(t, "sum by ("+label+") ("+metric+")"); len(unknown) > 0 {
				t.Errorf("the variable %s: %v", v.Name, unknown)
			}
		}
	}
	for key := range knownZeros {
		if !used[key] && !strings.HasPrefix(key, "job:") {
			t.Errorf("a known zero is of no panel: %q", key)
		}
	}
}

var legendLabel = regexp.MustCompile(`{{ *([a-z_]+) *}}`)

// mustAnswer puts a query to Prometheus, and holds the answer to what is known of it.
func (w *watched) mustAnswer(t *testing.T, key, expr, legend string) {
	t.Helper()
	if unknown := w.unknown(t, expr); len(unknown) > 0 {
		t.Errorf("%s: nobody exports %s", key, strings.Join(unknown, ", "))
		return
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		samples, err := w.ask(expr)
		if err != nil {
			return false, err.Error()
		}
		for _, label := range legendLabel.FindAllStringSubmatch(legend, -1) {
			// Some samples may lack it: to Prometheus an empty label is none.
			if len(samples) > 0 && !slices.ContainsFunc(samples, func(s sample) bool { return s.Labels[label[1]] != "" }) {
				t.Fatalf("%s: the answer has no label %s for the legend", key, label[1])
			}
		}
		ok := slices.ContainsFunc(samples, func(s sample) bool { return s.Value != 0 && !math.IsNaN(s.Value) })
		return ok || len(samples) > 0 && knownZeros[key] != "", fmt.Sprintf("%s: %s is answered with %v", key, expr, samples)
	})
}

func (w *watched) rulesAreAnswered(t *testing.T) {
	for _, r := range readRules(t) {
		if r.Record != "" {
			w.mustAnswer(t, r.Record, r.Expr, "")
			w.mustAnswer(t, r.Record, r.Record, "")
			continue
		}
		expr := r.Expr
		if r.Alert == "PlusoneRoleGone" { // absent() of what is there has nothing to say
			expr, _, _ = strings.Cut(expr, "or absent")
		}
		if unknown := w.unknown(t, r.Expr); len(unknown) > 0 {
			t.Errorf("%s: nobody exports %s", r.Alert, strings.Join(unknown, ", "))
			continue
		}
		expected := slices.Contains(firing, r.Alert)
		testkit.Eventually(t, patience, func() (bool, string) {
			samples, err := w.ask(parseQuery(expr).asBool())
			fires := slices.ContainsFunc(samples, func(s sample) bool { return s.Value == 1 })
			return err == nil && len(samples) > 0 && (fires == expected || fires && byChance[r.Alert] != ""), fmt.Sprintf("%s: %v, %v", r.Alert, samples, err)
		})
	}
	var status struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	if err := w.get("/api/v1/rules", nil, &status); err != nil {
		t.Fatal(err)
	}
	evaluated := 0
	for _, g := range status.Groups {
		for _, r := range g.Rules {
			evaluated++
			if r.Health != "ok" {
				t.Errorf("%s is %s: %s", r.Name, r.Health, r.LastError)
			}
		}
	}
	if evaluated != len(readRules(t)) {
		t.Errorf("Prometheus has %d rules of %d", evaluated, len(readRules(t)))
	}
}

// alertsAreRight: what has to fire does, and nothing else, be it still pending.
func (w *watched) alertsAreRight(t *testing.T) {
	testkit.Eventually(t, patience, func() (bool, string) {
		var data struct {
			Alerts []struct {
				Labels map[string]string
				State  string
			}
		}
		if err := w.get("/api/v1/alerts", nil, &data); err != nil {
			return false, err.Error()
		}
		var fire []string
		for _, a := range data.Alerts {
			if a.State == "firing" {
				fire = append(fire, a.Labels["alertname"])
			}
		}
		slices.Sort(fire)
		return slices.Equal(slices.Compact(fire), firing), fmt.Sprintf("these fire: %v", fire)
	})
}

// TestTheOtherWaysToFindRolesWork: what prometheus.yml shows in comments is taken as well.
func TestTheOtherWaysToFindRolesWork(t *testing.T) {
	jobs := "scrape_configs:\n"
	_, others, _ := strings.Cut(read(t, "prometheus/prometheus.yml"), "# For machines")
	for line := range strings.Lines(others) {
		if rest, ok := strings.CutPrefix(line, "#  "); ok {
			jobs += "  " + rest
		}
	}
	// Debian's Prometheus is built without Kubernetes: what follows from what is found there is checked, not the finding.
	kubernetes := "    kubernetes_sd_configs:\n      - role: pod\n        namespaces: {names: [plusone]}\n"
	if strings.Count(jobs, "job_name") != 2 || strings.Count(jobs, kubernetes) != 1 {
		t.Errorf("the other ways are:\n%s", jobs)
	}
	jobs = strings.Replace(jobs, kubernetes, "    static_configs: [{targets: [somewhere]}]\n", 1)
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(file, []byte(jobs), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "config", "--syntax-only", file)
}
