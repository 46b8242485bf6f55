package ingress

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/problem"
)

const (
	structuredJSON = "application/cloudevents+json"
	batchJSON      = "application/cloudevents-batch+json"
)

// canonicalSignUp is signUp as it is published.
func canonicalSignUp(id string) string {
	return fmt.Sprintf(`{"data":{"email":"bob@example.com","user_id":"bob"},"id":%q,"source":"/accounts","specversion":"1.0",`+
		`"time":"2026-05-01T09:30:00Z","type":"user.registered"}`, id)
}

func signUpMessage(id, data string) published {
	return published{
		"plusone.in.user.registered", fact.MessageID("/accounts", id), map[string]string{"Content-Type": structuredJSON}, data,
	}
}

func binaryRequest(body string, headers map[string]string) *http.Request {
	r := eventRequest("application/json", body)
	for name, value := range map[string]string{
		"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/accounts", "ce-type": "user.registered", "ce-time": "2026-05-01T09:30:00Z",
	} {
		r.Header.Set(name, value)
	}
	for name, value := range headers {
		if r.Header.Set(name, value); value == "" {
			r.Header.Del(name)
		}
	}
	return r
}

func TestEventsInEveryMode(t *testing.T) {
	const data = `{"user_id":"bob","email":"bob@example.com"}`
	binaryJSON := strings.Replace(canonicalSignUp("1"), `"id"`, `"datacontenttype":"application/json","id"`, 1)
	twice := strings.Replace(signUp("1"), `"data":{`, `"data":{"a":1,"a":2,`, 1)
	number := strings.Replace(signUp("1"), `"data":{`, `"data":{"big":12345678901234567890.10,"html":"<&>",`, 1)
	tests := []struct {
		name string
		give *http.Request
		want []published
	}{
		{"structured", eventRequest(structuredJSON, signUp("1")), []published{signUpMessage("1", canonicalSignUp("1"))}},
		{
			"structured, with a charset", eventRequest("Application/CloudEvents+JSON; charset=utf-8", signUp("1")),
			[]published{signUpMessage("1", canonicalSignUp("1"))},
		},
		{"a member twice that is not read is there once", eventRequest(structuredJSON, twice), []published{signUpMessage("1",
			strings.Replace(canonicalSignUp("1"), `"email"`, `"a":2,"email"`, 1))}},
		{"numbers and text stand as they are", eventRequest(structuredJSON, number), []published{signUpMessage("1",
			strings.Replace(strings.Replace(canonicalSignUp("1"), `"email"`, `"big":12345678901234567890.10,"email"`, 1),
				`"user_id"`, `"html":"<&>","user_id"`, 1))}},
		{"binary", binaryRequest(data, nil), []published{signUpMessage("1", binaryJSON)}},
		{
			"binary, with an extension and no content type",
			binaryRequest(data, map[string]string{"Content-Type": "", "ce-traceparent": "00-1"}),
			[]published{signUpMessage("1", strings.Replace(canonicalSignUp("1"), `"type"`, `"traceparent":"00-1","type"`, 1))},
		},
		{"batch", eventRequest(batchJSON, "["+signUp("1")+","+signUp("2")+"]"), []published{
			signUpMessage("1", canonicalSignUp("1")), signUpMessage("2", canonicalSignUp("2")),
		}},
		{"batch with one event twice", eventRequest(batchJSON, "["+signUp("1")+","+signUp("1")+"]"), []published{
			signUpMessage("1", canonicalSignUp("1")),
		}},
		{"empty batch", eventRequest(batchJSON, "[]"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			w := b.do(tt.give)
			if w.Code != http.StatusAccepted {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			slices.SortFunc(b.stream.msgs, func(a, b published) int { return strings.Compare(a.id, b.id) })
			if diff := cmp.Diff(tt.want, b.stream.msgs, cmp.AllowUnexported(published{})); diff != "" {
				t.Error(diff)
			}
			var got struct{ Accepted int }
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Accepted != b.stream.calls {
				t.Errorf("it says %s after %d publishes", w.Body, b.stream.calls)
			}
			if n := b.counted(t)["cloudevents accepted"]; n != float64(b.stream.calls) {
				t.Errorf("counted %v", n)
			}
			if strings.Contains(b.log.String(), "bob@example.com") {
				t.Errorf("an e-mail address is in the log: %s", b.log)
			}
		})
	}
}

func TestWhatElseIsSaidOfUsersGetsIn(t *testing.T) {
	for _, typ := range userTypes {
		b := newBench(t, nil)
		if w := b.do(eventRequest(structuredJSON, strings.Replace(signUp("1"), "user.registered", typ, 1))); w.Code != http.StatusAccepted {
			t.Fatalf("%s: status %d: %s", typ, w.Code, w.Body)
		}
		m := b.stream.msgs[0]
		e, err := fact.ParseCloudEvent([]byte(m.data))
		if err != nil || e.Type != typ || m.subject != "plusone.in."+typ || m.id != e.Key {
			t.Errorf("%s: %+v is %+v, %v", typ, m, e, err)
		}
		if !strings.Contains(b.log.String(), "plusone.in."+typ) {
			t.Errorf("%s: the log says %s", typ, b.log)
		}
	}
}

func TestEventsAsTheSDKSendsThem(t *testing.T) {
	e := event.New()
	e.SetID("1")
	e.SetSource("https://example.com/accounts")
	e.SetType("user.registered")
	e.SetTime(now)
	if err := e.SetData("application/json", map[string]string{"user_id": "bob"}); err != nil {
		t.Fatal(err)
	}
	write := map[string]func(context.Context) context.Context{
		"structured": binding.WithForceStructured, "binary": binding.WithForceBinary,
	}
	for name, mode := range write {
		b := newBench(t, nil)
		r := eventRequest("", "")
		if err := cehttp.WriteRequest(mode(t.Context()), binding.ToMessage(&e), r); err != nil {
			t.Fatal(err)
		}
		if w := b.do(r); w.Code != http.StatusAccepted || len(b.stream.msgs) != 1 {
			t.Errorf("%s: status %d: %s", name, w.Code, w.Body)
		}
	}
	b := newBench(t, nil)
	r, err := cehttp.NewHTTPRequestFromEvents(t.Context(), "http://plusone/v1/events", []event.Event{e, e})
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if w := b.do(r); w.Code != http.StatusAccepted || b.stream.calls != 2 {
		t.Errorf("batch: status %d: %s", w.Code, w.Body)
	}
}

func TestEventsNeedAToken(t *testing.T) {
	for name, header := range map[string]string{"none": "", "wrong": "Bearer token-two", "other scheme": "Basic " + token} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			r := eventRequest(structuredJSON, signUp("1"))
			if r.Header.Set("Authorization", header); header == "" {
				r.Header.Del("Authorization")
			}
			w := b.do(r)
			b.wantRefused(t, w, "cloudevents", 401, "unauthorized")
			if !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("WWW-Authenticate is %q", w.Header().Get("WWW-Authenticate"))
			}
			if strings.Contains(b.log.String()+w.Body.String(), "token-") {
				t.Error("a token is in the log or the answer")
			}
		})
	}
	b := newBench(t, func(c *Config) { c.EventTokens = nil })
	p := b.wantRefused(t, b.do(eventRequest(structuredJSON, signUp("1"))), "cloudevents", 401, "unauthorized")
	if !strings.Contains(p.Detail, "no token is configured") {
		t.Errorf("detail %q", p.Detail)
	}
}

