package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// deployment is every role as a process of its own, on servers that can be killed. Each has a login of its own, and the
// ingress no way to the database at all.
type deployment struct {
	*business
	t        testing.TB
	nats     *testkit.NATSServer
	postgres *testkit.PostgresServer
	pool     *pgxpool.Pool
	probe    *stream.Probe
	env      []string
	logins   map[string]string  // the addresses of the database, by command
	users    map[string]string  // and of NATS
	doors    []*testkit.Process // the ingress and the API
	workers  []*testkit.Process
}

// deploy starts the servers, the door and the API. Secrets come from files. Workers are for the test to start.
func deploy(t testing.TB) *deployment {
	t.Helper()
	d := &deployment{
		t: t, nats: testkit.NATSProcessWithAccounts(t, "../../deploy/nats/accounts.conf", natsPassword), postgres: testkit.PostgresProcess(t, migrate),
	}
	for name, value := range map[string]string{
		"STRIPE_WEBHOOK_SECRET": "whsec_an_older_one_nobody_may_see," + webhookSecret, "PLUSONE_EVENTS_TOKEN": eventsToken,
		"PLUSONE_API_TOKEN": apiToken, "PLUSONE_ADMIN_TOKEN": adminToken, "PLUSONE_HASH_KEY": hashKey,
	} {
		d.env = append(d.env, name+"_FILE="+write(t, name, value+"\n"))
	}
	d.logins = logins(t, d.postgres)
	d.users = map[string]string{
		"ingress": d.nats.URLOf("ingress"), "worker": d.nats.URLOf("worker"), "api": d.nats.URLOf("api"), "streams": d.nats.URLOf("tools"),
	}
	d.env = append(d.env, "PLUSONE_STRIPE_MODE=test", "PLUSONE_ADMIN=127.0.0.1:0", "PLUSONE_LISTEN=127.0.0.1:0", "PLUSONE_LOG_LEVEL=debug")
	door, api := d.role("ingress"), d.role("api")
	d.doors = []*testkit.Process{door, api}
	d.business = newBusiness(t, listensAt(door, "ingress"), listensAt(api, "api"))
	d.mustAskForStreams(door)
	door.WaitHealthy(patience, listensAt(door, "admin")+"/readyz")
	api.WaitHealthy(patience, listensAt(api, "admin")+"/readyz")
	d.watch()
	return d
}

// role starts a process, and holds what it prints to be free of secrets.
func (d *deployment) role(args ...string) *testkit.Process {
	d.t.Helper()
	p := start(d.t, d.envOf(args[0]), args...)
	d.t.Cleanup(func() { mustHideSecrets(d.t, p.Output()) })
	return p
}

// envOf is the environment of a command, with the users that it is: of the database, of NATS, of both or of none.
func (d *deployment) envOf(command string) []string {
	d.t.Helper()
	env := slices.Clone(d.env)
	if dsn, ok := d.logins[command]; ok {
		env = append(env, "DATABASE_URL_FILE="+write(d.t, "dsn", dsn))
	}
	if url, ok := d.users[command]; ok {
		env = append(env, "NATS_URL_FILE="+write(d.t, "nats", url))
	}
	return env
}

// mustAskForStreams has a door that may not make the streams say so, and makes them.
func (d *deployment) mustAskForStreams(door *testkit.Process) {
	d.t.Helper()
	mustSay(d.t, door.WaitLine(patience, "the streams can not be made yet"), "plusone streams", "STREAM.CREATE.PLUSONE_IN")
	d.mustBeUnready(door, `"stream"`)
	for _, says := range []string{"made PLUSONE_IN\nmade PLUSONE_OUT\nmade PLUSONE_DEAD\n", "the streams are as they should be\n"} {
		if code, out := finish(d.t, d.envOf("streams"), "streams"); code != 0 || out != says {
			d.t.Fatalf("plusone streams ended with %d and %q", code, out)
		}
	}
}

// logins makes the users that the commands log in as, the way an operator does, and returns their addresses.
func logins(t testing.TB, server *testkit.PostgresServer) map[string]string {
	t.Helper()
	out, err := server.PSQL(server.DSN(), "../../deploy/postgres/logins.sql", "PLUSONE_WORKER_PASSWORD="+databasePassword,
		"PLUSONE_API_PASSWORD="+databasePassword, "PLUSONE_TOOLS_PASSWORD="+databasePassword)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	as := func(user string) string {
		u, err := url.Parse(server.DSN())
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword(user, databasePassword)
		return u.String()
	}
	tools := as("plusone_tools_login")
	return map[string]string{"worker": as("plusone_worker_login"), "api": as("plusone_api_login"), "audit": tools, "simulate": tools}
}

