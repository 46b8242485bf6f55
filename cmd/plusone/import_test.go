package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/plusone-dev/plusone/internal/imports"
	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// bureau is where files are imported: a NATS server with the accounts of a deployment, and a database with a worker.
type bureau struct {
	t      *testing.T
	server *testkit.NATSServer
	dsn    string
	tools  []string // the flags of who imports
	in     jetstream.Stream
	worker *testkit.Process
}

func newBureau(t *testing.T) *bureau {
	t.Helper()
	b := &bureau{t: t, server: testkit.NATSProcessWithAccounts(t, "../../deploy/nats/accounts.conf", natsPassword), dsn: testkit.Database(t)}
	if code, _, errs := invoke(t, "streams", "--nats-url", b.server.URLOf("tools")); code != 0 {
		t.Fatalf("plusone streams ended with %d and %s", code, errs)
	}
	b.tools = []string{"--nats-url", b.server.URLOf("tools")}
	nc, err := stream.Connect(b.server.URLOf("tools"), "bureau", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err == nil {
		b.in, err = js.Stream(t.Context(), stream.In)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// work starts a worker as a process of its own.
func (b *bureau) work() {
	b.t.Helper()
	b.worker = start(b.t, []string{
		"DATABASE_URL=" + testkit.As(b.t, b.dsn, "plusone_worker"), "NATS_URL_FILE=" + write(b.t, "nats", b.server.URLOf("worker")),
		"PLUSONE_HASH_KEY_FILE=" + write(b.t, "key", hashKey), "PLUSONE_ADMIN=127.0.0.1:0", "PLUSONE_LOG_LEVEL=warn",
	}, "worker")
	b.t.Cleanup(func() { mustHideSecrets(b.t, b.worker.Output()) })
}

// run imports a file to the end.
func (b *bureau) run(want int, args ...string) (out, errs string) {
	b.t.Helper()
	code, out, errs := invoke(b.t, append(append([]string{"import"}, args...), b.tools...)...)
	if code != want {
		b.t.Fatalf("import %v ended with %d, want %d: %s%s", args, code, want, out, errs)
	}
	mustHideSecrets(b.t, out+errs)
	return out, errs
}

// messages is how many events the stream has.
func (b *bureau) messages() uint64 {
	b.t.Helper()
	info, err := b.in.Info(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return info.State.Msgs
}

// recorded waits until the worker has so many events.
func (b *bureau) recorded(n int) {
	b.t.Helper()
	testkit.Eventually(b.t, 2*patience, func() (bool, string) {
		got := query[int](b.t, b.dsn, "select count(*)::int from events")[0]
		return got == n, fmt.Sprintf("%d of %d events are recorded", got, n)
	})
}

// crowded is a file of so many sign-ups, all but the first with the first one's code.
func crowded(t *testing.T, n int) (file string) {
	t.Helper()
	return named(t, "user", n)
}

func named(t *testing.T, name string, n int) (file string) {
	t.Helper()
	var text bytes.Buffer
	fmt.Fprintln(&text, "registered_at,user_id,username,email,referral_code,code")
	fmt.Fprintln(&text, "2026-01-01T00:00:00Z,alice,alice,,,SPRING")
	for i := 1; i < n; i++ {
		fmt.Fprintf(&text, "2026-02-01T00:00:00Z,%s%d,\"User, %d\",%s%d@mail.invalid,spring,\n", name, i, i, name, i)
	}
	return write(t, "users.csv", text.String())
}

// TestImport brings users, codes and referrals all the way into the database, as the users that a deployment has.
func TestImport(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.work()
	users := write(t, "users.csv", "\xef\xbb\xbfuser_id,email,email_verified,referral_code,code,registered_at,stripe_customer_id\r\n"+
		"alice,alice@mail.invalid,TRUE,,spring,2026-01-01T09:00:00Z,cus_alice\r\nbob,bob@mail.invalid,,SPRING,,2026-01-02T09:00:00Z,\r\ncarol,,,,,2026-01-03T09:00:00Z,\r\n")
	codes := write(t, "codes.csv", "user_id,code\nbob,bobs-own\n")
	referrals := write(t, "referrals.csv", "user_id,referral_code,registered_at,by,why\ncarol,Bobs-Own,2026-01-04T09:00:00Z,,\ndave,spring,2026-01-05T09:00:00Z,erin,a letter\n")

	out, errs := b.run(0, "users", users)
	if out != users+": the stream has all 3 rows as user.registered; the worker applies them in a moment\n" || errs != "" {
		t.Errorf("it says %q and %q", out, errs)
	}
	if _, err := os.Stat(users + ".progress"); !os.IsNotExist(err) {
		t.Errorf("its progress is left behind: %v", err)
	}
	b.run(0, "codes", codes, "--at", "2026-01-04T08:00:00Z")
	out, _ = b.run(0, "referrals", referrals, "--by", "frank", "--json")
	var said imported
	if err := json.Unmarshal([]byte(out), &said); err != nil || !said.Done || said.Sent != 2 || said.Rows != 2 || said.Kind != "referrals" {
		t.Errorf("it says %s: %v", out, err)
	}
	b.recorded(6)
	for sql, want := range map[string][]string{
		"select external_id from users where external_id is not null order by 1":                                                                 {"alice", "bob", "carol", "dave"},
		"select u.external_id || ' ' || c.code from codes c join users u on u.id = c.owner_id where c.code in ('SPRING', 'BOBS-OWN') order by 1": {"alice SPRING", "bob BOBS-OWN"},
		"select e.external_id || ' by ' || r.external_id from referrals f join users e on e.id = f.referee_id join users r on r.id = f.referrer_id order by 1": {
			"bob by alice", "carol by bob", "dave by alice",
		},
	} {
		if got := query[string](t, b.dsn, sql); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", sql, got, want)
		}
	}

	// Run again, all of it changes nothing.
	before := contents(t, b.dsn)
	b.run(0, "users", users)
	b.run(0, "codes", codes, "--at", "2026-01-04T08:00:00Z")
	b.run(0, "referrals", referrals, "--by", "frank")
	more := write(t, "more.csv", "user_id,registered_at\nzoe,2026-01-06T09:00:00Z\n") // behind it: once she is there, so was all of it
	b.run(0, "users", more)
	b.recorded(7)
	for _, line := range strings.Split(strings.TrimSpace(before), "\n") {
		if !strings.Contains(contents(t, b.dsn), line) {
			t.Errorf("%s is not there any more", line)
		}
	}
	if code, out, errs := invoke(t, "audit", "--database-url", testkit.As(t, b.dsn, "plusone_tools")); code != 0 {
		t.Errorf("the audit ended with %d: %s%s", code, out, errs)
	}
	mustNotSay(t, b.worker.Output(), "can not be understood")
}

// TestABadFileSendsNothing, and neither does one that is only looked at.
func TestABadFileSendsNothing(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	bad := write(t, "bad.csv", "user_id,code,at\na,abc,2026-01-01T00:00:00Z\n,ab,2026-01-01T00:00:00Z\n"+strings.Repeat("x,y,z\n", 100))
	says := []string{bad + ":3:1: user_id: is missing\n", bad + ":3:2: code: must be 3 to 32 of", bad + ":4:5: at: must be a time", "\n… and 152 problems more\nnothing was sent\n"}
	for _, flags := range [][]string{nil, {"--dry-run"}, {"--resume"}} {
		out, errs := b.run(exitFailed, append([]string{"codes", bad}, flags...)...)
		if out != "" {
			t.Errorf("it says %q", out)
		}
		mustSay(t, errs, says...)
	}
	out, _ := b.run(exitFailed, "codes", bad, "--json")
	var said imported
	if err := json.Unmarshal([]byte(out), &said); err != nil || said.Done || said.Sent != 0 || said.Rows != 1 || said.More != 152 ||
		len(said.Problems) != 50 || said.Problems[0] != (imports.Problem{Line: 3, Column: 1, Name: "user_id", Message: "is missing"}) {
		t.Errorf("it says %s: %v", out, err)
	}
	good := crowded(t, 3)
	code, out, errs := invoke(t, "import", "users", good, "--dry-run") // and needs no stream
	if want := good + ": 3 rows are as they should be; nothing was sent\n"; code != 0 || out != want || errs != "" {
		t.Errorf("it ended with %d, %q and %q", code, out, errs)
	}
	if errs = second(b.run(exitFailed, "users", good, "--state", filepath.Join(t.TempDir(), "no", "where"))); !strings.Contains(errs, "can not be noted") {
		t.Errorf("without a place for its progress it says %s", errs)
	}
	if n := b.messages(); n != 0 {
		t.Errorf("the stream has %d events", n)
	}
	for _, file := range []string{bad, good} {
		if _, err := os.Stat(file + ".progress"); !os.IsNotExist(err) {
			t.Errorf("it left its progress behind: %v", err)
		}
	}
}

func second(_, errs string) string { return errs }

func TestImportFlags(t *testing.T) {
	t.Parallel()
	file := crowded(t, 3)
	for args, c := range map[string]struct {
		code int
		says []string
	}{
		"users " + file: {exitUsage, []string{"--nats-url (NATS_URL)", "--data DIR"}},
		"users " + file + " --at now --in-flight 0 --dry-run --resume":     {exitUsage, []string{"--at: must be a time as of RFC 3339", "--in-flight must be from 1 to 10000", "--dry-run and --resume"}},
		"users " + file + " --by me":                                       {exitUsage, []string{"--by"}},
		"referrals " + file + " --dry-run --at 2999-01-01T00:00:00Z":       {exitUsage, []string{"--at: must be in the years"}},
		"referrals " + file + " --dry-run":                                 {exitFailed, []string{"the column by is missing", "unknown column \"email\""}},
		"users " + file + ".not --dry-run":                                 {exitFailed, []string{"no such file"}},
		"users " + filepath.Dir(file) + " --dry-run":                       {exitFailed, []string{"is not a file"}},
		"users " + file + " --data " + t.TempDir():                         {exitFailed, []string{"no plusone dev runs on"}},
		"users " + file + " --resume --nats-url nats://127.0.0.1:1":        {exitFailed, []string{"there is nothing to resume", file + ".progress is not there"}},
		"users " + file + " --nats-url nats://127.0.0.1:1 --state " + file: {exitFailed, []string{"is not the progress of an import"}},
		"users " + file + " --nats-url nats://127.0.0.1:1":                 {exitFailed, []string{"connecting to NATS"}},
	} {
		code, out, errs := invoke(t, append([]string{"import"}, strings.Fields(args)...)...)
		if code != c.code || out != "" {
			t.Errorf("%s ended with %d and %q, %s", args, code, out, errs)
		}
		mustSay(t, errs, c.says...)
	}
}

// TestAnImportIsInterruptedWhileItChecks, and has sent nothing.
func TestAnImportIsInterruptedWhileItChecks(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	file := crowded(t, 3)
	if code := run(ctx, []string{"import", "users", file, "--nats-url", "nats://127.0.0.1:1"}, streams{&out, &errs}); code != exitFailed || out.String() != "" {
		t.Errorf("it ended with %d and %q", code, out.String())
	}
	mustSay(t, errs.String(), "interrupted: nothing was sent")
}

// begun starts an import of many rows, few at a time, and waits until some are sent and more are not.
func (b *bureau) begun(file string) (p *testkit.Process, far func() int) {
	b.t.Helper()
	far = func() int {
		p, err := imports.LoadProgress(file + ".progress")
		if err != nil || p == nil {
			return -1
		}
		return p.Sent
	}
	p = start(b.t, nil, append([]string{"import", "users", file, "--in-flight", "1"}, b.tools...)...)
	testkit.Eventually(b.t, patience, func() (bool, string) { return far() >= 20, fmt.Sprintf("it has sent %d rows", far()) })
	return p, far
}

// TestAnImportThatIsKilledGoesOn where it was.
func TestAnImportThatIsKilledGoesOn(t *testing.T) {
	t.Parallel()
	const n = 2000
	b := newBureau(t)
	file := crowded(t, n)
	p, far := b.begun(file)
	p.Kill()
	killed := far()
	if killed < 20 || killed >= n {
		t.Fatalf("it was killed after %d rows", killed)
	}
	if got := int(b.messages()); got < killed || got > killed+1 { // what was on its way may have arrived
		t.Errorf("the stream has %d events, and %d are noted", got, killed)
	}

	// It goes on with the same file and flags alone.
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, "2026-02-01T00:00:00Z,late,,,,\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs := b.run(exitFailed, "users", file, "--resume")
	mustSay(t, errs, "can not be resumed", "the file is not the one")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs = b.run(exitFailed, "users", file, "--resume", "--at", "2026-01-01T00:00:00Z")
	mustSay(t, errs, "can not be resumed", "--at")

	// Ctrl-C leaves it so that it goes on, too.
	p = start(t, nil, append([]string{"import", "users", file, "--in-flight", "1", "--resume"}, b.tools...)...)
	testkit.Eventually(t, patience, func() (bool, string) { return far() >= killed+20, fmt.Sprintf("it has sent %d rows", far()) })
	p.Signal(os.Interrupt)
	if code := p.Wait(patience); code != exitFailed {
		t.Errorf("it ended with %d", code)
	}
	stopped := far()
	mustSay(t, p.Output(), fmt.Sprintf("interrupted: the stream has %d of %d rows; with --resume the import goes on there", stopped, n))
	if got := int(b.messages()); got != stopped {
		t.Errorf("the stream has %d events, and %d are noted", got, stopped)
	}

	out, _ := b.run(0, "users", file, "--resume")
	mustSay(t, out, fmt.Sprintf("the stream has all %d rows as user.registered, %d of them from before", n, stopped))
	if got := b.messages(); got != n {
		t.Errorf("the stream has %d events", got)
	}
	b.work()
	b.recorded(n)
	if got := query[int](t, b.dsn, "select count(*)::int from referrals")[0]; got != n-1 {
		t.Errorf("%d referrals, want %d", got, n-1)
	}
}

// TestAnImportWithoutTheStream waits a while for one that is away, and stops where it is refused.
func TestAnImportWithoutTheStream(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	file := crowded(t, 3000)
	p, far := b.begun(file)
	b.server.Kill()
	away := far()
	b.server.Restart()
	if code := p.Wait(2 * patience); code != 0 {
		t.Errorf("it ended with %d, %d rows after the server was away: %s", code, far()-away, p.Output())
	}
	if got := b.messages(); got != 3000 {
		t.Errorf("the stream has %d events", got)
	}

	code, out, errs := invoke(t, "import", "users", crowded(t, 3), "--nats-url", b.server.URLOf("worker")) // who may not
	if code != exitFailed || out != "" {
		t.Errorf("as another user it ended with %d and %q", code, out)
	}
	mustSay(t, errs, "NATS does not allow it to this user", "connect as the user tools", "the stream has 0 of 3 rows")

	full := b.in.CachedInfo().Config
	full.MaxMsgs, full.Discard = 3005, jetstream.DiscardNew
	b.configure(full)
	others := named(t, "member", 100)
	_, errs = b.run(exitFailed, "users", others, "--in-flight", "4") // one by itself, and three together
	mustSay(t, errs, "the stream is full: let the worker catch up", "the stream has 4 of 100 rows; with --resume")
	full.MaxMsgs = -1
	b.configure(full)
	b.run(0, "users", others, "--resume")
}

func (b *bureau) configure(c jetstream.StreamConfig) {
	b.t.Helper()
	nc, err := stream.Connect(b.server.URLOf("tools"), "bureau", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err == nil {
		_, err = js.UpdateStream(b.t.Context(), c)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// TestImportIntoDev finds a running plusone dev by its folder.
func TestImportIntoDev(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := startDev(t, data)
	code, out := finish(t, nil, "import", "users", crowded(t, 3), "--data", data)
	if code != 0 {
		t.Errorf("it ended with %d", code)
	}
	mustSay(t, out, "the stream has all 3 rows")
	if got := d.business(t).code("user2"); got == "" {
		t.Error("who was imported has no code")
	}
	d.Signal(syscall.SIGTERM)
	d.Wait(patience)
}

func TestImportHelp(t *testing.T) {
	for command, says := range map[string][]string{
		"import":           {"import users", "import codes", "import referrals"},
		"import users":     {"user_id, registered_at; username, email", "--dry-run", "--resume", "--state", "--at", "NATS_URL", "--data", "--json"},
		"import codes":     {"user_id, code, at; program"},
		"import referrals": {"user_id, referral_code, at (or registered_at); by", "--by", "--why", "imported"},
	} {
		code, out, errs := invoke(t, append(strings.Fields(command), "--help")...)
		if code != 0 || errs != "" {
			t.Errorf("%s --help ended with %d and %q", command, code, errs)
		}
		mustSay(t, strings.Join(strings.Fields(out), " "), says...)
	}
}