func TestRequestsThatAreNoCloudEvents(t *testing.T) {
	many := "[" + strings.Repeat("{},", maxBatch) + "{}]"
	twice := binaryRequest("{}", nil)
	twice.Header.Add("Ce-Id", "2")
	tests := []struct {
		name   string
		give   *http.Request
		status int
		reason string
	}{
		{"plain JSON", eventRequest("application/json", signUp("1")), 415, "not-a-cloudevent"},
		{"no content type", eventRequest("", signUp("1")), 415, "not-a-cloudevent"},
		{"XML", eventRequest("application/cloudevents+xml", signUp("1")), 415, "not-a-cloudevent"},
		{"binary without a version", binaryRequest("{}", map[string]string{"ce-specversion": ""}), 415, "not-a-cloudevent"},
		{"binary of an unknown version", binaryRequest("{}", map[string]string{"ce-specversion": "2.0"}), 415, "not-a-cloudevent"},
		{"structured, not JSON", eventRequest(structuredJSON, "hello"), 400, "not-json"},
		{"structured, nothing", eventRequest(structuredJSON, ""), 400, "not-json"},
		{"structured, text after it", eventRequest(structuredJSON, signUp("1")+signUp("2")), 400, "not-json"},
		{"structured, not UTF-8", eventRequest(structuredJSON, signUp("\xff")), 400, "not-json"},
		{"batch, not JSON", eventRequest(batchJSON, "["+signUp("1")), 400, "not-json"},
		{"batch of one without brackets", eventRequest(batchJSON, signUp("1")), 400, "not-a-batch"},
		{"batch of too many", eventRequest(batchJSON, many), 413, "batch-too-large"},
		{"binary, not JSON", binaryRequest("hello", nil), 400, "not-json"},
		{"binary, a header that is only the prefix", binaryRequest("{}", map[string]string{"ce-": "x"}), 400, "bad-event-header"},
		{"binary, a header with a dash", binaryRequest("{}", map[string]string{"ce-my-own": "x"}), 400, "bad-event-header"},
		{"binary, data in a header", binaryRequest("{}", map[string]string{"ce-data": "x"}), 400, "bad-event-header"},
		{"binary, a header that is not UTF-8", binaryRequest(`{"user_id":"bob"}`, map[string]string{"ce-subject": "bo\xff"}), 400, "bad-event-header"},
		{"binary, half a surrogate pair in UTF-8", binaryRequest("{}", map[string]string{"ce-id": "\xed\xa0\x80"}), 400, "bad-event-header"},
		{"binary, a content type that is not UTF-8", binaryRequest(`{"user_id":"bob"}`, map[string]string{"Content-Type": "application/json; x=\xff"}), 400, "invalid-event"},
		{"binary, data that is not UTF-8", binaryRequest("{\"user_id\":\"bo\xff\"}", nil), 400, "not-json"},
		{"binary, text after the data", binaryRequest(`{"user_id":"bob"} {}`, nil), 400, "not-json"},
		{"binary, data that closes more than it opens", binaryRequest(`{"user_id":"bob"}}`, nil), 400, "not-json"},
		{"batch that is null", eventRequest(batchJSON, "null"), 400, "not-a-batch"},
		{"batch, not UTF-8", eventRequest(batchJSON, "["+signUp("1")+",\"\xff\"]"), 400, "not-json"},
		{"binary, a header twice", twice, 400, "bad-event-header"},
		{"too large", eventRequest(structuredJSON, strings.Repeat(" ", maxBody)+"{}"), 413, "body-too-large"},
		{"another type", eventRequest(structuredJSON, strings.Replace(signUp("1"), "registered", "moved", 1)), 400, "unsupported-type"},
		{"another branch", eventRequest(structuredJSON, strings.Replace(signUp("1"), "user.registered", "stripe.charge.refunded", 1)), 400, "unsupported-type"},
		{"a visit", eventRequest(structuredJSON, strings.Replace(signUp("1"), "user.registered", "link.visited", 1)), 400, "unsupported-type"},
		{"a review", eventRequest(structuredJSON, strings.Replace(signUp("1"), "user.registered", "referral.reviewed", 1)), 403, "decision"},
		{"a review, in binary", binaryRequest("{}", map[string]string{"ce-type": "referral.reviewed"}), 403, "decision"},
		{"a reopening", eventRequest(structuredJSON, strings.Replace(signUp("1"), "user.registered", "referral.reopened", 1)), 403, "decision"},
		{"an attribution", eventRequest(structuredJSON, strings.Replace(signUp("1"), "user.registered", "referral.attributed", 1)), 403, "decision"},
		{"a code", eventRequest(structuredJSON, strings.Replace(signUp("1"), "user.registered", "code.assigned", 1)), 403, "decision"},
		{"a sign-up and a code in a batch", eventRequest(batchJSON, "["+signUp("1")+","+
			strings.Replace(signUp("2"), "user.registered", "code.assigned", 1)+"]"), 403, "decision"},
		{"an event too large", eventRequest(structuredJSON, strings.Replace(signUp("1"), `"data":{`,
			`"data":{"x":"`+strings.Repeat("x", fact.MaxCloudEvent)+`",`, 1)), 413, "event-too-large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			b.wantRefused(t, b.do(tt.give), "cloudevents", tt.status, tt.reason)
		})
	}
}

