package ingress

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/stream"
)

const (
	secret    = "whsec_first"
	oldSecret = "whsec_second"
	token     = "token-one"
)

// now is what the door's clock shows.
var now = time.Date(2026, 5, 1, 9, 30, 0, 0, time.UTC)

// published is one message the fake stream took.
type published struct {
	subject, id string
	header      map[string]string
	data        string
}

// fakeStream takes messages, drops those whose id it has seen, and fails when told to.
type fakeStream struct {
	mu    sync.Mutex
	msgs  []published
	ids   map[string]bool
	calls int
	fail  func(ctx context.Context, msgID string) error
}

func (s *fakeStream) Publish(ctx context.Context, subject, msgID string, header map[string]string, data []byte) error {
	s.mu.Lock()
	s.calls++
	fail := s.fail
	s.mu.Unlock()
	if fail != nil {
		if err := fail(ctx, msgID); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ids[msgID] {
		return nil
	}
	if s.ids == nil {
		s.ids = map[string]bool{}
	}
	s.ids[msgID] = true
	s.msgs = append(s.msgs, published{subject, msgID, maps.Clone(header), string(data)})
	return nil
}

// bench is a door with a fake stream behind it.
type bench struct {
	http.Handler
	stream *fakeStream
	reg    *prometheus.Registry
	log    *bytes.Buffer
}

func newBench(tb testing.TB, change func(*Config)) *bench {
	tb.Helper()
	cfg := Config{
		StripeSecrets: []string{oldSecret, secret}, StripeMode: ModeTest,
		EventTokens: []string{"token-zero", token}, Now: func() time.Time { return now },
	}
	if change != nil {
		change(&cfg)
	}
	b := &bench{stream: &fakeStream{}, reg: prometheus.NewRegistry(), log: &bytes.Buffer{}}
	log := slog.New(slog.NewJSONHandler(&lockedWriter{w: b.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h, err := New(cfg, b.stream, b.reg, log)
	if err != nil {
		tb.Fatal(err)
	}
	b.Handler = h
	return b
}

type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (b *bench) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

// counted is what the events metric says.
func (b *bench) counted(tb testing.TB) map[string]float64 {
	tb.Helper()
	families, err := b.reg.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "plusone_ingress_events_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if v := m.GetCounter().GetValue(); v != 0 {
				got[strings.TrimSpace(labels["source"]+" "+labels["result"]+" "+labels["reason"])] = v
			}
		}
	}
	return got
}

// wantRefused checks an answer against what every refusal must be: the status, the reason in the problem and in the
// metric, nothing published.
func (b *bench) wantRefused(t *testing.T, w *httptest.ResponseRecorder, source string, status int, reason string) problem.Problem {
	t.Helper()
	if w.Code != status || w.Header().Get("Content-Type") != problem.ContentType {
		t.Errorf("status %d, Content-Type %q: want a problem of status %d", w.Code, w.Header().Get("Content-Type"), status)
	}
	var p problem.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if p.Reason != reason || p.Status != status || p.Detail == "" || p.Type != "/problems/"+reason {
		t.Errorf("problem %+v, want reason %q", p, reason)
	}
	if got := b.counted(t); len(got) != 1 || got[source+" rejected "+reason] != 1 {
		t.Errorf("counted %v", got)
	}
	if len(b.stream.msgs) != 0 || (b.stream.fail == nil && b.stream.calls != 0) {
		t.Errorf("published %v", b.stream.msgs)
	}
	return p
}

// sign makes the header of a body signed at a time.
func sign(body, secret string, at time.Time) string {
	return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{
		Payload: []byte(body), Secret: secret, Timestamp: at,
	}).Header
}

func stripeRequest(body, signature string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/webhooks/stripe", strings.NewReader(body))
	if signature != "" {
		r.Header.Set("Stripe-Signature", signature)
	}
	return r
}

