package decide

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/docs/events"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

var (
	now    = time.Date(2026, 5, 20, 14, 0, 0, 123_456_789, time.UTC)
	kept   = now.Truncate(time.Microsecond)
	before = now.Add(-time.Hour).Truncate(time.Microsecond)
)

// taken is a publisher that keeps what it was given, or fails.
type taken struct {
	err     error
	subject string
	key     string
	header  map[string]string
	data    []byte
	left    time.Duration // until its context ends
	calls   int
}

func (p *taken) Publish(ctx context.Context, subject, msgID string, header map[string]string, data []byte) error {
	p.calls++
	if at, ok := ctx.Deadline(); ok && ctx.Err() == nil {
		p.left = time.Until(at)
	}
	p.subject, p.key, p.header, p.data = subject, msgID, header, data
	return p.err
}

func newDesk(to Publisher, reg prometheus.Registerer) (*Desk, *bytes.Buffer) {
	log := &bytes.Buffer{}
	d := New(to, "/plusone/test", slog.New(slog.NewJSONHandler(log, nil)), NewMetrics(reg))
	d.now = func() time.Time { return now }
	return d, log
}

// decided is one of everything: how it is published, and the fact that the worker is to read.
type decided struct {
	typ     string
	publish func(ctx context.Context, d *Desk) (Published, error)
	want    fact.Event
	says    []string // in the log, beside the event's id and type
}

func all(at, want time.Time) []decided {
	decision := func(v fact.DecisionVerdict) fact.Decision {
		return fact.Decision{UserID: "bob", Code: "K7M2PQ9X", Verdict: v, By: "carol", Why: "a friend <&>", At: at}
	}
	review := func(v fact.DecisionVerdict) func(context.Context, *Desk) (Published, error) {
		return func(ctx context.Context, d *Desk) (Published, error) { return d.Decide(ctx, decision(v)) }
	}
	dated := func(v fact.DecisionVerdict) *fact.Decision { f := decision(v); f.At = want; return &f }
	why := []string{`"by":"carol"`, `"why":"a friend <&>"`}
	return []decided{
		{fact.ReferralReviewed, review(fact.Approved), fact.Event{Decision: dated(fact.Approved)}, append(why, `"verdict":"approved"`)},
		{fact.ReferralReviewed, review(fact.Rejected), fact.Event{Decision: dated(fact.Rejected)}, append(why, `"verdict":"rejected"`)},
		{fact.ReferralReopened, review(fact.Reopened), fact.Event{Decision: dated(fact.Reopened)}, why},
		{
			fact.ReferralAttributed, func(ctx context.Context, d *Desk) (Published, error) {
				return d.Attribute(ctx, fact.Attribution{UserID: "bob", Code: "k7m2pq9x", By: "carol", Why: "a friend <&>", At: at})
			},
			fact.Event{Attribution: &fact.Attribution{UserID: "bob", Code: "K7M2PQ9X", By: "carol", Why: "a friend <&>", At: want}}, why,
		},
		{
			fact.UserVerified, func(ctx context.Context, d *Desk) (Published, error) {
				return d.Verify(ctx, fact.Verified{UserID: "bob", At: at})
			}, fact.Event{Verified: &fact.Verified{UserID: "bob", At: want}}, nil,
		},
		{
			fact.UserErased, func(ctx context.Context, d *Desk) (Published, error) {
				return d.Erase(ctx, fact.Erased{UserID: "bob", At: at})
			}, fact.Event{Erased: &fact.Erased{UserID: "bob", At: want}}, nil,
		},
		{
			fact.CodeAssigned, func(ctx context.Context, d *Desk) (Published, error) {
				return d.Assign(ctx, fact.Assignment{UserID: "bob", Code: "spring-bob", Program: "vip", At: at})
			}, fact.Event{Assignment: &fact.Assignment{UserID: "bob", Code: "SPRING-BOB", Program: "vip", At: want}}, nil,
		},
		{
			fact.CodeAssigned, func(ctx context.Context, d *Desk) (Published, error) {
				return d.Assign(ctx, fact.Assignment{UserID: "bob", Code: "SPRING-BOB", At: at})
			}, fact.Event{Assignment: &fact.Assignment{UserID: "bob", Code: "SPRING-BOB", At: want}}, nil,
		},
	}
}