func TestInvalidEventsAreExplained(t *testing.T) {
	const when = `"time":"2026-05-01T09:30:00Z"`
	tests := []struct {
		name, old, new string
		want           []problem.Error
	}{
		{"nothing is right", signUp("1"), `{}`, []problem.Error{
			{Pointer: "", Detail: "either time or data.registered_at is required"},
			{Pointer: "/data", Detail: "is required"},
			{Pointer: "/id", Detail: "is required"},
			{Pointer: "/source", Detail: "is required"},
			{Pointer: "/specversion", Detail: "is required"},
			{Pointer: "/type", Detail: "is required"},
		}},
		{"a list", signUp("1"), `[]`, []problem.Error{{Pointer: "", Detail: "must be object, and is array"}}},
		{"version", `"1.0"`, `"0.3"`, []problem.Error{{Pointer: "/specversion", Detail: `must be "1.0"`}}},
		{"empty type", `"user.registered"`, `""`, []problem.Error{{Pointer: "/type", Detail: "must be one of user.registered, user.verified, user.erased"}}},
		{"id", `"id":"1"`, `"id":" "`, []problem.Error{{Pointer: "/id", Detail: places["/id"]}}},
		{"source", `/accounts`, `my shop`, []problem.Error{{Pointer: "/source", Detail: places["/source"]}}},
		{"time", `T09:30:00Z`, ``, []problem.Error{{Pointer: "/time", Detail: places["/time"]}}},
		{"no time", when + `,`, ``, []problem.Error{{Pointer: "", Detail: "either time or data.registered_at is required"}}},
		{"empty subject", when, when + `,"subject":""`, []problem.Error{{Pointer: "/subject", Detail: "must not be empty"}}},
		{"content type", when, when + `,"datacontenttype":"text/xml"`, []problem.Error{{Pointer: "/datacontenttype", Detail: places["/datacontenttype"]}}},
		{"base64", when, when + `,"data_base64":"e30="`, []problem.Error{{Pointer: "/data_base64", Detail: places["/data_base64"]}}},
		{"data", `{"user_id":"bob","email":"bob@example.com"}`, `"bob"`, []problem.Error{{Pointer: "/data", Detail: "must be object, and is string"}}},
		{"no user", `"user_id":"bob",`, ``, []problem.Error{{Pointer: "/data/user_id", Detail: "is required"}}},
		{"empty user", `"bob"`, `""`, []problem.Error{{Pointer: "/data/user_id", Detail: "must not be empty"}}},
		{"user is a number", `"bob"`, `7`, []problem.Error{{Pointer: "/data/user_id", Detail: "must be string, and is number"}}},
		{"long user", `"bob"`, `"` + strings.Repeat("x", 256) + `"`, []problem.Error{{Pointer: "/data/user_id", Detail: "must not be longer than 255 characters"}}},
		{"control character", `"bob"`, `"b\u0007b"`, []problem.Error{{Pointer: "/data/user_id", Detail: "must not contain control characters"}}},
		{"NUL", `"bob"`, `"b\u0000b"`, []problem.Error{{Pointer: "/data/user_id", Detail: "must not contain control characters"}}},
		{"NUL in what is not read", `"user_id"`, `"a/b":["\u0000"],"user_id"`, []problem.Error{{Pointer: "/data/a~1b/0", Detail: "must not contain control characters"}}},
		{"NUL in a name", `"user_id"`, `"\u0000":1,"user_id"`, []problem.Error{{Pointer: "", Detail: "a member has a name that contains U+0000"}}},
		{"email", `bob@example.com`, `bob`, []problem.Error{{Pointer: "/data/email", Detail: places["/data/email"]}}},
		{"verified", `"user_id"`, `"email_verified":"yes","user_id"`, []problem.Error{{Pointer: "/data/email_verified", Detail: "must be null or boolean, and is string"}}},
		{"long code", `"user_id"`, `"referral_code":"` + strings.Repeat("x", 65) + `","user_id"`, []problem.Error{{Pointer: "/data/referral_code", Detail: "must not be longer than 64 characters"}}},
		{"customer", `"user_id"`, `"stripe_customer_id":"acct_1","user_id"`, []problem.Error{{Pointer: "/data/stripe_customer_id", Detail: places["/data/stripe_customer_id"]}}},
		{"program and code", `"user_id"`, `"program":"VIP","code":"BO","user_id"`, []problem.Error{
			{Pointer: "/data/code", Detail: "must be 3 to 32 of A to Z, 0 to 9, - and _"},
			{Pointer: "/data/program", Detail: "must be the name of a program: 1 to 40 of a to z, 0 to 9, - and _"},
		}},
		{"a verification without a time", `"type":"user.registered",` + when, `"type":"user.verified"`, []problem.Error{
			{Pointer: "", Detail: "either time or data.verified_at is required"},
		}},
		{"an erasure with half a time", `user.registered"` + `,` + when + `,"data":{`, `user.erased"` + `,` + when + `,"data":{"erased_at":"2026-05-01",`, []problem.Error{
			{Pointer: "/data/erased_at", Detail: places["/data/erased_at"]},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := strings.Replace(signUp("1"), tt.old, tt.new, 1)
			b := newBench(t, nil)
			p := b.wantRefused(t, b.do(eventRequest(structuredJSON, body)), "cloudevents", 400, "invalid-event")
			if diff := cmp.Diff(tt.want, p.Errors); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(b.log.String(), "bob") {
				t.Errorf("the log says %s", b.log)
			}
		})
	}
}

