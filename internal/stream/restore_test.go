package stream

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// TestTheToolsBackUpAndRestore does what `nats stream backup` and `nats stream restore` do, as the user who is told to:
// what the server sends and is sent goes over subjects beside its API.
func TestTheToolsBackUpAndRestore(t *testing.T) {
	s := newSecured(t)
	s.makeStreams()
	publishes(t, s.as("worker"), "plusone.out.reward.granted", "plusone.out.referral.pending")
	tools := s.as("tools")
	config, state, chunks := backUp(t, tools, Out)
	js := jetStream(t, tools)
	if err := js.DeleteStream(t.Context(), Out); err != nil {
		t.Fatal(err)
	}
	restore(t, tools, Out, config, state, chunks)
	eventually(t, "the stream is back", func() bool {
		back, err := js.Stream(t.Context(), Out)
		return err == nil && back.CachedInfo().State.Msgs == 2
	})
	mustNotHaveBeenRefused(t, tools)
}

// backUp takes a stream as the server sends it, which wants each part acknowledged before it sends many more.
func backUp(t *testing.T, nc *nats.Conn, name string) (config, state json.RawMessage, chunks [][]byte) {
	t.Helper()
	inbox := nc.NewInbox()
	sub, err := nc.SubscribeSync(inbox)
	if err != nil {
		t.Fatal(err)
	}
	var begun struct{ Config, State json.RawMessage }
	call(t, nc, "$JS.API.STREAM.SNAPSHOT."+name, map[string]any{"deliver_subject": inbox, "chunk_size": 1024}, &begun)
	for {
		m, err := sub.NextMsg(10 * time.Second)
		if err != nil {
			t.Fatalf("after %d parts of the backup: %v", len(chunks), err)
		}
		if len(m.Data) == 0 {
			return begun.Config, begun.State, chunks
		}
		chunks = append(chunks, m.Data)
		if m.Reply == "" {
			continue // the rest, which is no whole part
		}
		if err := m.Respond(nil); err != nil {
			t.Fatal(err)
		}
	}
}

func restore(t *testing.T, nc *nats.Conn, name string, config, state json.RawMessage, chunks [][]byte) {
	t.Helper()
	var begun struct {
		Subject string `json:"deliver_subject"`
	}
	call(t, nc, "$JS.API.STREAM.RESTORE."+name, map[string]any{"config": config, "state": state}, &begun)
	for _, chunk := range append(chunks, nil) { // the last, without content, ends it
		if _, err := nc.Request(begun.Subject, chunk, 10*time.Second); err != nil {
			t.Fatalf("%s: %v (%v)", begun.Subject, err, nc.LastError())
		}
	}
}

// call asks JetStream's API, which must not answer with an error.
func call(t *testing.T, nc *nats.Conn, subject string, question, answer any) {
	t.Helper()
	body, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	m, err := nc.Request(subject, body, 10*time.Second)
	if err != nil {
		t.Fatalf("%s: %v", subject, err)
	}
	var refused struct {
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(m.Data, &refused); err != nil || refused.Error != nil {
		t.Fatalf("%s: %v, %v", subject, err, refused.Error)
	}
	if err := json.Unmarshal(m.Data, answer); err != nil {
		t.Fatal(err)
	}
}
