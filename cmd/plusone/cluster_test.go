package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// cluster is two ingresses and two workers on three NATS servers that keep every stream three times.
type cluster struct {
	*deployment

	servers []*testkit.NATSServer
	js      jetstream.JetStream
	targets []string
}

func deployCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{
		deployment: &deployment{t: t, postgres: testkit.PostgresProcess(t, migrate)}, servers: testkit.NATSCluster(t),
	}
	c.env = []string{
		"STRIPE_WEBHOOK_SECRET=" + webhookSecret, "PLUSONE_EVENTS_TOKEN=" + eventsToken, "PLUSONE_HASH_KEY=" + hashKey,
		"NATS_URL=" + testkit.URLs(c.servers), "PLUSONE_STREAM_REPLICAS=3", "PLUSONE_DURABILITY=replicas",
		"PLUSONE_STRIPE_MODE=test", "PLUSONE_ADMIN=127.0.0.1:0", "PLUSONE_LISTEN=127.0.0.1:0",
	}
	c.logins = logins(t, c.postgres)
	for range 2 {
		c.doors = append(c.doors, c.role("ingress"))
		c.worker("--ack-wait", "2s") // what the dead leader had handed out comes again after that
	}
	for _, door := range c.doors {
		c.targets = append(c.targets, listensAt(door, "ingress"))
		door.WaitHealthy(patience, listensAt(door, "admin")+"/readyz")
	}
	for _, w := range c.workers {
		w.WaitHealthy(patience, listensAt(w, "admin")+"/readyz")
	}
	nc, err := stream.Connect(testkit.URLs(c.servers), "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if c.js, err = jetstream.New(nc); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestACluster kills the server that leads the stream while a simulation goes on, then an ingress, and starts the
// server again later. Whatever was answered 200 is accounted for, and everything comes out as foreseen.
func TestACluster(t *testing.T) {
	t.Parallel()
	c := deployCluster(t)
	keys := filepath.Join(t.TempDir(), "accepted")
	told := start(t, c.envOf("simulate"), "simulate", "--target", strings.Join(c.targets, ","), "--users", "500", "--rate", "250",
		"--refunds", "0.3", "--duplicates", "0.1", "--shuffle", "0.2", "--accepted", keys, "--json")
	c.accepted(keys, 400)
	leader := c.leader("")
	leader.Kill()
	c.accepted(keys, 800)
	c.doors[0].Kill() // the other is asked from now on
	c.doors = c.doors[1:]
	c.accepted(keys, 1200)
	c.leader(leader.Name()) // another one
	leader.Restart()
	if code := told.Wait(2 * patience); code != 0 {
		t.Fatalf("the simulation ended with %d", code)
	}
	c.mustBeForeseen(told.Output())
	c.mustAccountFor(accepted(t, keys))
	c.inStep()
	c.lawful()
	c.stop()
}

// accepted are the keys of the events that were accepted so far.
func accepted(t testing.TB, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text[:bytes.LastIndexByte(text, '\n')+1])) // the last line may be in the making
}

// accepted waits until so many are.
func (c *cluster) accepted(file string, events int) {
	c.t.Helper()
	testkit.Eventually(c.t, patience, func() (bool, string) {
		n := len(accepted(c.t, file))
		return n >= events, fmt.Sprintf("%d of %d events are accepted", n, events)
	})
}

// info asks a stream about itself.
func (c *cluster) info(name string) (*jetstream.StreamInfo, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Second)
	defer cancel()
	s, err := c.js.Stream(ctx, name)
	if err != nil {
		return nil, err
	}
	return s.CachedInfo(), nil
}

// leader waits until a server leads the stream of what comes in, other than one that does no more.
func (c *cluster) leader(other string) (found *testkit.NATSServer) {
	c.t.Helper()
	testkit.Eventually(c.t, patience, func() (bool, string) {
		info, err := c.info(stream.In)
		if err != nil {
			return false, err.Error()
		}
		for _, s := range c.servers {
			if s.Name() == info.Cluster.Leader && s.Name() != other {
				found = s
			}
		}
		return found != nil, fmt.Sprintf("%q leads", info.Cluster.Leader)
	})
	return found
}

// inStep waits until all three servers have all there is of every stream.
func (c *cluster) inStep() {
	c.t.Helper()
	for _, name := range []string{stream.In, stream.Out, stream.Dead} {
		testkit.Eventually(c.t, patience, func() (bool, string) {
			info, err := c.info(name)
			if err != nil {
				return false, err.Error()
			}
			current := 0
			for _, peer := range info.Cluster.Replicas {
				if peer.Current && !peer.Offline && peer.Lag == 0 {
					current++
				}
			}
			return info.Config.Replicas == 3 && current == 2, fmt.Sprintf("%s: %+v", name, info.Cluster)
		})
	}
}

// mustBeForeseen looks at what the simulation says of itself.
func (c *cluster) mustBeForeseen(output string) {
	c.t.Helper()
	var out simulatedJSON
	if err := json.Unmarshal([]byte(output[strings.Index(output, "\n{")+1:]), &out); err != nil {
		c.t.Fatalf("%v: %s", err, output)
	}
	if !out.Held || out.Sending.Accepted != out.Sending.Planned || out.Outcome.People != 500 || out.Sending.SentAgain["no answer"] == 0 {
		c.t.Errorf("%+v", out)
	}
	c.t.Logf("%d events, sent again: %v, latency %+v, settled after at most %.2f s",
		out.Sending.Planned, out.Sending.SentAgain, out.Sending.Latency, out.Settled.Seconds)
}

// mustAccountFor looks for every event that was accepted: law 7. On the stream are all of them, and nothing else; those of
// them that somebody reads are recorded. None was unfit, so none may be a dead letter.
func (c *cluster) mustAccountFor(keys []string) {
	c.t.Helper()
	onStream := subjectsByID(c.t, c.js, stream.In)
	lost, passed, read := 0, 0, map[string]bool{}
	for _, key := range keys {
		subject, ok := onStream[key]
		switch {
		case !ok:
			lost++
			c.t.Errorf("%s was accepted, and is not on the stream", key)
		case strings.HasPrefix(subject, unread):
			passed++
		default:
			read[key] = true
		}
	}
	if len(read) < 1000 || passed < 100 {
		c.t.Errorf("only %d events were accepted that somebody reads, and %d that nobody does", len(read), passed)
	}
	if strangers := len(onStream) - (len(keys) - lost); strangers != 0 {
		c.t.Errorf("%d events are on the stream that nobody was told are accepted", strangers)
	}
	for _, key := range query[string](c.t, c.postgres.DSN(), "select key from events") {
		if !read[key] {
			c.t.Errorf("%s is recorded, and it was not accepted, or nobody reads it", key)
		}
		delete(read, key)
	}
	for key := range read {
		c.t.Errorf("%s was accepted, and is not recorded", key)
	}
	if info, err := c.info(stream.Dead); err != nil || info.State.Msgs != 0 {
		c.t.Errorf("dead letters: %+v, %v", info, err)
	}
}
