package main

import (
	"testing"

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