func TestBinaryEventsAreHeldToTheSchema(t *testing.T) {
	for name, give := range map[string]*http.Request{
		"/specversion":     binaryRequest(`{"user_id":"bob"}`, map[string]string{"ce-specversion": "0.3"}),
		"/id":              binaryRequest(`{"user_id":"bob"}`, map[string]string{"ce-id": ""}),
		"/time":            binaryRequest(`{"user_id":"bob"}`, map[string]string{"ce-time": "yesterday"}),
		"/data":            binaryRequest("", nil),
		"/data/user_id":    binaryRequest("{}", nil),
		"/datacontenttype": binaryRequest(`{"user_id":"bob"}`, map[string]string{"Content-Type": "text/plain"}),
	} {
		b := newBench(t, nil)
		p := b.wantRefused(t, b.do(give), "cloudevents", 400, "invalid-event")
		if len(p.Errors) != 1 || p.Errors[0].Pointer != name {
			t.Errorf("%s: %v", name, p.Errors)
		}
	}
}

func TestBatchIsRefusedWhole(t *testing.T) {
	b := newBench(t, nil)
	bad := strings.Replace(signUp("3"), `"bob"`, `7`, 1)
	p := b.wantRefused(t, b.do(eventRequest(batchJSON, "["+signUp("1")+","+signUp("2")+","+bad+"]")),
		"cloudevents", 400, "invalid-event")
	want := []problem.Error{{Pointer: "/2/data/user_id", Detail: "must be string, and is number"}}
	if diff := cmp.Diff(want, p.Errors); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(p.Detail, "event 2 of the batch") {
		t.Errorf("detail %q", p.Detail)
	}
	other := strings.Replace(signUp("1"), "user.registered", "order.paid", 1)
	b = newBench(t, nil)
	p = b.wantRefused(t, b.do(eventRequest(batchJSON, "["+other+"]")), "cloudevents", 400, "unsupported-type")
	if !strings.HasPrefix(p.Detail, "event 0 of the batch") {
		t.Errorf("detail %q", p.Detail)
	}
}

