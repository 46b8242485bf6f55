package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// threeServers are NATS servers in this process that keep streams together; clients connect to the first.
func threeServers(t *testing.T) (address string) {
	t.Helper()
	var routes []*url.URL // each knows of all, itself included: so they know that they are three
	for range 3 {
		routes = append(routes, &url.URL{Scheme: "nats", Host: testkit.FreeAddr(t)})
	}
	for i, own := range routes {
		opts := &server.Options{
			ServerName: fmt.Sprintf("n%d", i), Host: "127.0.0.1", Port: server.RANDOM_PORT, MaxPayload: 2 << 20, JetStream: true, StoreDir: t.TempDir(),
			NoLog: true, NoSigs: true, Cluster: server.ClusterOpts{Name: "three", Host: "127.0.0.1"}, Routes: routes,
		}
		if _, err := fmt.Sscan(own.Port(), &opts.Cluster.Port); err != nil {
			t.Fatal(err)
		}
		s, err := server.NewServer(opts)
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		if !s.ReadyForConnections(patience) {
			t.Fatal("a NATS server did not start")
		}
		if address == "" {
			address = "nats://" + s.Addr().String()
		}
	}
	return address
}

// relying starts the roles that publish, told what to rely on.
func relying(t *testing.T, on, nats string) []*testkit.Process {
	t.Helper()
	env := []string{
		"NATS_URL=" + nats, "DATABASE_URL=" + testkit.Database(t), "STRIPE_WEBHOOK_SECRET=" + webhookSecret, "PLUSONE_HASH_KEY=" + hashKey,
		"PLUSONE_EVENTS_TOKEN=" + eventsToken, "PLUSONE_LISTEN=127.0.0.1:0", "PLUSONE_ADMIN=127.0.0.1:0", "PLUSONE_DURABILITY=" + on,
	}
	return []*testkit.Process{start(t, env, "ingress"), start(t, env, "worker")}
}

// get is a page for operators.
func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	client := http.Client{Timeout: 20 * time.Second}
	defer client.CloseIdleConnections()
	res, err := client.Get(url)
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

// TestReplicasMustBeThere: a role that is to rely on three servers is not ready while there is one, and says why.
func TestReplicasMustBeThere(t *testing.T) {
	for _, role := range relying(t, onReplicas, testkit.NATS(t)) {
		testkit.Eventually(t, patience, func() (bool, string) {
			status, body := get(t, listensAt(role, "admin")+"/readyz")
			return status == http.StatusServiceUnavailable && strings.Contains(body, `"failed":["replicas"]`), fmt.Sprint(status, " ", body)
		})
		mustSay(t, role.WaitLine(patience, "is kept by 1 server"), `"check":"replicas"`, "PLUSONE_DURABILITY", "PLUSONE_IN", "plusone streams --stream-replicas 3")
	}
}

// TestReplicasAreThere has three servers, and roles that were told to rely on them. The streams are asked for while the servers
// have no leader yet, and answer nobody.
func TestReplicasAreThere(t *testing.T) {
	nats := threeServers(t)
	if code, out, errs := invoke(t, "streams", "--nats-url", nats, "--stream-replicas", "3", "--wait", "50s"); code != 0 {
		t.Fatalf("plusone streams ended with %d and %q: %s", code, out, errs)
	}
	for _, role := range relying(t, onReplicas, nats) {
		role.WaitHealthy(patience, listensAt(role, "admin")+"/readyz")
	}
}

// TestGroupsAreForTheDisk: where every acknowledgement waits for a flush, messages share one; where none does, they do not
// wait for each other.
func TestGroupsAreForTheDisk(t *testing.T) {
	events := make([]string, 100)
	for i := range events {
		events[i] = string(signUp(fmt.Sprintf("user%d", i), "", time.Now()).body)
	}
	for on, grouped := range map[string]bool{onDisk: true, inProcess: false} {
		roles := relying(t, on, testkit.NATSProcess(t).URL())
		door := roles[0]
		door.WaitHealthy(patience, listensAt(door, "admin")+"/readyz")
		b := newBusiness(t, listensAt(door, "ingress"), "")
		if status, answer := b.sendBatch(events); status != http.StatusAccepted {
			t.Fatalf("%s: the door answers %d: %s", on, status, answer)
		}
		_, metrics := get(t, listensAt(door, "admin")+"/metrics")
		if none := strings.Contains(metrics, "plusone_publish_group_messages_count 0\n"); none == grouped {
			t.Errorf("%s: it has published no groups: %v", on, none)
		}
	}
}

// sendBatch sends events in one request.
func (b *business) sendBatch(events []string) (status int, answer string) {
	req, err := http.NewRequest(http.MethodPost, b.door+"/v1/events", strings.NewReader("["+strings.Join(events, ",")+"]"))
	if err != nil {
		return 0, err.Error()
	}
	req.Header.Set("Content-Type", "application/cloudevents-batch+json")
	req.Header.Set("Authorization", "Bearer "+b.token)
	res, err := b.client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

// TestDevSyncsUnlessToldOtherwise: its server is its own to configure.
func TestDevSyncsUnlessToldOtherwise(t *testing.T) {
	for on, syncs := range map[string]bool{onDisk: true, inProcess: false} {
		d := &dev{cmd: &devCommand{durabilityFlags: durabilityFlags{on}}}
		if d.natsConfig().SyncAlways != syncs {
			t.Errorf("%s: the embedded server syncs: %v", on, !syncs)
		}
	}
}
