package main

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/stream"
)

// TestStripeModes has a door and a worker of each mode, and gives them what is of both.
func TestStripeModes(t *testing.T) {
	for mode, customer := range map[string]string{"live": "cus_alice", "test": "test:cus_alice"} {
		t.Run(mode, func(t *testing.T) {
			s := newStreamAndDatabase(t)
			s.mode = mode
			door := start(t, nil, "ingress", "--nats-url", s.url, "--stripe-mode", mode, "--stripe-webhook-secret", webhookSecret,
				"--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
			b := newBusiness(t, listensAt(door, "ingress"), "")
			at := time.Now().Add(-time.Hour)
			ours, others := paid("bob", 1000, at), paid("eve", 1000, at)
			live := map[string]*message{"live": &ours, "test": &others}[mode]
			live.body = bytes.Replace(live.body, []byte(`"livemode":false`), []byte(`"livemode":true`), 1)
			for _, m := range []message{others, ours} {
				if status, answer := b.send(m); status != http.StatusOK {
					t.Errorf("%s is answered %d: %s", m.key, status, answer)
				}
			}
			in, err := s.js.Stream(t.Context(), stream.In)
			if err != nil {
				t.Fatal(err)
			}
			first, err := in.GetMsg(t.Context(), 1)
			if n := in.CachedInfo().State.Msgs; err != nil || n != 1 || !bytes.Equal(first.Data, ours.body) {
				t.Errorf("%d events on the stream, %v", n, err)
			}
			s.published = 1

			alice := signUp("alice", "", at)
			alice.body = bytes.Replace(alice.body, []byte(`"user_id":`), []byte(`"stripe_customer_id":"cus_alice","user_id":`), 1)
			s.work(1, alice)
			if got := query[string](t, s.dsn, "select key from customers"); len(got) != 1 || got[0] != customer {
				t.Errorf("customers %q, want %s", got, customer)
			}
		})
	}
}
