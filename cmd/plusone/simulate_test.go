package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/plusone-dev/plusone/internal/simulate"
	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// startBareDev starts a `plusone dev` that tells no story.
func startBareDev(t *testing.T, args ...string) *devProcess {
	t.Helper()
	d := &devProcess{data: filepath.Join(t.TempDir(), "data")}
	d.Process = start(t, nil, append([]string{"dev", "--log-level", "warn", "--data", d.data, "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0"}, args...)...)
	d.WaitLine(patience, "plusone is listening on")
	return d
}

// told runs a simulation against it, and reads what it says.
func (d *devProcess) told(t *testing.T, want int, args ...string) (out simulatedJSON) {
	t.Helper()
	return simulateJSON(t, want, append([]string{"--data", d.data}, args...)...)
}

// simulatedJSON is what a machine reads of a simulation.
type simulatedJSON struct {
	simulate.Report

	Note  string
	Audit struct {
		Held bool
		Rows int
	}
	Held bool
}

func simulateJSON(t *testing.T, want int, args ...string) (out simulatedJSON) {
	t.Helper()
	code, text, errs := invoke(t, append([]string{"simulate", "--json", "--rate", "0"}, args...)...)
	if code != want {
		t.Errorf("it ended with %d, not %d: %s%s", code, want, text, errs)
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%v: %s%s", err, text, errs)
	}
	return out
}

// TestSimulate tells one `plusone dev` of one business after the other.
func TestSimulate(t *testing.T) {
	t.Parallel()
	d := startBareDev(t)
	t.Run("again", d.simulateAgain)
	t.Run("what is lost", d.simulateLoss)
	t.Run("a stuck outbox", d.simulateStuckOutbox)
	t.Run("sign-ups are refused", d.simulateRefusedSignUps)
	t.Run("without a database", d.simulateBlindly)
	t.Run("interrupted", d.simulateInterrupted)
	t.Run("chaos", d.simulateChaos) // before there is another program: people have signed up long ago
	for name, yaml := range simulatedPrograms {
		t.Run(name, func(t *testing.T) { d.simulateProgram(t, name, yaml) })
	}
}

// simulateChaos has everything happen, in every order, by the default program, and asks the audit by itself too.
func (d *devProcess) simulateChaos(t *testing.T) {
	out := d.told(t, 0, "--chaos", "--users", "300", "--seed", "26")
	s := out.Sending
	if !out.Held || !out.Audit.Held || out.Outcome.Differences != 0 || out.Outcome.LeftOut != 0 || out.Settled.Recorded != out.Settled.Events ||
		s.Accepted != s.Planned || s.NotSent+s.Unknown+len(s.Rejected) > 0 {
		t.Errorf("%+v", out)
	}
	mustAllHappen(t, out.Outcome.Referrals, "pending", "qualified", "rewarded", "cancelled, refunded", "cancelled, disputed", "cancelled, expired",
		"cancelled, self_referral", "cancelled, existing_customer")
	if code, text, errs := invoke(t, "audit", "--data", d.data); code != 0 {
		t.Errorf("the audit ended with %d: %s%s", code, text, errs)
	}
}

var simulatedPrograms = map[string]string{
	"the first":      "qualify: {purchase: first}\nrefunds: full\n",
	"one stands in":  "qualify: {requalify: true}\n",
	"no maximum":     "codes: {max_uses: 0}\nrefunds: any\n",
	"one place":      "codes: {max_uses: 1}\nrefunds: full\nqualify: {minimum: {jpy: \"1\", usd: \"5.00\"}, grace: 0s}\nrewards: [{to: referee, fixed: {jpy: \"3\", usd: \"0.07\"}}]\n",
	"a hold of days": "hold: 14d\nqualify: {minimum: {kwd: \"1.000\"}, within: 7d}\nrewards: [{to: referrer, fixed: {kwd: \"0.500\"}}]\n",
}

