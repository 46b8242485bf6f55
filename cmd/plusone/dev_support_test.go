package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/internal/devstack"
	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// devProcess is a running `plusone dev`.
type devProcess struct {
	*testkit.Process
	data string
}

// startDev starts one on a data folder and a port of the system's choice, and waits until it has told its story.
func startDev(t testing.TB, data string, args ...string) *devProcess {
	t.Helper()
	d := &devProcess{data: data}
	d.Process = start(t, nil, append([]string{"dev", "--sample", "--data", data, "--listen", "127.0.0.1:0"}, args...)...)
	d.WaitLine(patience, "Told and settled")
	return d
}

// state is what the operator's tools find it by.
func (d *devProcess) state(t testing.TB) (s devState) {
	t.Helper()
	s, err := readDevState(d.data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (d *devProcess) business(t testing.TB) *business {
	t.Helper()
	s := d.state(t)
	b := newBusiness(t, s.URL, s.URL)
	b.secret, b.service = kept(t, d.data, "webhook-secret"), kept(t, d.data, "api-token")
	b.token = b.service
	return b
}

func kept(t testing.TB, data, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// postmaster is the process id of the private PostgreSQL.
func (d *devProcess) postmaster(t testing.TB) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(d.data, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// interrupt is Ctrl-C: the program ends with 0 and takes all it started with it.
func (d *devProcess) interrupt(t testing.TB) {
	t.Helper()
	pid := d.postmaster(t)
	d.Signal(os.Interrupt)
	if code := d.Wait(patience); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	if alive(pid) {
		t.Errorf("PostgreSQL still runs, as process %d", pid)
	}
	mustLeaveNobody(t, d.data)
	if _, err := os.Stat(filepath.Join(d.data, devStateFile)); !os.IsNotExist(err) {
		t.Errorf("it still says that it runs (%v)", err)
	}
}

// mustLeaveNobody makes sure that no process names the data folder, where the kernel can be asked.
func mustLeaveNobody(t testing.TB, data string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		line, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(line), data) {
			t.Errorf("left behind: %s", strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
}

var story = []string{
	`(?m)^ *alice +10\.00 usd *$`,
	`(?m)^ *bob +alice +rewarded +paid 10\.00 usd, at least 10\.00 usd is needed +10\.00 usd *$`,
	`(?m)^ *carol +alice +pending +paid 5\.00 usd, at least 10\.00 usd is needed +- *$`,
	`(?m)^ *dave +alice +cancelled +30\.00 usd of 30\.00 usd went back: at least 10\.00 usd must be left +0\.00 usd *$`,
}

func (d *devProcess) mustTellTheStory(t testing.TB) {
	t.Helper()
	for _, row := range story {
		if !regexp.MustCompile(row).MatchString(d.Output()) {
			t.Errorf("no line like %s in what it says:\n%s", row, d.Output())
		}
	}
	for line := range strings.Lines(d.Output()) {
		if strings.Contains(line, "port already in use") && strings.Contains(line, `"part":"nats-server"`) {
			continue // another took the customary port between the look and the try: a free one is taken then
		}
		if strings.Contains(line, `"level":"WARN"`) || strings.Contains(line, `"level":"ERROR"`) {
			t.Errorf("a warning, though all went well: %s", line)
		}
	}
}

// mustBeDurable holds the servers to have on the disk what they say they have, and the file with their passwords to be
// for its owner alone.
func (d *devProcess) mustBeDurable(t testing.TB) {
	t.Helper()
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		if got := query[string](t, d.state(t).DatabaseURL, "show "+setting)[0]; got != "on" {
			t.Errorf("PostgreSQL runs with %s %s", setting, got)
		}
	}
	var asked devCommand
	if _, err := kong.Must(&asked).Parse(nil); err != nil {
		t.Fatal(err)
	}
	if !(&dev{cmd: &asked}).natsConfig().SyncAlways {
		t.Error("NATS acknowledges what is not on the disk")
	}
	info, err := os.Stat(filepath.Join(d.data, devStateFile))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("%s has mode %v", devStateFile, got)
	}
}

// mustAnswerProblems asks for what is not there, without a token.
func mustAnswerProblems(t testing.TB, url string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	for ask, want := range map[string]int{
		"POST //webhooks/stripe": 404, "POST /webhooks": 404, "POST /webhooks/": 404, "POST /webhooks/stripe/": 404, "POST /v1/../webhooks/stripe": 404,
		"GET /": 404, "GET /nowhere": 404, "GET /v1": 404, "POST /v1/events/": 404, "GET /v1/users/alice": 401,
		"POST /metrics": 405, "POST /healthz": 405, "DELETE /readyz": 405, "GET /webhooks/stripe": 405, "GET //metrics": 404,
	} {
		method, path, _ := strings.Cut(ask, " ")
		req, err := http.NewRequest(method, url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if kind := res.Header.Get("Content-Type"); res.StatusCode != want || kind != problem.ContentType {
			t.Errorf("%s is answered %d, %s; want %d", ask, res.StatusCode, kind, want)
		}
	}
}

// contents is everything in the database that an event can change, as text.
func contents(t testing.TB, dsn string) (all string) {
	t.Helper()
	for _, table := range []string{"events", "users", "codes", "sign_ups", "payments", "objects", "referrals", "transitions", "transfers", "balances"} {
		rows := query[string](t, dsn, fmt.Sprintf("select coalesce(string_agg(r::text, E'\\n' order by r::text), '') from %s r", table))
		all += table + "\n" + rows[0] + "\n"
	}
	return all
}

// query reads the rows of one column.
func query[T any](t testing.TB, dsn, sql string, args ...any) []T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func execute(t testing.TB, dsn, sql string) {
	t.Helper()
	if err := tryExecute(t, dsn, sql); err != nil {
		t.Fatal(err)
	}
}

func tryExecute(t testing.TB, dsn, sql string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		return err
	}
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), sql)
	return err
}

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares an answer of the API, to the byte but for indentation and what differs from run to run.
func golden(t *testing.T, b *business, path, file string) {
	t.Helper()
	status, body := b.ask(path)
	if status != http.StatusOK {
		t.Fatalf("%s is answered %d: %s", path, status, body)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	got := indented.Bytes()
	for _, v := range volatile {
		got = v.pattern.ReplaceAll(got, []byte(v.is))
	}
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is answered:\n%s\nwant, as in %s:\n%s", path, got, file, want)
	}
}

// volatile is what differs from run to run. Each pattern insists on the shape: times are RFC 3339 in UTC.
var volatile = []struct {
	pattern *regexp.Regexp
	is      string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`"id": "[0-9]+"`), `"id": "ID"`},
	{regexp.MustCompile(`use [12] of the code`), `use N of the code`}, // Bob and Dave pay in one moment: either may come first
	{regexp.MustCompile(`"(code|referral_code|referred_by_code)": "[A-HJ-NP-Z2-9]{8}"`), `"$1": "CODE"`},
}

// ordinaryUser is nobody for root, and ourselves for anybody else.
func ordinaryUser(t *testing.T) (uid, gid int) {
	t.Helper()
	if os.Getuid() != 0 {
		return os.Getuid(), os.Getgid()
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, errU := strconv.Atoi(nobody.Uid)
	gid, errG := strconv.Atoi(nobody.Gid)
	if errU != nil || errG != nil {
		t.Fatalf("nobody is %s:%s", nobody.Uid, nobody.Gid)
	}
	return uid, gid
}

// leaveRunning starts the private PostgreSQL of a data folder as a kill -9 leaves it where the kernel does not tell the
// children: alive, and nobody's.
func leaveRunning(t *testing.T, data string) (pid int) {
	t.Helper()
	server, err := devstack.Start(t.Context(), devstack.PostgresConfig{Dir: filepath.Join(data, "postgres"), Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Kill() }) // if the test failed before
	return server.Pid()
}
