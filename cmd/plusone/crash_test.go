package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

func itoa(n int) string { return strconv.Itoa(n) }

// crowd is a business with many referrers, and what the test expects to come of what they and their friends do.
type crowd struct {
	messages []message
	keys     map[string]bool
	statuses map[string]string // of each referee's referral
	balances map[string]int
}

const (
	referrers = 60
	friends   = 8 // of each: below a code's maximum, so that everything is to be foreseen
)

// newCrowd registers the referrers, and makes up everything else: each friend signs up and pays; some pay too little,
// some are refunded. Every message is there twice, and in any order.
func newCrowd(d *deployment) *crowd {
	at := time.Now().Add(-time.Hour)
	c := &crowd{keys: map[string]bool{}, statuses: map[string]string{}, balances: map[string]int{}}
	for r := range referrers {
		m := signUp(fmt.Sprintf("referrer-%d", r), "", at)
		c.keys[m.key] = true
		d.mustSend(m)
	}
	for r := range referrers {
		referrer := fmt.Sprintf("referrer-%d", r)
		code := d.code(referrer)
		for f := range friends {
			c.befriend(referrer, code, fmt.Sprintf("friend-%d-%d", r, f), f, at)
		}
	}
	for _, m := range c.messages {
		c.keys[m.key] = true
	}
	c.messages = slices.Concat(c.messages, c.messages)
	rand.Shuffle(len(c.messages), func(i, j int) { c.messages[i], c.messages[j] = c.messages[j], c.messages[i] })
	return c
}

func (c *crowd) befriend(referrer, code, friend string, number int, at time.Time) {
	cents := int64(1000 + 100*number)
	if number == 0 {
		cents = 999
	}
	c.messages = append(c.messages, signUp(friend, code, at), paid(friend, cents, at.Add(time.Minute)), charged(friend, cents, at.Add(time.Minute)))
	switch number {
	case 0:
		c.statuses[friend] = "pending "
	case 1, 2:
		c.messages = append(c.messages, refunded(friend, cents, at.Add(time.Hour/2)))
		c.statuses[friend] = "cancelled refunded"
	default:
		c.statuses[friend] = "rewarded "
		c.balances[friend] += 1000
		c.balances[referrer] += 1000
	}
}

// slowly is how the workers of a crash work: in many small transactions, so that a kill is sure to hit one, and with
// short delays, so that an outage outlasts them all.
var slowly = []string{"--max-batch", "16", "--concurrency", "1", "--ack-wait", "1s"}

// TestCrashes kills everything that can be killed while a client goes on sending, and counts what is left: law 7.
func TestCrashes(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.worker(slowly...)
	d.worker(slowly...)
	c := newCrowd(d)
	s := newSender(t, d.business, c.messages)
	crashWorkers(d, s, len(c.keys))
	crashNATS(d, s)
	outage(d, s)
	crashAll(d, s)
	s.finish()
	if got := int(s.taken.Load()); got != len(c.messages) {
		t.Fatalf("%d of %d messages were taken", got, len(c.messages))
	}
	d.settled()
	c.mustBeAccountedFor(t, d)
	d.stop()
	t.Logf("%d messages, %d of them sent again", len(c.messages), s.retries.Load())
}

// crashWorkers lets a backlog grow while no worker is there, and kills workers, one or both, on their way through it.
func crashWorkers(d *deployment, s *sender, events int) {
	d.t.Helper()
	d.settled()
	for _, w := range d.workers {
		w.Kill()
	}
	d.workers = nil
	before := d.count("select count(*) from events")
	half := len(s.waiting) / 2
	s.release(half)
	s.reach(half)
	d.worker(slowly...)
	d.worker(slowly...)
	step := (events - before) / 12
	d.applied(before + step)
	d.replace(0, slowly...)
	d.applied(before + 2*step)
	d.replace(0, slowly...)
	d.applied(before + 3*step)
	d.replace(0, slowly...)
	d.replace(0, slowly...)
}

// crashNATS kills the stream under a sending client: the door says so, and takes on when it is back.
func crashNATS(d *deployment, s *sender) {
	d.t.Helper()
	taken := int(s.taken.Load())
	quarter := len(s.waiting) / 4
	s.release(quarter)
	s.reach(taken + quarter/4)
	d.nats.Kill()
	d.closed(signUp("nobody-in-particular", "", time.Now()))
	d.mustBeUnready(d.doors[0], `"stream"`)
	d.mustBeUnready(d.workers[0], `"stream"`)
	d.nats.Restart()
	s.reach(taken + quarter)
}

