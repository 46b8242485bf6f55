package deploy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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
	metricName     = regexp.MustCompile(`\bplusone_[a-z0-9_]+\b`)
	composeNetwork = regexp.MustCompile(`--network plusone_[a-z]+`)
	metricRow      = regexp.MustCompile("(?m)^\\| `(plusone_[a-z0-9_]+)` \\| ([a-z]+) \\|(.*?)\\|")
	alertName      = regexp.MustCompile(`\bPlusone[A-Z][A-Za-z]+\b`)
	alertTitle     = regexp.MustCompile(`(?m)^### (Plusone[A-Za-z]+)$`)
	quoted         = regexp.MustCompile("`([^`\n]+)`")
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
	for _, name := range metricName.FindAllString(composeNetwork.ReplaceAllString(page, ""), -1) {
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
		for _, word := range []string{"alice", "user0", "@example.com", "evt_", "cs_user", webhookSecret, eventsToken, apiToken, adminToken, hashKey, userSecret, "postgres://", "nats://"} {
			if strings.Contains(page, word) {
				t.Errorf("the metrics of %s say %q", role, word)
			}
		}
		most := 1500
		if role == "api" { // which serves all pages as well, each with its durations
			most = 2000
		}
		if n := strings.Count(page, "\n"); n > most {
			t.Errorf("%s serves %d lines", role, n)
		}
	}
}

var psql = regexp.MustCompile(`psql "\$([A-Z_]+)" -c "([^"]+)"`)

// everyQueryOfThePageWorks, in the database of the deployment, with the rights of the connection that the page names: the
// tools', or those of an administrator who is no superuser. Where those do not suffice PostgreSQL may refuse, but also
// hide what it has, or pass over it with a warning.
func (w *watched) everyQueryOfThePageWorks(t *testing.T) {
	warnings := ""
	connections := map[string]*pgx.Conn{}
	for name, role := range map[string]string{"DATABASE_URL": "plusone_tools", "ADMIN_DATABASE_URL": w.administrator(t)} {
		connections[name] = connect(t, testkit.As(t, w.dsn, role), &warnings)
	}
	queries := psql.FindAllStringSubmatch(read(t, operatingPage), -1)
	if len(queries) < 8 {
		t.Errorf("the page has %d queries", len(queries))
	}
	for _, m := range queries {
		conn := connections[m[1]]
		if conn == nil {
			t.Errorf("nobody knows whose $%s is", m[1])
			continue
		}
		warnings = ""
		victim := w.workersSession(t)
		pid := victim.PgConn().PID()
		answer, err := answer(t, conn, strings.NewReplacer("PID", fmt.Sprint(pid), "= ID", "= 1").Replace(m[2]))
		if err != nil || warnings != "" || strings.Contains(answer, "insufficient privilege") {
			t.Errorf("$%s: %s: %v %s\n%s", m[1], m[2], err, warnings, answer)
		}
		ended := victim.Ping(t.Context()) != nil
		if wanted := strings.Contains(m[2], "pg_terminate_backend"); ended != wanted {
			t.Errorf("%s: the session was ended: %v", m[2], ended)
		}
	}
	t.Run("the test would notice", func(t *testing.T) {
		warnings = ""
		tools := connections["DATABASE_URL"]
		activity, err := answer(t, tools, "select query from pg_stat_activity")
		if err != nil || !strings.Contains(activity, "insufficient privilege") {
			t.Errorf("the tools see what others do: %v\n%s", err, activity)
		}
		if _, err := answer(t, tools, fmt.Sprintf("select pg_terminate_backend(%d)", w.workersSession(t).PgConn().PID())); err == nil {
			t.Error("the tools can end a worker's session")
		}
		if _, err := answer(t, tools, "vacuum analyze"); err != nil || warnings == "" {
			t.Errorf("the tools can vacuum: %v", err)
		}
	})
}