func eventRequest(contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v1/events", strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func signUp(id string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/accounts","type":"user.registered","time":"2026-05-01T09:30:00Z",`+
		`"data":{"user_id":"bob","email":"bob@example.com"}}`, id)
}

func TestNewRefusesBadConfigurations(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no secret":         func(c *Config) { c.StripeSecrets = nil },
		"empty secret":      func(c *Config) { c.StripeSecrets = []string{secret, ""} },
		"secret with blank": func(c *Config) { c.StripeSecrets = []string{secret + "\n"} },
		"empty token":       func(c *Config) { c.EventTokens = []string{""} },
		"no mode":           func(c *Config) { c.StripeMode = "" },
		"negative timeout":  func(c *Config) { c.PublishTimeout = -1 },
	} {
		cfg := Config{StripeSecrets: []string{secret}, StripeMode: ModeLive}
		change(&cfg)
		_, err := New(cfg, &fakeStream{}, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
		if err == nil {
			t.Errorf("%s was taken", name)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error repeats the secret: %v", name, err)
		}
	}
	reg := prometheus.NewRegistry()
	cfg := Config{StripeSecrets: []string{secret}, StripeMode: ModeLive}
	for i, wantErr := range []bool{false, true} {
		if _, err := New(cfg, &fakeStream{}, reg, slog.New(slog.DiscardHandler)); (err != nil) != wantErr {
			t.Errorf("ingress %d on one registry: %v", i+1, err)
		}
	}
}

func TestOtherPathsAndMethods(t *testing.T) {
	b := newBench(t, nil)
	if w := b.do(httptest.NewRequest("GET", "/", nil)); w.Code != 404 || w.Header().Get("Content-Type") != problem.ContentType {
		t.Errorf("status %d, Content-Type %q", w.Code, w.Header().Get("Content-Type"))
	}
	for path, source := range map[string]string{"/webhooks/stripe": "stripe", "/v1/events": "cloudevents"} {
		b := newBench(t, nil)
		w := b.do(httptest.NewRequest("PUT", path, nil))
		b.wantRefused(t, w, source, 405, "method-not-allowed")
		if w.Header().Get("Allow") != "POST" {
			t.Errorf("%s allows %q", path, w.Header().Get("Allow"))
		}
	}
}

func TestMetricsAreWellNamed(t *testing.T) {
	b := newBench(t, nil)
	b.do(stripeRequest("", ""))
	problems, err := testutil.GatherAndLint(b.reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// TestWhatAlertsLookAtIsThereBeforeItHappens, so that the first time is seen as an increase.
func TestWhatAlertsLookAtIsThereBeforeItHappens(t *testing.T) {
	b := newBench(t, nil)
	series := func() int {
		n, err := testutil.GatherAndCount(b.reg, "plusone_ingress_events_total", "plusone_ingress_request_duration_seconds")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := series()
	for _, at := range []time.Duration{0, -time.Hour, time.Hour} {
		b.do(stripeRequest("{}", sign("{}", cmp.Or(map[time.Duration]string{0: "whsec_another"}[at], secret), now.Add(at))))
	}
	b.do(httptest.NewRequest(http.MethodPost, "/v1/events", nil))
	b.stream.fail = func(context.Context, string) error { return stream.ErrUnavailable }
	b.do(eventRequest("application/cloudevents+json", signUp("1")))
	b.stream.fail = func(context.Context, string) error { return context.DeadlineExceeded }
	b.do(eventRequest("application/cloudevents+json", signUp("2")))
	want := map[string]float64{
		"stripe rejected wrong-signature": 1, "stripe rejected too-old": 1, "stripe rejected in-the-future": 1,
		"cloudevents rejected unauthorized": 1, "cloudevents unavailable stream-unavailable": 1, "cloudevents unavailable stream-timeout": 1,
	}
	if got := b.counted(t); !maps.Equal(got, want) {
		t.Errorf("counted %v, not %v", got, want)
	}
	if after := series(); before != 13 || after != before {
		t.Errorf("there were %d series, and then %d", before, after)
	}
}