// outage kills PostgreSQL, and waits until it has been away for longer than any redelivery takes. The door takes on
// meanwhile. Nothing is given up, and nobody has to tell the workers that it is back.
func outage(d *deployment, s *sender) {
	d.t.Helper()
	taken := int(s.taken.Load())
	quarter := len(s.waiting) / 3
	d.postgres.Kill()
	s.release(quarter)
	s.reach(taken + quarter)
	for _, w := range d.workers {
		testkit.Eventually(d.t, patience, func() (bool, string) {
			return pausedFor(w.Output()) > 4*time.Second, "paused for " + pausedFor(w.Output()).String()
		})
	}
	d.mustBeUnready(d.workers[0], `"database"`)
	d.mustBeUnready(d.doors[1], `"database"`)
	d.postgres.Restart()
	for _, w := range d.workers {
		w.WaitLine(patience, "pulling goes on")
	}
	d.lawful()
}

// pausedFor is how long a worker says that it has waited for its database.
func pausedFor(log string) (longest time.Duration) {
	for line := range strings.Lines(log) {
		var entry struct {
			Msg    string
			Paused time.Duration
		}
		if strings.Contains(line, "not ready to pull") && json.Unmarshal([]byte(line), &entry) == nil {
			longest = max(longest, entry.Paused)
		}
	}
	return longest
}

// crashAll kills everything but the door and the API at once.
func crashAll(d *deployment, s *sender) {
	d.t.Helper()
	taken, rest := int(s.taken.Load()), len(s.waiting)
	s.release(rest)
	s.reach(taken + rest/4)
	d.nats.Kill()
	d.postgres.Kill()
	for _, w := range d.workers {
		w.Kill()
	}
	d.workers = nil
	d.worker(slowly...) // before what it needs is there
	d.worker(slowly...)
	d.nats.Restart()
	d.postgres.Restart()
}

// mustBeAccountedFor compares what there is with what the test knows it has sent.
func (c *crowd) mustBeAccountedFor(t *testing.T, d *deployment) {
	t.Helper()
	dsn := d.postgres.DSN()
	c.mustHaveEvents(t, dsn)
	statuses, balances := map[string]string{}, map[string]int{}
	for _, row := range query[[]string](t, dsn, `select array[u.external_id, r.status, coalesce(r.reason, '')]
		from referrals r join users u on u.id = r.referee_id`) {
		statuses[row[0]] = row[1] + " " + row[2]
	}
	for _, row := range query[[]string](t, dsn, `select array[u.external_id, b.minor::text]
		from balances b join users u on u.id = b.user_id where b.minor <> 0`) {
		balances[row[0]], _ = strconv.Atoi(row[1])
	}
	if diff := cmp.Diff(c.statuses, statuses); diff != "" {
		t.Errorf("the referrals are not what was sent (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(c.balances, balances); diff != "" {
		t.Errorf("the balances are not what was sent (-want +got):\n%s", diff)
	}
	granted := query[int](t, dsn, "select coalesce(max(n), 0)::int from (select count(*) as n from transfers where kind = 'granted' group by referral_id, leg) g")
	if granted[0] != 1 {
		t.Errorf("a reward was granted %d times", granted[0])
	}
	mustHaveTold(t, d)
	if code, out := finish(t, d.envOf("audit"), "audit"); code != 0 {
		t.Errorf("the audit ended with %d:\n%s", code, out)
	}
	if status, body := d.ask("/v1/users/referrer-0"); status != http.StatusOK || !strings.Contains(string(body), `"amount":"50.00"`) {
		t.Errorf("the API answers %d: %s", status, body)
	}
}

func (c *crowd) mustHaveEvents(t *testing.T, dsn string) {
	t.Helper()
	recorded := map[string]bool{}
	for _, key := range query[string](t, dsn, "select key from events") {
		recorded[key] = true
	}
	for key := range c.keys {
		if !recorded[key] {
			t.Errorf("%s was taken, and is lost", key)
		}
	}
}

// mustHaveTold holds the streams to laws 7 and 9: no dead letter, and every transition and transfer told.
func mustHaveTold(t *testing.T, d *deployment) {
	t.Helper()
	nc, err := stream.Connect(d.nats.URLOf("tools"), "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	dead, err := js.Stream(t.Context(), stream.Dead)
	if err != nil {
		t.Fatal(err)
	}
	if letters := dead.CachedInfo().State.Msgs; letters != 0 {
		t.Errorf("%d dead letters", letters)
	}
	told := subjectsByID(t, js, stream.Out)
	for _, id := range query[string](t, d.postgres.DSN(), `select format('transition-%s-%s', referral_id, n) from transitions
		union all select format('transfer-%s-%s', referral_id, n) from transfers`) {
		if told[id] == "" {
			t.Errorf("%s was not told", id)
		}
		delete(told, id)
	}
	if len(told) > 0 {
		t.Errorf("%d events tell of what is not so: %v", len(told), told)
	}
}