// worker starts one more.
func (d *deployment) worker(args ...string) {
	d.t.Helper()
	p := d.role(append([]string{"worker"}, args...)...)
	listensAt(p, "admin")
	d.workers = append(d.workers, p)
}

// replace kills a worker with -9 in the middle of its work, and starts another.
func (d *deployment) replace(number int, args ...string) {
	d.t.Helper()
	d.workers[number].Kill()
	if lag, err := d.probe.Lag(d.t.Context()); err != nil || lag.Pending+lag.Unacked == 0 {
		d.t.Errorf("nothing was left to do when a worker was killed: %+v, %v", lag, err)
	}
	d.workers = append(d.workers[:number], d.workers[number+1:]...)
	d.worker(args...)
	d.lawful()
}

// stop ends every role as an orchestrator does.
func (d *deployment) stop() {
	d.t.Helper()
	for _, p := range slices.Concat(d.doors, d.workers) {
		p.Signal(syscall.SIGTERM)
	}
	for _, p := range slices.Concat(d.doors, d.workers) {
		if code := p.Wait(patience); code != 0 {
			d.t.Errorf("a role ended with %d", code)
		}
		mustSay(d.t, p.Output(), `"msg":"stopping"`)
	}
}

// listensAt is where a role answers, as it says itself.
func listensAt(p *testkit.Process, what string) string {
	var line struct{ Address string }
	if err := json.Unmarshal([]byte(p.WaitLine(patience, `"for":"`+what+`"`)), &line); err != nil {
		panic(err)
	}
	return "http://" + line.Address
}

// watch gives the test eyes of its own: connections that come back by themselves.
func (d *deployment) watch() {
	d.t.Helper()
	nc, err := stream.Connect(d.nats.URLOf("tools"), "test", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(nc.Close)
	if d.probe, err = stream.NewProbe(nc, stream.In, ""); err != nil {
		d.t.Fatal(err)
	}
	if d.pool, err = pgxpool.New(d.t.Context(), d.postgres.DSN()); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(d.pool.Close)
}

// count is a number from the database; -1 when it does not answer.
func (d *deployment) count(sql string) (n int) {
	if err := d.pool.QueryRow(context.Background(), sql).Scan(&n); err != nil {
		return -1
	}
	return n
}

// lawful asks the database whether every law holds, whatever is going on.
func (d *deployment) lawful() {
	d.t.Helper()
	if code, out, errs := invoke(d.t, "audit", "--database-url", d.logins["audit"]); code != 0 {
		d.t.Errorf("the audit ended with %d:\n%s%s", code, out, errs)
	}
}

// applied waits until so many events are recorded.
func (d *deployment) applied(events int) {
	d.t.Helper()
	testkit.Eventually(d.t, patience, func() (bool, string) {
		n := d.count("select count(*) from events")
		return n >= events, fmt.Sprintf("%d of %d events are recorded", n, events)
	})
}

// settled waits until every message is answered for and everything that is to be told is told.
func (d *deployment) settled() {
	d.t.Helper()
	testkit.Eventually(d.t, 2*patience, func() (bool, string) {
		lag, err := d.probe.Lag(d.t.Context())
		outbox := d.count("select count(*) from outbox")
		return err == nil && lag.Pending+lag.Unacked == 0 && outbox == 0, fmt.Sprintf("%+v, %v, %d in the outbox", lag, err, outbox)
	})
}

// mustBeUnready looks at a role's page for the orchestrator.
func (d *deployment) mustBeUnready(role *testkit.Process, lacks string) {
	d.t.Helper()
	res, err := d.client.Get(listensAt(role, "admin") + "/readyz")
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), lacks) {
		d.t.Errorf("/readyz answers %d: %s", res.StatusCode, body)
	}
}

// closed waits until the door says that it takes nothing.
func (d *deployment) closed(probe message) {
	d.t.Helper()
	testkit.Eventually(d.t, patience, func() (bool, string) {
		status, answer := d.send(probe)
		return status == http.StatusServiceUnavailable, fmt.Sprintf("the door answers %d: %s", status, answer)
	})
}
