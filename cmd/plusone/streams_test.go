package main

import (
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// TestTheReplicasReachTheStream: one server can not keep three, and the role that was told so says it.
func TestTheReplicasReachTheStream(t *testing.T) {
	env := []string{
		"NATS_URL=" + testkit.NATS(t), "STRIPE_WEBHOOK_SECRET=" + webhookSecret,
		"PLUSONE_LISTEN=127.0.0.1:0", "PLUSONE_ADMIN=127.0.0.1:0",
	}
	told := start(t, env, "ingress", "--stream-replicas", "3")
	mustSay(t, told.WaitLine(patience, "the streams can not be made yet"), "PLUSONE_IN", "replicas > 1")
	told.Kill()
	untold := start(t, env, "ingress")
	untold.WaitLine(patience, "a stream was made")
	untold.Kill()
}

// TestStreamsAreMadeByThoseWhoMay has the command refused, obeyed, and told of something else.
func TestStreamsAreMadeByThoseWhoMay(t *testing.T) {
	server := testkit.NATSProcessWithAccounts(t, "../../deploy/nats/accounts.conf", natsPassword)
	streams := func(user string, more ...string) (code int, out, errs string) {
		t.Helper()
		url := "nats://127.0.0.1:1," + server.URLOf(user) // the first of the cluster is away
		code, out, errs = invoke(t, append([]string{"streams", "--nats-url", url}, more...)...)
		mustHideSecrets(t, out+errs)
		return code, out, errs
	}
	code, out, errs := streams("worker")
	if code != exitFailed || out != "" {
		t.Errorf("the worker's user ended with %d and %q", code, out)
	}
	mustSay(t, errs, "PLUSONE_IN: NATS does not allow it to this user: run `plusone streams` as the user tools", "STREAM.CREATE.PLUSONE_IN")
	if code, out, errs = streams("tools", "--nats-inbox", "_INBOX_worker"); code != exitFailed || out != "" {
		t.Errorf("with another's inboxes it ended with %d and %q", code, out)
	}
	mustSay(t, errs, "NATS does not allow it", `Subscription to "_INBOX_worker.`)
	if code, out, errs = streams("tools"); code != 0 || out != "made PLUSONE_IN\nmade PLUSONE_OUT\nmade PLUSONE_DEAD\n" {
		t.Errorf("the tools' user ended with %d and %q: %s", code, out, errs)
	}
	if code, out, errs = streams("worker"); code != 0 || out != "the streams are as they should be\n" {
		t.Errorf("with nothing to do the worker's user ended with %d and %q: %s", code, out, errs)
	}
	code, _, errs = streams("tools", "--stream-replicas", "3", "--wait", "10ms")
	if code != exitFailed {
		t.Errorf("three replicas on one server ended with %d", code)
	}
	mustSay(t, errs, "not within 10ms", "Replicas: 1 → 3")
	code, _, errs = invoke(t, "streams", "--nats-url", "nats://worker:guessed-nobody-may-see@"+server.Addr())
	if code != exitFailed {
		t.Errorf("with a wrong password it ended with %d", code)
	}
	mustSay(t, errs, "Authorization Violation")
	mustHideSecrets(t, errs)
}

// TestStreamsTakeGroups: the command makes them so, and mends one that does not.
func TestStreamsTakeGroups(t *testing.T) {
	url := testkit.NATS(t)
	nc, err := stream.Connect(url, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{"made PLUSONE_IN\nmade PLUSONE_OUT\nmade PLUSONE_DEAD\n", "changed PLUSONE_IN: AllowAtomicPublish: false → true\n"} {
		if code, out, errs := invoke(t, "streams", "--nats-url", url); code != 0 || out != says {
			t.Errorf("it ended with %d and %q: %s", code, out, errs)
		}
		for _, name := range []string{stream.Out, stream.In} {
			s, err := js.Stream(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			config := s.CachedInfo().Config
			if !config.AllowAtomicPublish {
				t.Errorf("%s takes no groups", name)
			}
			if config.AllowAtomicPublish = false; name == stream.In { // somebody changes it
				if _, err := js.UpdateStream(t.Context(), config); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestTheWrongUserIsTold: a worker that is the ingress says what it may not do, and where to look.
func TestTheWrongUserIsTold(t *testing.T) {
	server := testkit.NATSProcessWithAccounts(t, "../../deploy/nats/accounts.conf", natsPassword)
	if code, _, errs := invoke(t, "streams", "--nats-url", server.URLOf("tools")); code != 0 {
		t.Fatal(errs)
	}
	p := start(t, nil, "worker", "--nats-url", server.URLOf("ingress"), "--database-url", testkit.As(t, testkit.Database(t), "plusone_worker"),
		"--hash-key", hashKey, "--admin", "127.0.0.1:0")
	mustSay(t, p.WaitLine(patience, "pulling broke off"), "is it the user of this role?", "docs/security.md", "CONSUMER.INFO.PLUSONE_IN.worker")
	mustHideSecrets(t, p.Output())
}

// TestNATSTakesItsConfiguration has nats-server read what operators are given.
func TestNATSTakesItsConfiguration(t *testing.T) {
	env := []string{"PLUSONE_NATS_NAME=nats-1", "PLUSONE_NATS_STORE=" + t.TempDir(), "PLUSONE_NATS_MONITOR=127.0.0.1:8222"}
	testkit.CheckNATSConfig(t, "../../deploy/nats/nats.conf",
		append(env, "PLUSONE_NATS_ROUTES=[nats://route:secret@nats-1:6222, nats://route:secret@nats-2:6222]")...)
	testkit.CheckNATSConfig(t, "../../deploy/nats/single.conf", append(env, "PLUSONE_NATS_LISTEN=127.0.0.1:4222")...)
}

// subjectsByID are the messages of a stream: the subject of each, under its id. No id is there twice.
func subjectsByID(t testing.TB, js jetstream.JetStream, name string) map[string]string {
	t.Helper()
	of, err := js.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	all, err := of.OrderedConsumer(t.Context(), jetstream.OrderedConsumerConfig{HeadersOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	total := int(of.CachedInfo().State.Msgs)
	batch, err := all.Fetch(total, jetstream.FetchMaxWait(patience))
	if err != nil {
		t.Fatal(err)
	}
	subjects := make(map[string]string, total)
	for m := range batch.Messages() {
		subjects[m.Headers().Get(jetstream.MsgIDHeader)] = m.Subject()
	}
	if batch.Error() != nil || len(subjects) != total {
		t.Errorf("%s: %d ids on %d messages, %v", name, len(subjects), total, batch.Error())
	}
	return subjects
}