// administrator makes what the page asks of one: they own the database, and a superuser has granted them two roles more.
func (w *watched) administrator(t *testing.T) (role string) {
	t.Helper()
	owner := connect(t, w.dsn, nil)
	role = "administrator_of_" + owner.Config().Database
	for _, sql := range []string{
		"create role " + role, "grant pg_monitor, pg_signal_backend to " + role,
		"alter database " + owner.Config().Database + " owner to " + role,
	} {
		if _, err := owner.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	return role
}

// workersSession is one of a worker with a login of its own, which is what an operator may have to end.
func (w *watched) workersSession(t *testing.T) *pgx.Conn {
	t.Helper()
	owner := connect(t, w.dsn, nil)
	login := "worker_of_" + owner.Config().Database
	var exists bool
	err := owner.QueryRow(t.Context(), "select exists (select from pg_roles where rolname = $1)", login).Scan(&exists)
	if err == nil && !exists {
		_, err = owner.Exec(t.Context(), "create role "+login+" login password 'secret' in role plusone_worker")
	}
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(login, "secret")
	return connect(t, u.String(), nil)
}

// connect to a database until the test ends. What it warns of is added to warnings; those of PostgreSQL's own shared
// tables, which only a superuser vacuums, are not.
func connect(t *testing.T, dsn string, warnings *string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if warnings != nil && !strings.Contains(n.Message, `"pg_`) {
			*warnings += n.Message + "\n"
		}
	}
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// answer is what a query is answered, as text.
func answer(t *testing.T, conn *pgx.Conn, sql string) (text string, err error) {
	t.Helper()
	results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
	for _, result := range results {
		for _, row := range result.Rows {
			text += string(bytes.Join(row, []byte(" | "))) + "\n"
		}
	}
	return text, err
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
	for _, of := range []string{"ingress", "worker", "api", "audit", "migrate", "streams", "dev", "program apply", "program preview", "referral unplaced", "referral approve", "user erase", "token create", "token list", "token revoke", "recount", "health"} {
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

// places are the forms in which the page tells where to go, by what is there.
var places = map[string]*regexp.Regexp{
	"service":    regexp.MustCompile(`compose\.yaml (?:exec|logs --tail 200|run --rm --no-deps) ([a-z]+)`),
	"network":    regexp.MustCompile(`--network ([a-z_]+)`),
	"unit":       regexp.MustCompile(`(?:systemctl status|journalctl -u) (plusone-[a-z]+)`),
	"port":       regexp.MustCompile(`\b(909[1-9](?: [a-z]+)?)\b`),
	"credential": regexp.MustCompile(`(/etc/plusone/secrets/[a-z-]+)`),
	"deployment": regexp.MustCompile(`\bdeploy/(plusone-[a-z]+)`),
	"inbox":      regexp.MustCompile("--inbox-prefix ([^\\s`']+)"),
}

// TestThePageReachesWhatIsDeployed: the services, networks, ports, secrets and deployments that it tells to go to are those
// of the files here, and the answers of NATS come where the user tools may hear them.
func TestThePageReachesWhatIsDeployed(t *testing.T) {
	page, there := read(t, operatingPage), deployed(t)
	for what, form := range places {
		found := form.FindAllStringSubmatch(page, -1)
		if len(found) == 0 {
			t.Errorf("the page names no %s", what)
		}
		for _, m := range found {
			if !slices.Contains(there[what], m[1]) {
				t.Errorf("there is no %s %s: there are %q", what, m[1], there[what])
			}
		}
	}
}

var (
	adminPort  = regexp.MustCompile(`PLUSONE_ADMIN=127\.0\.0\.1:(\d+)`)
	credential = regexp.MustCompile(`LoadCredential=\S+:(/\S+)`)
	deployment = regexp.MustCompile(`(?m)^kind: Deployment\nmetadata:\n  name: (\S+)`)
)

// deployed is what the files have of each kind of place.
func deployed(t *testing.T) (all map[string][]string) {
	t.Helper()
	var compose struct {
		Name               string
		Services, Networks map[string]any
	}
	readYAML(t, "compose.yaml", &compose)
	all = map[string][]string{"service": slices.Collect(maps.Keys(compose.Services))}
	for network := range compose.Networks {
		all["network"] = append(all["network"], compose.Name+"_"+network)
	}
	for name, text := range files(t, "systemd/*.service") {
		unit := strings.TrimSuffix(name, ".service")
		all["unit"] = append(all["unit"], unit)
		for _, m := range adminPort.FindAllStringSubmatch(text, -1) {
			all["port"] = append(all["port"], m[1], m[1]+" "+strings.TrimPrefix(unit, "plusone-"))
		}
		for _, m := range credential.FindAllStringSubmatch(text, -1) {
			all["credential"] = append(all["credential"], m[1])
		}
	}
	for _, text := range files(t, "kubernetes/base/*.yaml") {
		for _, m := range deployment.FindAllStringSubmatch(text, -1) {
			all["deployment"] = append(all["deployment"], m[1])
		}
	}
	for _, u := range natsOptions(t, "nats.conf").Users {
		if u.Username == "tools" {
			for _, subject := range u.Permissions.Subscribe.Allow {
				all["inbox"] = append(all["inbox"], strings.TrimSuffix(subject, ".>"))
			}
		}
	}
	return all
}

// files are those that a pattern matches, by name.
func files(t *testing.T, pattern string) (texts map[string]string) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("there are no %s: %v", pattern, err)
	}
	texts = map[string]string{}
	for _, path := range paths {
		texts[filepath.Base(path)] = read(t, path)
	}
	return texts
}

// ofOthers are words that PostgreSQL and NATS log.
var ofOthers = []string{"authorization violation", "statement timeout", "conflict with recovery", "permissions violation"}

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