func fullBatch() string {
	events := make([]string, maxBatch)
	for i := range events {
		events[i] = signUp(fmt.Sprint(i))
	}
	return "[" + strings.Join(events, ",") + "]"
}

func TestBatchThatTheStreamHalfTakesIsSentAgain(t *testing.T) {
	b := newBench(t, nil)
	var n atomic.Int32
	b.stream.fail = func(context.Context, string) error {
		if n.Add(1) > 500 {
			return errors.New("full")
		}
		return nil
	}
	w := b.do(eventRequest(batchJSON, fullBatch()))
	if w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("status %d", w.Code)
	}
	if b.stream.calls > 500+publishedAtOnce+1 { // those on their way, and one that waited for its turn
		t.Errorf("%d publishes: it went on after the first failure", b.stream.calls)
	}
	b.stream.fail = nil
	if w := b.do(eventRequest(batchJSON, fullBatch())); w.Code != 202 || len(b.stream.msgs) != maxBatch {
		t.Errorf("the second time: status %d, %d messages", w.Code, len(b.stream.msgs))
	}
	if got := b.counted(t); got["cloudevents accepted"] != maxBatch || got["cloudevents unavailable stream-unavailable"] != 1 {
		t.Errorf("counted %v", got)
	}
}

func TestBatchHasATimeLimitOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.stream.fail = func(ctx context.Context, _ string) error { // slow, but never too slow for one
			select {
			case <-time.After(4 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		begin := time.Now()
		w := b.do(eventRequest(batchJSON, fullBatch()))
		if took := time.Since(begin); w.Code != 503 || took != batchPatience*defaultPublishTimeout {
			t.Errorf("status %d after %s", w.Code, took)
		}
	})
}

func TestUnreadableBody(t *testing.T) {
	for want, err := range map[string]error{"body-unreadable": errors.New("reset"), "body-too-slow": timeoutError{}} {
		b := newBench(t, nil)
		r := httptest.NewRequest("POST", "/webhooks/stripe", failingReader{err})
		if w := b.do(r); !strings.Contains(w.Body.String(), want) || b.stream.calls != 0 {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	}
}
