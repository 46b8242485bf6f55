package ingress

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/fact"
)

const charge = `{"id":"evt_1","object":"event","type":"charge.refunded","created":1777627800,"livemode":false,` +
	`"data":{"object":{"id":"ch_1","receipt_email":"bob@example.com"}}}`

func TestStripeEventIsPublishedAsItCame(t *testing.T) {
	odd := strings.Replace(charge, `"livemode":false`, `"livemode" : false, "new_field":  1.50`, 1) + "\n"
	tests := []struct{ name, body, secret, subject, id string }{
		{"plain", charge, secret, "plusone.in.stripe.charge.refunded", "stripe::evt_1"},
		{"signed with the other secret", charge, oldSecret, "plusone.in.stripe.charge.refunded", "stripe::evt_1"},
		{"byte for byte", odd, secret, "plusone.in.stripe.charge.refunded", "stripe::evt_1"},
		{
			"of a connected account", strings.Replace(charge, `"id"`, `"account":"acct_7","id"`, 1), secret,
			"plusone.in.stripe.charge.refunded", "stripe:acct_7:evt_1",
		},
		{
			"of a type nobody knows", strings.Replace(charge, "charge.refunded", "treasury.outbound_payment.posted", 1), secret,
			"plusone.in.stripe.treasury.outbound_payment.posted", "stripe::evt_1",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			w := b.do(stripeRequest(tt.body, sign(tt.body, tt.secret, now)))
			if w.Code != http.StatusOK {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			want := []published{{tt.subject, tt.id, map[string]string{"Content-Type": "application/json"}, tt.body}}
			if diff := cmp.Diff(want, b.stream.msgs, cmp.AllowUnexported(published{})); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(map[string]float64{"stripe accepted": 1}, b.counted(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStripeSignatures(t *testing.T) {
	good := sign(charge, secret, now)
	hexOf := func(header string) string { _, sum, _ := strings.Cut(header, "v1="); return sum }
	unix := now.Unix()
	tests := []struct {
		name, header, reason string // without a reason it passes
	}{
		{"none", "", "no-signature"},
		{"no time", "v1=" + hexOf(good), "bad-signature-header"},
		{"no signature", fmt.Sprintf("t=%d", unix), "bad-signature-header"},
		{"only the test scheme", fmt.Sprintf("t=%d,v0=%s", unix, hexOf(good)), "bad-signature-header"},
		{"time is a word", "t=now,v1=" + hexOf(good), "bad-signature-header"},
		{"not pairs", "nonsense", "bad-signature-header"},
		{"pair of three", good + ",v1=a=b", "bad-signature-header"},
		{"not hex", fmt.Sprintf("t=%d,v1=xyz", unix), "bad-signature-header"},
		{"two times", fmt.Sprintf("t=%d,%s", unix-3600, good), "bad-signature-header"},
		{"two times, the good one first", good + fmt.Sprintf(",t=%d", unix-3600), "bad-signature-header"},
		{"other secret", sign(charge, "whsec_third", now), "wrong-signature"},
		{"other body", sign(charge+" ", secret, now), "wrong-signature"},
		{"other time", fmt.Sprintf("t=%d,v1=%s", unix+1, hexOf(good)), "wrong-signature"},
		{"cut short", good[:len(good)-2], "wrong-signature"},
		{"wrong and old", sign(charge, "whsec_third", now.Add(-time.Hour)), "wrong-signature"},
		{"old", sign(charge, secret, now.Add(-301*time.Second)), "too-old"},
		{"very old", sign(charge, secret, time.Unix(-1<<60, 0)), "too-old"},
		{"in the future", sign(charge, secret, now.Add(301*time.Second)), "in-the-future"},
		{"far in the future", sign(charge, secret, time.Unix(1<<60, 0)), "in-the-future"},
		{"just in time", sign(charge, secret, now.Add(-300*time.Second)), ""},
		{"a little early", sign(charge, secret, now.Add(300*time.Second)), ""},
		{"several, one of them right", fmt.Sprintf("t=%d,v1=%064d,v1=%s,v0=1", unix, 0, hexOf(good)), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			w := b.do(stripeRequest(charge, tt.header))
			if tt.reason != "" {
				b.wantRefused(t, w, "stripe", 400, tt.reason)
			} else if w.Code != 200 || len(b.stream.msgs) != 1 {
				t.Errorf("status %d: %s", w.Code, w.Body)
			}
		})
	}
	t.Run("two headers", func(t *testing.T) {
		b := newBench(t, nil)
		r := stripeRequest(charge, good)
		r.Header.Add("Stripe-Signature", good)
		b.wantRefused(t, b.do(r), "stripe", 400, "bad-signature-header")
	})
}

// badStripe is what nobody at Stripe should sign, but did.
var badStripe = []struct {
	name, old, new string
	status         int
	reason         string
}{
	{"not JSON", charge, "hello", 400, "not-json"},
	{"nothing", charge, "", 400, "not-json"},
	{"text after it", charge, charge + "x", 400, "not-json"},
	{"an array", charge, "[" + charge + "]", 400, "not-an-event"},
	{"a string", charge, `"event"`, 400, "not-an-event"},
	{"another object", `"object":"event"`, `"object":"charge"`, 400, "not-an-event"},
	{"no object", `"object":"event",`, ``, 400, "not-an-event"},
	{"thin by its object", `"object":"event"`, `"object":"v2.core.event"`, 400, "thin-event"},
	{"thin by its time", `1777627800`, `"2026-05-01T09:30:00.000Z"`, 400, "thin-event"},
	{"no id", `"id":"evt_1",`, ``, 400, "no-id"},
	{"empty id", `evt_1`, ``, 400, "no-id"},
	{"number as id", `"evt_1"`, `1`, 400, "no-id"},
	{"colon in the id", `evt_1`, `evt:1`, 400, "bad-id"},
	{"line break in the id", `evt_1`, `evt\r\nX: 1`, 400, "bad-id"},
	{"long id", `evt_1`, strings.Repeat("x", 256), 400, "bad-id"},
	{"no type", `"type":"charge.refunded",`, ``, 400, "bad-type"},
	{"wildcard in the type", `charge.refunded`, `charge.>`, 400, "bad-type"},
	{"star in the type", `charge.refunded`, `*`, 400, "bad-type"},
	{"empty token in the type", `charge.refunded`, `charge..refunded`, 400, "bad-type"},
	{"dot at the end of the type", `charge.refunded`, `charge.`, 400, "bad-type"},
	{"blank in the type", `charge.refunded`, `charge refunded`, 400, "bad-type"},
	{"line break at the end of the type", `charge.refunded`, `charge\n`, 400, "bad-type"},
	{"upper case in the type", `charge.refunded`, `Charge`, 400, "bad-type"},
	{"long type", `charge.refunded`, strings.Repeat("x", 201), 400, "bad-type"},
	{"account is an object", `"livemode"`, `"account":{},"livemode"`, 400, "bad-account"},
	{"colon in the account", `"livemode"`, `"account":"a:b","livemode"`, 400, "bad-account"},
	{"livemode is a string", `false`, `"false"`, 400, "bad-livemode"},
	{"no data", `"data"`, `"date"`, 400, "no-data"},
	{"data without object", `"data":{"object"`, `"data":{"objects"`, 400, "no-data"},
	{"data.object is a list", `{"id":"ch_1","receipt_email":"bob@example.com"}`, `[]`, 400, "no-data"},
	{"not UTF-8", `ch_1`, "ch_\xff", 400, "not-json"},
	{"nested half a million deep", `"ch_1"`, strings.Repeat("[", 500_000) + strings.Repeat("]", 500_000), 400, "not-json"},
	{"not created", `"created":1777627800,`, ``, 400, "bad-created"},
	{"created with a fraction", `1777627800`, `1777627800.5`, 400, "bad-created"},
	{"created in milliseconds", `1777627800`, `1777627800000`, 400, "bad-created"},
	{"too large", `"ch_1"`, `"` + strings.Repeat("x", maxBody) + `"`, 413, "body-too-large"},
}

func TestBadStripeEvents(t *testing.T) {
	for _, tt := range badStripe {
		t.Run(tt.name, func(t *testing.T) {
			body := strings.Replace(charge, tt.old, tt.new, 1)
			if body == charge {
				t.Fatal("nothing was replaced")
			}
			b := newBench(t, nil)
			w := b.do(stripeRequest(body, sign(body, secret, now)))
			b.wantRefused(t, w, "stripe", tt.status, tt.reason)
			for _, leak := range []string{"bob@example.com", secret, "v1="} {
				if strings.Contains(b.log.String()+w.Body.String(), leak) {
					t.Errorf("%q is in the log or the answer", leak)
				}
			}
		})
	}
}

// FuzzStripeDoorAgreesWithWorker lets in exactly the events whose envelope the worker can read, and says the same of the
// others.
func FuzzStripeDoorAgreesWithWorker(f *testing.F) {
	f.Add([]byte(charge))
	for _, tt := range badStripe {
		if tt.status == http.StatusBadRequest {
			f.Add([]byte(strings.Replace(charge, tt.old, tt.new, 1)))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		ev, err := readStripeEvent(body)
		read, workerErr := fact.ParseStripe(body)
		var rule fact.Rule
		if bad, ok := errors.AsType[*fact.MalformedError](workerErr); ok {
			rule = bad.Rule
		}
		if ref, refused := errors.AsType[*refusal](err); refused {
			if ref.reason != string(rule) || ref.detail == "" {
				t.Fatalf("door: %s, %q; worker: %v", ref.reason, ref.detail, workerErr)
			}
			return
		}
		if err != nil || rule != "" {
			t.Fatalf("door: %v; worker: %v", err, workerErr)
		}
		if read.Key != "" && (read.Key != ev.Key || read.Name != ev.ID || read.Type != ev.Type) {
			t.Fatalf("the door calls it %+v, the worker %+v", ev, read)
		}
	})
}

func TestStripeEventOfExactlyTheCap(t *testing.T) {
	b := newBench(t, nil)
	body := charge + strings.Repeat(" ", maxBody-len(charge))
	if w := b.do(stripeRequest(body, sign(body, secret, now))); w.Code != 200 {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func TestStripeMode(t *testing.T) {
	live := strings.Replace(charge, "false", "true", 1)
	silent := strings.Replace(charge, `"livemode":false,`, "", 1)
	for _, tt := range []struct {
		mode, body string
		published  int
	}{
		{ModeTest, charge, 1}, {ModeTest, live, 0}, {ModeTest, silent, 1}, // as Stripe's libraries read it: absent is false
		{ModeLive, charge, 0}, {ModeLive, live, 1}, {ModeLive, silent, 0},
	} {
		b := newBench(t, func(c *Config) { c.StripeMode = tt.mode })
		w := b.do(stripeRequest(tt.body, sign(tt.body, secret, now)))
		if w.Code != 200 || len(b.stream.msgs) != tt.published {
			t.Errorf("mode %s: status %d, published %v", tt.mode, w.Code, b.stream.msgs)
		}
		want := map[string]float64{"stripe accepted": 1}
		if tt.published == 0 {
			want = map[string]float64{"stripe dropped other-mode": 1}
		}
		if diff := cmp.Diff(want, b.counted(t)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestStripeIsToldToComeBackWhenTheStreamFails(t *testing.T) {
	b := newBench(t, nil)
	b.stream.fail = func(context.Context, string) error { return errors.New("full") }
	w := b.do(stripeRequest(charge, sign(charge, secret, now)))
	if w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("status %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	if diff := cmp.Diff(map[string]float64{"stripe unavailable stream-unavailable": 1}, b.counted(t)); diff != "" {
		t.Error(diff)
	}
	b.stream.fail = nil
	if w := b.do(stripeRequest(charge, sign(charge, secret, now))); w.Code != 200 || len(b.stream.msgs) != 1 {
		t.Errorf("the second time: status %d", w.Code)
	}
}

func TestStreamThatNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.stream.fail = func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
		begin := time.Now()
		w := b.do(stripeRequest(charge, sign(charge, secret, now)))
		if took := time.Since(begin); w.Code != 503 || took != 5*time.Second {
			t.Errorf("status %d after %s", w.Code, took)
		}
		if got := b.counted(t); got["stripe unavailable stream-timeout"] != 1 {
			t.Errorf("counted %v", got)
		}
	})
}

func TestCallerWhoHangsUpStopsNothing(t *testing.T) {
	b := newBench(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	b.stream.fail = func(ctx context.Context, _ string) error { cancel(); return ctx.Err() }
	b.do(stripeRequest(charge, sign(charge, secret, now)).WithContext(ctx))
	if len(b.stream.msgs) != 1 {
		t.Error("the event was lost on its way")
	}
}

func TestAThousandTimesTheSame(t *testing.T) {
	b := newBench(t, nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 250 {
				if w := b.do(stripeRequest(charge, sign(charge, secret, now))); w.Code != 200 {
					t.Errorf("status %d", w.Code)
				}
				if w := b.do(stripeRequest(charge, sign(charge, "whsec_third", now))); w.Code != 400 {
					t.Errorf("status %d", w.Code)
				}
				if w := b.do(eventRequest("application/cloudevents+json", signUp("1"))); w.Code != 202 {
					t.Errorf("status %d", w.Code)
				}
				if w := b.do(eventRequest("application/cloudevents+json", signUp(""))); w.Code != 400 {
					t.Errorf("status %d", w.Code)
				}
			}
		})
	}
	wg.Wait()
	if len(b.stream.msgs) != 2 || b.stream.calls != 2000 {
		t.Errorf("%d messages after %d publishes", len(b.stream.msgs), b.stream.calls)
	}
	want := map[string]float64{
		"stripe accepted": 1000, "stripe rejected wrong-signature": 1000,
		"cloudevents accepted": 1000, "cloudevents rejected invalid-event": 1000,
	}
	if diff := cmp.Diff(want, b.counted(t)); diff != "" {
		t.Error(diff)
	}
}

// FuzzStripeSignature lets nothing in that an independent reading of the header does not vouch for.
func FuzzStripeSignature(f *testing.F) {
	f.Add(sign(charge, secret, now), charge)
	f.Add(sign(charge, oldSecret, now.Add(-time.Hour)), charge)
	f.Add(sign("x", "whsec_third", now), "x")
	f.Add("t=1,v1=00,t=2", "{}")
	f.Add("t=+1777627800,v1=,v1==", "")
	d := &stripeDoor{secrets: []string{oldSecret, secret}, now: func() time.Time { return now }}
	f.Fuzz(func(t *testing.T, header, body string) {
		passed := d.verify([]string{header}, []byte(body)) == nil
		if passed && !vouched(header, body) {
			t.Errorf("header %q let in body %q", header, body)
		}
		if own := sign(body, secret, now); d.verify([]string{own}, []byte(body)) != nil {
			t.Errorf("a good signature of %q was refused", body)
		}
	})
}

func vouched(header, body string) bool {
	for offset := -300; offset <= 300; offset++ {
		at := now.Add(time.Duration(offset) * time.Second).Unix()
		for _, s := range []string{secret, oldSecret} {
			mac := hmac.New(sha256.New, []byte(s))
			_, _ = fmt.Fprintf(mac, "%d.%s", at, body)
			if strings.Contains(strings.ToLower(header), hex.EncodeToString(mac.Sum(nil))) {
				return true
			}
		}
	}
	return false
}
