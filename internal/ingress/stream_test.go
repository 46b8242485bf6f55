package ingress

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/plusone-dev/plusone/internal/fact"
)

// realStream is the shortest way to a real JetStream.
type realStream struct{ js jetstream.JetStream }

func (s realStream) Publish(ctx context.Context, subject, msgID string, header map[string]string, data []byte) error {
	m := nats.NewMsg(subject)
	m.Data = data
	for name, value := range header {
		m.Header.Set(name, value)
	}
	_, err := s.js.PublishMsg(ctx, m, jetstream.WithMsgID(msgID))
	return err
}

// startNATS runs a server on a folder, so that it can be stopped and started again with what it had.
func startNATS(t *testing.T, dir string, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, MaxPayload: 2 << 20, NoSigs: true, NoLog: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server did not start")
	}
	return s
}

func stopNATS(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// TestThroughARealStream goes the whole way: over HTTP, into a stream on disk, and out again.
func TestThroughARealStream(t *testing.T) {
	dir := t.TempDir()
	ns := startNATS(t, dir, server.RANDOM_PORT)
	defer func() { stopNATS(ns) }()
	nc, err := nats.Connect(ns.ClientURL(), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond), nats.ReconnectBufSize(-1))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	config := jetstream.StreamConfig{
		Name: "PLUSONE_IN", Subjects: []string{"plusone.in.>"}, Discard: jetstream.DiscardNew, MaxMsgs: 3, MaxMsgSize: 3 << 19,
	}
	stream, err := js.CreateStream(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(Config{
		StripeSecrets: []string{secret}, StripeMode: ModeTest, EventTokens: []string{token}, PublishTimeout: 300 * time.Millisecond,
	}, realStream{js}, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(h)
	defer web.Close()
	webhook := func(body string) *http.Request {
		return stripeRequest(body, sign(body, secret, time.Now()))
	}
	send := func(want int, r *http.Request) {
		t.Helper()
		if status := sendTo(t, web.URL, r); status != want {
			t.Fatalf("status %d, want %d", status, want)
		}
	}

	const nasty = "/accounts?a=1&b=[2]"
	large := charge + strings.Repeat(" ", maxBody-len(charge))
	large = strings.Replace(large, "evt_1", "evt_2", 1)
	for range 2 { // everything twice: the second time changes nothing
		send(200, webhook(charge))
		send(200, webhook(large))
		send(202, eventRequest(structuredJSON, strings.Replace(signUp("1:1"), "/accounts", nasty, 1)))
	}
	wantMessage(t, stream, 1, "plusone.in.stripe.charge.refunded", "stripe::evt_1", charge)
	wantMessage(t, stream, 2, "plusone.in.stripe.charge.refunded", "stripe::evt_2", large)
	wantMessage(t, stream, 3, "plusone.in.user.registered", fact.MessageID(nasty, "1:1"),
		strings.Replace(canonicalSignUp("1:1"), "/accounts", nasty, 1))

	other := strings.Replace(charge, "evt_1", "evt_3", 1)
	send(503, webhook(other)) // the stream is full
	port := ns.Addr().(*net.TCPAddr).Port
	stopNATS(ns)
	send(503, webhook(other)) // the server is gone
	ns = startNATS(t, dir, port)
	config.MaxMsgs = 4
	deadline := time.Now().Add(10 * time.Second)
	for {
		if stream, err = js.UpdateStream(t.Context(), config); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	send(200, webhook(other))
	send(200, webhook(charge)) // a copy, also to a server that was restarted between
	wantMessage(t, stream, 4, "plusone.in.stripe.charge.refunded", "stripe::evt_3", other)
	if info, err := stream.Info(t.Context()); err != nil || info.State.Msgs != 4 {
		t.Errorf("%+v, %v", info.State, err)
	}
}

func sendTo(t *testing.T, url string, r *http.Request) int {
	t.Helper()
	out, err := http.NewRequestWithContext(t.Context(), r.Method, url+r.URL.Path, r.Body)
	if err != nil {
		t.Fatal(err)
	}
	out.Header = r.Header
	res, err := http.DefaultClient.Do(out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

func wantMessage(t *testing.T, s jetstream.Stream, seq uint64, subject, id, data string) {
	t.Helper()
	m, err := s.GetMsg(t.Context(), seq)
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != subject || m.Header.Get("Nats-Msg-Id") != id {
		t.Errorf("message %d is %s on %s, want %s on %s", seq, m.Header.Get("Nats-Msg-Id"), m.Subject, id, subject)
	}
	if !bytes.Equal(m.Data, []byte(data)) {
		t.Errorf("message %d is not what was sent: %d bytes, sent %d", seq, len(m.Data), len(data))
	}
}