// simulateProgram tells a chaotic business of a program, and it comes out as foreseen.
func (d *devProcess) simulateProgram(t *testing.T, name, yaml string) {
	if code, out := finish(t, nil, "program", "apply", "--data", d.data, "-f", write(t, "p.yaml", yaml)); code != 0 {
		t.Fatal(out)
	}
	out := d.told(t, 0, "--chaos", "--users", "50", "--shuffle", "0.5", "--refunds", "0.5")
	if !out.Held || len(out.Problems) > 0 || !out.Audit.Held || out.Audit.Rows == 0 || out.Outcome.Differences != 0 ||
		out.Outcome.People != 50 || out.Settled.Recorded != out.Settled.Events || out.Settled.Events < 400 {
		t.Errorf("%+v", out)
	}
	s := out.Sending
	if s.Accepted != s.Planned || s.Duplicates == 0 || s.NotSent+s.Unknown+len(s.Rejected) > 0 || s.Latency.P99 == 0 {
		t.Errorf("%+v", s)
	}
	mustHappen(t, out.Outcome.Referrals, name)
}

// mustHappen makes sure that the comparison was of something.
func mustHappen(t *testing.T, referrals []simulate.Count, program string) {
	t.Helper()
	all := []string{"pending", "cancelled, refunded"}
	if of := map[string]string{
		"a hold of days": "qualified", "one place": "cancelled, code_exhausted", "the first": "cancelled, below_minimum",
	}[program]; of != "" {
		all = append(all, of)
	}
	mustAllHappen(t, referrals, all...)
}

func mustAllHappen(t *testing.T, referrals []simulate.Count, all ...string) {
	t.Helper()
	counts := map[string]int64{}
	for _, c := range referrals {
		counts[c.Of] = c.Actual
	}
	for _, of := range all {
		if counts[of] == 0 {
			t.Errorf("nothing is %s: %v", of, counts)
		}
	}
}

// simulateAgain tells one run a second time, which changes nothing; and then looks at what somebody has tampered with.
func (d *devProcess) simulateAgain(t *testing.T) {
	dsn := d.state(t).DatabaseURL
	again := []string{"--users", "100", "--refunds", "0.3", "--run", "again"}
	first := d.told(t, 0, again...)
	before := contents(t, dsn)
	second := d.told(t, 0, again...)
	if first.Run != second.Run || contents(t, dsn) != before {
		t.Errorf("told again, something changed: %s, %s", first.Run, second.Run)
	}
	if other := d.told(t, 0, "--users", "100", "--refunds", "0.3"); other.Run == first.Run {
		t.Errorf("two runs are both %s", other.Run)
	}
	for _, c := range []struct{ tamper, mend, says string }{
		{"update balances set minor = minor + 1", "update balances set minor = minor - 1", "the balance of sim_" + first.Run},
		{"update referrals set status = 'pending' where status = 'rewarded'", "update referrals set status = 'rewarded' where transfers > 0 and status = 'pending'", "should be rewarded, and is pending"},
	} {
		execute(t, dsn, c.tamper)
		out := d.told(t, 1, again...)
		if out.Held || out.Audit.Held || out.Outcome.Differences == 0 || len(out.Problems) != 2 {
			t.Errorf("%+v", out)
		}
		mustSay(t, strings.Join(out.Outcome.Examples, "\n"), c.says)
		execute(t, dsn, c.mend)
	}
	d.told(t, 0, again...)
	code, text, errs := invoke(t, append([]string{"simulate", "--data", d.data, "--rate", "0"}, again...)...)
	if code != 0 {
		t.Errorf("it ended with %d: %s%s", code, text, errs)
	}
	mustSay(t, text, "Sending", "duplicates", "p99", "Outcome", "Expected", "Actual", "referrals rewarded", "rewards that stand",
		"Every law holds.", "had left the outbox", "Everything is as expected.")
	mustSay(t, errs, "run "+first.Run+": 100 people", " accepted (")
	mustHideSecrets(t, text+errs)
}