func TestWhatIsPublishedIsTheFact(t *testing.T) {
	for _, dates := range [][2]time.Time{{{}, kept}, {before, before}} {
		for _, c := range all(dates[0], dates[1]) {
			to, reg := &taken{}, prometheus.NewRegistry()
			d, log := newDesk(to, reg)
			hungUp, cancel := context.WithCancel(t.Context())
			cancel()
			p, err := c.publish(hungUp, d.With("referral", 7))
			if err != nil {
				t.Fatalf("%s: %v", c.typ, err)
			}
			if id, err := uuid.Parse(p.ID); err != nil || id.Version() != 7 {
				t.Errorf("%s: the id is %s, %v", c.typ, p.ID, err)
			}
			want := Published{ID: p.ID, Source: "/plusone/test", Type: c.typ, Subject: "plusone.in." + c.typ, At: kept, Text: to.data}
			if diff := cmp.Diff(want, p); diff != "" {
				t.Errorf("%s: %s", c.typ, diff)
			}
			got, err := fact.ParseCloudEvent(to.data)
			if err != nil {
				t.Fatalf("%s: %v\n%s", c.typ, err, to.data)
			}
			c.want.Key, c.want.Name, c.want.Type, c.want.At = to.key, p.ID, c.typ, kept
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: %s", c.typ, diff)
			}
			mustHold(t, c.typ, to.data)
			if to.subject != p.Subject || to.key != fact.MessageID(p.Source, p.ID) || to.header["Content-Type"] != "application/cloudevents+json" {
				t.Errorf("%s: published on %s as %s with %v", c.typ, to.subject, to.key, to.header)
			}
			if to.left <= 0 || to.left > patience {
				t.Errorf("%s: the stream has %s", c.typ, to.left)
			}
			for _, says := range append(c.says, p.ID, c.typ, `"referral":7`) {
				if !strings.Contains(log.String(), says) {
					t.Errorf("%s: the log does not say %s: %s", c.typ, says, log)
				}
			}
			if strings.Contains(log.String(), "bob") {
				t.Errorf("%s: the log says who it is about: %s", c.typ, log)
			}
			counted(t, reg, c.typ, resultPublished)
		}
	}
}

// mustHold holds what was published to its schema.
func mustHold(t *testing.T, typ string, data []byte) {
	t.Helper()
	schema, err := events.Compile(typ)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := events.Decode(data)
	if err == nil {
		err = schema.Validate(doc)
	}
	if err != nil {
		t.Errorf("%s: %v\n%s", typ, err, data)
	}
}

// counted checks that one decision of a type was counted, and no other.
func counted(t *testing.T, reg *prometheus.Registry, typ, result string) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range families[0].GetMetric() {
		labels := m.GetLabel()
		want := 0.0
		if labels[0].GetValue() == result && labels[1].GetValue() == typ {
			want = 1
		}
		if m.GetCounter().GetValue() != want {
			t.Errorf("%s %s: %v", typ, result, m)
		}
	}
	if n := len(families[0].GetMetric()); n != 18 {
		t.Errorf("%d series", n)
	}
}

