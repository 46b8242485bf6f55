package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// office is where people decide: the API as a process of its own, and the command line, on a NATS server with accounts
// and a database in which bob was referred by alice.
type office struct {
	*settled
	server *testkit.NATSServer
	tools  []string // the flags of the command line
	in     jetstream.Stream
	read   uint64 // how many events were looked at
	bob    string // his referral
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{settled: newSettled(t), server: testkit.NATSProcessWithAccounts(t, "../../deploy/nats/accounts.conf", natsPassword)}
	if code, _, errs := invoke(t, "streams", "--nats-url", o.server.URLOf("tools")); code != 0 {
		t.Fatalf("plusone streams ended with %d and %s", code, errs)
	}
	o.tools = []string{"--nats-url", o.server.URLOf("tools"), "--database-url", testkit.As(t, o.dsn, "plusone_tools")}
	nc, err := stream.Connect(o.server.URLOf("tools"), "office", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err == nil {
		o.in, err = js.Stream(t.Context(), stream.In)
	}
	if err != nil {
		t.Fatal(err)
	}
	o.bob = strconv.FormatInt(query[int64](t, o.dsn, "select r.id from referrals r join users u on u.id = r.referee_id where u.external_id = 'bob'")[0], 10)
	return o
}

// next is the event that was published last, read as the worker reads it.
func (o *office) next() fact.Event {
	o.t.Helper()
	o.read++
	m, err := o.in.GetMsg(o.t.Context(), o.read)
	if err != nil {
		o.t.Fatalf("event %d: %v", o.read, err)
	}
	e, err := fact.ParseCloudEvent(m.Data)
	if err != nil || m.Subject != "plusone.in."+e.Type || m.Header.Get("Nats-Msg-Id") != e.Key {
		o.t.Fatalf("%s on %s with %v: %v", m.Data, m.Subject, m.Header, err)
	}
	if err := e.CheckDate(m.Time); err != nil {
		o.t.Error(err)
	}
	return e
}

// states checks what the last event says.
func (o *office) states(what string, want fact.Event) fact.Event {
	o.t.Helper()
	e := o.next()
	if diff := cmp.Diff(want, e, cmpopts.IgnoreFields(fact.Event{}, "Key", "Name", "Type", "At"), cmpopts.IgnoreTypes(time.Time{})); diff != "" {
		o.t.Errorf("%s: %s", what, diff)
	}
	return e
}

// decided is what is decided, in both of the ways there are, and what it comes to.
type decided struct {
	command, method, path, body string
	want                        fact.Event
}

func (o *office) everything() []decided {
	code := o.codeOf("alice")
	review := func(v fact.DecisionVerdict) fact.Event {
		return fact.Event{Decision: &fact.Decision{UserID: "bob", Code: code, Verdict: v, By: "carol", Why: "siblings"}}
	}
	const because = `{"by": "carol", "why": "siblings"}`
	const flags = " --by carol --why siblings"
	path := "/v1/referrals/" + o.bob
	return []decided{
		{"referral approve " + o.bob + flags, "POST", path + "/approve", because, review(fact.Approved)},
		{"referral reject " + o.bob + flags, "POST", path + "/reject", because, review(fact.Rejected)},
		{"referral reopen " + o.bob + flags, "POST", path + "/reopen", because, review(fact.Reopened)},
		{
			"referral attribute --user erin --code " + strings.ToLower(code) + flags, "POST", "/v1/referrals",
			`{"user_id": "erin", "referral_code": "` + strings.ToLower(code) + `", "by": "carol", "why": "siblings"}`,
			fact.Event{Attribution: &fact.Attribution{UserID: "erin", Code: code, By: "carol", Why: "siblings"}},
		},
		{"user verify bob", "POST", "/v1/users/bob/verify", "", fact.Event{Verified: &fact.Verified{UserID: "bob"}}},
		{"user erase bob", "DELETE", "/v1/users/bob", "", fact.Event{Erased: &fact.Erased{UserID: "bob"}}},
		{
			"code assign --user alice --code spring --program vip", "POST", "/v1/codes", `{"user_id": "alice", "code": "spring", "program": "vip"}`,
			fact.Event{Assignment: &fact.Assignment{UserID: "alice", Code: "SPRING", Program: "vip"}},
		},
	}
}

// api starts the API with what a deployment gives it, and returns where it answers.
func (o *office) api(args ...string) (p *testkit.Process, base string) {
	o.t.Helper()
	env := []string{
		"DATABASE_URL=" + testkit.As(o.t, o.dsn, "plusone_api"), "NATS_URL_FILE=" + write(o.t, "nats", o.server.URLOf("api")+"\n"),
		"PLUSONE_API_TOKEN_FILE=" + write(o.t, "service", apiToken+"\n"), "PLUSONE_LISTEN=127.0.0.1:0", "PLUSONE_ADMIN=127.0.0.1:0",
	}
	p = start(o.t, env, append([]string{"api"}, args...)...)
	o.t.Cleanup(func() { mustHideSecrets(o.t, p.Output()) })
	base = listensAt(p, "api")
	p.WaitHealthy(patience, listensAt(p, "admin")+"/readyz")
	return p, base
}

// request sends a request with a token, and returns the answer's status and body.
func request(t *testing.T, method, url, body, token string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// TestDecisionsThroughTheAPI goes all the way, as the users that a deployment has: what the API is told the stream has.
func TestDecisionsThroughTheAPI(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p, base := o.api("--admin-token", adminToken)
	for _, d := range o.everything() {
		if status, answer := request(t, d.method, base+d.path, d.body, apiToken); status != http.StatusForbidden {
			t.Errorf("%s with a service token: %d %s", d.path, status, answer)
		}
		status, answer := request(t, d.method, base+d.path, d.body, adminToken)
		if status != http.StatusAccepted {
			t.Fatalf("%s: %d %s", d.path, status, answer)
		}
		e := o.states(d.path, d.want)
		mustSay(t, answer, `"event_id":"`+e.Name+`"`, `"source":"/plusone/api"`, `"type":"`+e.Type+`"`)
		p.WaitLine(patience, e.Name)
	}
	mustSay(t, p.Output(), `"msg":"decided"`, `"by":"carol"`, `"why":"siblings"`, `"referral":`+o.bob)
	mustNotSay(t, p.Output(), "erin", o.codeOf("alice"))
	_, page := get(t, listensAt(p, "admin")+"/metrics")
	mustSay(t, page, `plusone_decisions_total{result="published",type="referral.reviewed"} 2`, `plusone_decisions_total{result="unavailable",type="user.erased"} 0`,
		`route="POST /v1/referrals/{referral_id}/reopen"`, `route="DELETE /v1/users/{user_id}"`)

	// Without the stream it goes on answering questions, and says what it can not take.
	o.server.Kill()
	first := o.everything()[0]
	status, answer := request(t, first.method, base+first.path, first.body, adminToken)
	if status != http.StatusServiceUnavailable {
		t.Errorf("without a stream: %d %s", status, answer)
	}
	mustSay(t, answer, "stream-unavailable")
	if status, answer = request(t, "GET", base+"/v1/referrals", "", apiToken); status != http.StatusOK {
		t.Errorf("a question without a stream: %d %s", status, answer)
	}
	if status, page = get(t, listensAt(p, "admin")+"/readyz"); status != http.StatusOK {
		t.Errorf("it is not ready without a stream: %s", page)
	}
	o.server.Restart()
	testkit.Eventually(t, patience, func() (bool, string) {
		status, answer := request(t, first.method, base+first.path, first.body, adminToken)
		return status == http.StatusAccepted, fmt.Sprint(status, answer)
	})
}

// TestTheAPIWithoutAnAdminToken needs no NATS, and says what is missing.
func TestTheAPIWithoutAnAdminToken(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.server.Kill()
	p, base := o.api("--nats-url=")
	mustSay(t, p.Output(), "decisions are not taken")
	for _, d := range o.everything() {
		status, answer := request(t, d.method, base+d.path, d.body, adminToken)
		if status != http.StatusForbidden {
			t.Errorf("%s: %d %s", d.path, status, answer)
		}
		mustSay(t, answer, "no-admin-token", "PLUSONE_ADMIN_TOKEN")
	}
	_, page := get(t, listensAt(p, "admin")+"/metrics")
	mustNotSay(t, page, "plusone_decisions_total", "plusone_nats")
}

// TestDecisionsByCommand has each command publish, and print what it did in both ways.
func TestDecisionsByCommand(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	flags := func(command string) []string {
		args := append(strings.Fields(command), o.tools[:2]...)
		if strings.HasPrefix(command, "referral") && !strings.HasPrefix(command, "referral attribute") {
			args = append(args, o.tools[2:]...)
		}
		return args
	}
	for _, d := range o.everything() {
		code, out, errs := invoke(t, flags(d.command)...)
		if code != 0 || errs != "" {
			t.Fatalf("%s ended with %d and %s", d.command, code, errs)
		}
		e := o.states(d.command, d.want)
		mustSay(t, out, "published "+e.Type+" as "+e.Name, "user_id")
		mustHideSecrets(t, out)
		if d.want.Decision != nil {
			mustSay(t, out, "\n  referral_code  "+d.want.Decision.Code+"\n", "\n  by             carol\n", "\n  why            siblings\n")
		}

		code, out, errs = invoke(t, append(flags(d.command), "--json")...)
		if code != 0 || errs != "" {
			t.Fatalf("%s --json ended with %d and %s", d.command, code, errs)
		}
		e = o.states(d.command, d.want)
		var printed struct {
			Subject string
			Event   json.RawMessage
		}
		if err := json.Unmarshal([]byte(out), &printed); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		got, err := fact.ParseCloudEvent(printed.Event)
		if diff := cmp.Diff(e, got); diff != "" || err != nil || printed.Subject != "plusone.in."+e.Type {
			t.Errorf("%s --json prints %s: %v %s", d.command, out, err, diff)
		}
		mustSay(t, e.Key, "/plusone/cli")
	}

	for command, says := range map[string]string{
		"referral approve 4711 --by carol --why siblings":                     "no referral has the id 4711",
		"referral attribute --user erin --code A!B --by carol --why siblings": "referral_code must be 3 to 32 of",
		"code assign --user alice --code ab":                                  "code must be 3 to 32 of",
		"code assign --user alice --code abc --program V.I.P.":                "program must be the name of a program",
		"user erase " + strings.Repeat("x", 256):                              "user_id is longer than 255 characters",
		"referral attribute --user erin --code ABC --by carol --why \x07":     "why must not contain control characters",
	} {
		code, out, errs := invoke(t, flags(command)...)
		if code != exitFailed || out != "" {
			t.Errorf("%s ended with %d and %q", command, code, out)
		}
		mustSay(t, errs, says)
	}
	if info, err := o.in.Info(t.Context()); err != nil || info.State.Msgs != o.read {
		t.Errorf("%d events, and %d were looked at: %v", info.State.Msgs, o.read, err)
	}

	code, out, errs := invoke(t, "user", "erase", "bob", "--nats-url", "nats://127.0.0.1:1")
	if code != exitFailed || out != "" {
		t.Errorf("without NATS it ended with %d and %q", code, out)
	}
	mustSay(t, errs, "connecting to NATS")
	code, out, errs = invoke(t, "user", "erase", "bob", "--nats-url", o.server.URLOf("worker")) // who may not
	if code != exitFailed || out != "" {
		t.Errorf("as another user it ended with %d and %q", code, out)
	}
	mustSay(t, errs, "the stream did not take it")
}

// TestDecisionsOnDev: a running plusone dev is found by its folder, and takes decisions over HTTP as well.
func TestDecisionsOnDev(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := startDev(t, data)
	mustSay(t, d.Output(), "decisions", kept(t, data, "admin-token"))
	s := d.state(t)
	for _, command := range []string{
		"referral reject 1 --by carol --why siblings", "user verify bob", "code assign --user alice --code spring",
	} {
		code, out := finish(t, nil, append(strings.Fields(command), "--data", data)...)
		if code != 0 {
			t.Errorf("%s ended with %d", command, code)
		}
		mustSay(t, out, "published ")
	}
	status, answer := request(t, "POST", s.URL+"/v1/referrals/1/approve", `{"by": "carol", "why": "siblings"}`, kept(t, data, "admin-token"))
	if status != http.StatusAccepted {
		t.Errorf("%d %s", status, answer)
	}
	d.WaitLine(patience, `a decision was recorded`)
	if info, err := os.Stat(filepath.Join(data, "admin-token")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the admin token's file: %v, %v", info, err)
	}
	d.interrupt(t)
	code, out := finish(t, nil, "user", "verify", "bob", "--data", data)
	if code != exitFailed {
		t.Errorf("it ended with %d", code)
	}
	mustSay(t, out, "no plusone dev runs on "+data)
}