// simulateLoss has a proxy say that it has what it drops: one thing after the other.
func (d *devProcess) simulateLoss(t *testing.T) {
	target, err := url.Parse(d.state(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(target)
	var webhooks, dropped atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/webhooks/stripe" && webhooks.Add(1)%50 == 0 {
			body, _ := io.ReadAll(r.Body)
			if !strings.Contains(string(body), `"type": "customer.`) { // of which nobody would know
				dropped.Add(1)
			}
			return
		}
		through.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	out := d.told(t, 1, "--target", proxy.URL, "--users", "150", "--duplicates", "0", "--timeout", "6s")
	if lost := out.Settled.Events - out.Settled.Recorded; int64(lost) != dropped.Load() || lost == 0 || out.Held || len(out.Settled.Missing) == 0 {
		t.Errorf("%d were dropped: %+v", dropped.Load(), out)
	}
	if !out.Audit.Held { // the books are right: it is what is missing in them that the audit can not see
		t.Errorf("%+v", out)
	}
}

// simulateStuckOutbox has a database out of whose outbox nothing goes, until it does.
func (d *devProcess) simulateStuckOutbox(t *testing.T) {
	dsn := d.state(t).DatabaseURL
	execute(t, dsn, `create function keep_outbox() returns trigger language plpgsql as 'begin raise exception ''not today''; end';
		create trigger keep before delete on outbox for each statement execute function keep_outbox()`)
	out := d.told(t, 1, "--users", "50", "--timeout", "2s")
	if s := out.Settled; out.Held || s.Recorded != s.Events || s.Waiting == 0 || time.Since(s.WaitingSince) > time.Minute || len(out.Problems) != 1 {
		t.Errorf("%+v", out)
	}
	mustSay(t, strings.Join(out.Problems, "\n"), fmt.Sprintf("%d rows have waited in the outbox, the oldest since 20", out.Settled.Waiting))
	execute(t, dsn, "drop trigger keep on outbox; drop function keep_outbox")
	if out := d.told(t, 0, "--users", "50"); !out.Held || out.Settled.Waiting != 0 || out.Settled.Relayed <= 0 {
		t.Errorf("%+v", out)
	}
	if left := query[int](t, dsn, "select count(*)::int from outbox"); left[0] != 0 {
		t.Errorf("%d rows are in the outbox, and it was said to be empty", left[0])
	}
}

// simulateRefusedSignUps has a door that never takes sign-ups: all of them, or one that others wait for. Nobody has an
// outcome that differs, and it is not as it should be nevertheless.
func (d *devProcess) simulateRefusedSignUps(t *testing.T) {
	for whose, says := range map[string]string{
		`"`:     " not sent, for ", // those who came last are given up after all else was told, or before
		`_u0",`: "sign-ups were not sent, for those whose codes they need did not get in themselves",
	} {
		door := d.refusing(t, whose)
		out := d.told(t, 1, "--target", door, "--users", "60", "--duplicates", "0", "--shuffle", "0", "--rate", "100", "--give-up", "200ms")
		if s := out.Sending; out.Held || s.Accepted == 0 || s.Unknown == 0 || s.NotSent == 0 || out.Outcome.Differences != 0 {
			t.Errorf("%+v", out)
		}
		if len(out.Problems) != 2 {
			t.Errorf("%q", out.Problems)
		}
		mustSay(t, strings.Join(out.Problems, "\n"), "events were never answered 200", says)
	}
	ended := d.told(t, 0, "--users", "60", "--rate", "50", "--for", "300ms")
	if !ended.Held || ended.Sending.NotSent == 0 || ended.Sending.Unknown != 0 {
		t.Errorf("what --for ends is as expected: %+v", ended)
	}
}

// refusing is a door of its own before that of the process, which takes no sign-up whose body has some words.
func (d *devProcess) refusing(t *testing.T, words string) string {
	t.Helper()
	target, err := url.Parse(d.state(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(target)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/v1/events" && strings.Contains(string(body), words) {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// simulateBlindly asks the API for codes, and says that it did not look any further.
func (d *devProcess) simulateBlindly(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys")
	args := []string{
		"--target", d.state(t).URL + "/", "--stripe-webhook-secret=" + kept(t, d.data, "webhook-secret"),
		"--events-token=" + kept(t, d.data, "api-token"), "--users", "60", "--accepted", keys,
	}
	out := simulateJSON(t, 0, args...)
	if !strings.Contains(out.Note, "that takes the database") || out.Outcome != nil || out.Settled != nil || out.Sending.NotSent != 0 || out.Sending.Accepted != out.Sending.Planned {
		t.Errorf("%+v", out)
	}
	d.mustHave(t, accepted(t, keys), out.Sending)
	for says, wrong := range map[string][]string{
		"400 wrong-signature": {"--stripe-webhook-secret", "whsec_another"},
		"401 unauthorized":    {"--events-token", "another", "--api-token=" + kept(t, d.data, "api-token")},
		"answers 401":         {"--api-token", "another"},
		"answers 404":         {"--api", d.state(t).URL + "/nowhere"},
		"can not be asked":    {"--api", "http://127.0.0.1:1"},
	} {
		code, text, errs := invoke(t, append(append([]string{"simulate", "--rate", "0"}, wrong...), args...)...)
		if code != exitFailed {
			t.Errorf("%v: it ended with %d: %s", wrong, code, text)
		}
		mustSay(t, text+errs, says)
	}
}

// mustHave looks for the events that were accepted under some keys: on the stream, and those that somebody reads in the
// database.
func (d *devProcess) mustHave(t *testing.T, keys []string, told simulate.Tally) {
	t.Helper()
	nc, err := stream.Connect(d.state(t).NATSURL, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != told.Accepted-told.Duplicates {
		t.Errorf("%d keys of %d events that were accepted, %d of them twice", len(keys), told.Accepted, told.Duplicates)
	}
	subjects := subjectsByID(t, js, stream.In)
	var read []string
	for _, key := range keys {
		switch subject := subjects[key]; {
		case subject == "":
			t.Errorf("%s is not on the stream", key)
		case !strings.HasPrefix(subject, unread):
			read = append(read, key)
		}
	}
	if len(read) == 0 || len(read) == len(keys) {
		t.Errorf("of %d events %d are read", len(keys), len(read))
	}
	testkit.Eventually(t, patience, func() (bool, string) { // nobody has waited for them yet
		got := query[int](t, d.state(t).DatabaseURL, "select count(*)::int from events where key = any($1)", read)
		return got[0] == len(read), fmt.Sprintf("%d of %d accepted events are recorded", got[0], len(read))
	})
}

// unread is what the subjects begin with of the events of a simulation that nobody reads.
const unread = "plusone.in.stripe.customer."

// simulateInterrupted has somebody who does not want to wait.
func (d *devProcess) simulateInterrupted(t *testing.T) {
	p := start(t, nil, "simulate", "--data", d.data, "--rate", "20")
	p.WaitLine(patience, " accepted (")
	p.Signal(os.Interrupt)
	if code := p.Wait(patience); code != exitFailed {
		t.Errorf("it ended with %d", code)
	}
	mustSay(t, p.Output(), "not sent", "plusone: interrupted: what came of it was not looked at")
}

func TestSimulateRefusesWhatItCannotForesee(t *testing.T) {
	dsn := newStreamAndDatabase(t).dsn
	ask := func(args ...string) string {
		code, _, errs := invoke(t, append([]string{
			"simulate", "--target", "http://127.0.0.1:1", "--stripe-webhook-secret", webhookSecret, "--events-token", eventsToken,
			"--database-url", dsn,
		}, args...)...)
		if code != exitFailed {
			t.Errorf("it ended with %d", code)
		}
		mustHideSecrets(t, errs)
		return errs
	}
	mustSay(t, ask("--give-up", "300ms"), "plusone takes none of these events: no answer")
	yaml := write(t, "p.yaml", "hold: 1h\nqualify: {within: 2d}\n")
	if code, _, errs := invoke(t, "program", "apply", "-f", yaml, "--database-url", dsn); code != 0 {
		t.Fatal(errs)
	}
	mustSay(t, ask("--for", "1h"), "can not be foreseen", "hold is 1h0m0s")
	mustSay(t, ask("--for", "72h"), "can not be foreseen", "qualify.within is 48h0m0s")
	execute(t, dsn, "update terms set effective_from = now() + interval '1 hour' where version = 2")
	mustSay(t, ask(), "version 2 of the program comes into force at")
}