func TestWhatCanNotBeReadIsRefused(t *testing.T) {
	good := fact.Attribution{UserID: "bob", Code: "K7M2PQ9X", By: "carol", Why: "a friend"}
	for why, spoil := range map[string]func(*fact.Attribution){
		"data.user_id is missing":                   func(f *fact.Attribution) { f.UserID = "" },
		"data.user_id is not UTF-8":                 func(f *fact.Attribution) { f.UserID = "bo\xff" },
		"data.user_id is longer than 255 char":      func(f *fact.Attribution) { f.UserID = strings.Repeat("é", 256) },
		"data.referral_code is missing":             func(f *fact.Attribution) { f.Code = "" },
		"data.referral_code must be 3 to 32 of":     func(f *fact.Attribution) { f.Code = "K7 M2" },
		"data.by is missing":                        func(f *fact.Attribution) { f.By = "" },
		"data.why must not contain control":         func(f *fact.Attribution) { f.Why = "a\nfriend" },
		"data.why is longer than 1000":              func(f *fact.Attribution) { f.Why = strings.Repeat("x", 1001) },
		"the message contains the character U+0000": func(f *fact.Attribution) { f.Why = "\x00" },
		"at is 2026-05-20T14:05:00Z, more than 5m":  func(f *fact.Attribution) { f.At = now.Add(fact.MaxAhead + time.Millisecond) },
		"data.at must be in the years 2000 to":      func(f *fact.Attribution) { f.At = now.AddDate(-100, 0, 0) },
	} {
		to, reg := &taken{}, prometheus.NewRegistry()
		d, log := newDesk(to, reg)
		f := good
		spoil(&f)
		_, err := d.Attribute(t.Context(), f)
		if got := Refused(err); !strings.HasPrefix(got, why) {
			t.Errorf("%q, want %q", got, why)
		}
		if to.calls != 0 || log.Len() != 0 {
			t.Errorf("%s: %d published, and the log says %s", why, to.calls, log)
		}
		counted(t, reg, fact.ReferralAttributed, resultRefused)
	}
	if d, _ := newDesk(&taken{}, nil); d != nil {
		if _, err := d.Decide(t.Context(), fact.Decision{UserID: "b", Code: "ABC", Verdict: "maybe", By: "c", Why: "d"}); Refused(err) == "" {
			t.Errorf("an unknown verdict: %v", err)
		}
	}
}

func TestTheStreamIsAway(t *testing.T) {
	to, reg := &taken{err: stream.ErrUnavailable}, prometheus.NewRegistry()
	d, log := newDesk(to, reg)
	p, err := d.Erase(t.Context(), fact.Erased{UserID: "bob"})
	if !errors.Is(err, stream.ErrUnavailable) || Refused(err) != "" || p.ID != "" {
		t.Errorf("%+v, %v", p, err)
	}
	if !strings.Contains(log.String(), `"level":"ERROR"`) || strings.Contains(log.String(), "bob") {
		t.Errorf("the log says %s", log)
	}
	counted(t, reg, fact.UserErased, resultUnavailable)
}

// TestEveryTextComesBack: what is decided is what the worker reads, whatever it is, or is refused.
func TestEveryTextComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) string {
			return rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"\xff", "\ufffd", "<&>", "\u2028", `\ud800`, "😀", " "})).Draw(t, label)
		}
		to := &taken{}
		d, _ := newDesk(to, nil)
		want := fact.Decision{UserID: text("user"), Code: "ABC", Verdict: fact.Rejected, By: text("by"), Why: text("why"), At: kept}
		if _, err := d.Decide(context.Background(), want); Refused(err) != "" {
			return
		}
		got, err := fact.ParseCloudEvent(to.data)
		if err != nil || *got.Decision != want {
			t.Fatalf("%+v, %v", got.Decision, err)
		}
	})
}

// TestThroughARealStream has a real server acknowledge one of everything, and reads it as a worker does.
func TestThroughARealStream(t *testing.T) {
	nc, err := stream.Connect(testkit.NATS(t), "decide", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err == nil {
		err = stream.Ensure(t.Context(), js, stream.Config{Replicas: 1})
	}
	if err != nil {
		t.Fatal(err)
	}
	pub, err := stream.NewPublisher(nc, stream.PublisherOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d, _ := newDesk(pub, nil)
	var want, got []string
	for _, c := range all(time.Time{}, kept) {
		p, err := c.publish(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, p.Subject+" "+p.ID)
	}
	in, err := js.Stream(t.Context(), stream.In)
	if err != nil {
		t.Fatal(err)
	}
	for seq := range want {
		m, err := in.GetMsg(t.Context(), uint64(seq+1))
		if err != nil {
			t.Fatal(err)
		}
		e, err := fact.ParseCloudEvent(m.Data)
		if err != nil || m.Header.Get("Nats-Msg-Id") != e.Key {
			t.Errorf("%s as %s: %v", m.Data, m.Header, err)
		}
		got = append(got, m.Subject+" "+e.Name)
	}
	if !slices.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestMetricsAreWellNamed(t *testing.T) {
	reg := prometheus.NewRegistry()
	NewMetrics(reg)
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}
