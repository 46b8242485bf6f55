// Package openapi_test holds openapi.yaml to what plusone really answers: every answer must be one the document has, and
// every answer the document has must be seen.
package openapi_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plusone-dev/plusone/docs/events"
	"github.com/plusone-dev/plusone/internal/api"
	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/ingress"
	"github.com/plusone-dev/plusone/internal/links"
	"github.com/plusone-dev/plusone/internal/ops"
	"github.com/plusone-dev/plusone/internal/servicetoken"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Run(m, func(ctx context.Context, dsn string) error {
		_, err := store.Migrate(ctx, dsn)
		return err
	})
}

// document is openapi.yaml, read.
type document struct {
	t       *testing.T
	root    map[string]any
	schemas *jsonschema.Compiler
	seen    map[string]bool // "GET /v1/referrals 200"
}

const base = "https://plusone.dev/api/openapi.json"

func read(t *testing.T) *document {
	t.Helper()
	text, err := os.ReadFile("openapi.yaml")
	must(t, err)
	asJSON, err := yaml.YAMLToJSON(text)
	must(t, err)
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	must(t, err)
	d := &document{t: t, root: root.(map[string]any), schemas: jsonschema.NewCompiler(), seen: make(map[string]bool)}
	// Clients are told to ignore members they do not know. Here one that is not in the document is a mistake.
	for _, name := range []string{"User", "ReferralPage", "Why", "Facts", "Purchase", "StripeObject", "Transfer", "Reward", "Check", "Transition", "Problem", "Published",
		"UserPage", "Statement", "Line", "Redemption", "ExportedReferral", "Programs", "Program", "AppliedProgram", "Preview", "Analytics"} {
		_, schema := d.at(nil, d.root, "components", "schemas", name)
		schema.(map[string]any)["unevaluatedProperties"] = false
	}
	// A referral of the list is what another schema adds to: here it is complete.
	_, listed := d.at(nil, d.root, "components", "schemas", "ReferralPage", "properties", "referrals")
	listed.(map[string]any)["items"].(map[string]any)["unevaluatedProperties"] = false
	d.schemas.DefaultDraft(jsonschema.Draft2020)
	d.schemas.AssertFormat()
	must(t, d.schemas.AddResource(base, root))
	files, err := events.FS.ReadDir(".")
	must(t, err)
	for _, f := range files {
		data, err := events.FS.ReadFile(f.Name())
		must(t, err)
		schema, err := events.Decode(data)
		must(t, err)
		must(t, d.schemas.AddResource("https://plusone.dev/events/"+f.Name(), schema))
	}
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// at follows names from an object, through references. It returns the place it came to, and what is there.
func (d *document) at(place []string, v any, names ...string) ([]string, any) {
	for _, name := range names {
		place, v = d.follow(place, v)
		object, _ := v.(map[string]any)
		v = object[name]
		place = append(slices.Clone(place), name)
	}
	return d.follow(place, v)
}

func (d *document) follow(place []string, v any) ([]string, any) {
	object, _ := v.(map[string]any)
	ref, _ := object["$ref"].(string)
	if names, ok := strings.CutPrefix(ref, "#/"); ok {
		return d.at(nil, d.root, strings.Split(names, "/")...)
	}
	return place, v
}

// prefer is which operation of a path a method that is not allowed is documented with.
var prefer = map[string]int{"get": 2, "post": 1}

// stands says whether a template of a path stands for one.
func stands(template, path []string) bool {
	return slices.EqualFunc(template, path, func(t, p string) bool {
		return t == p || strings.HasPrefix(t, "{") && p != ""
	})
}

func (d *document) schema(place []string) *jsonschema.Schema {
	d.t.Helper()
	pointer := base + "#"
	for _, name := range place {
		pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", "+", "%2B").Replace(name)
	}
	s, err := d.schemas.Compile(pointer)
	must(d.t, err)
	return s
}

func (d *document) valid(place []string, body []byte) {
	d.t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = d.schema(place).Validate(value)
	}
	if err != nil {
		d.t.Errorf("%s: %v\n%s", strings.Join(place, " "), err, body)
	}
}

// operation is the operation of a request, by the template of its path. One of another method stands in for a method
// that is not allowed.
func (d *document) operation(r *http.Request) (place []string, op any) {
	d.t.Helper()
	paths := d.root["paths"].(map[string]any)
	for path, item := range paths {
		if !stands(strings.Split(path, "/"), strings.Split(r.URL.Path, "/")) || paths[r.URL.Path] != nil && path != r.URL.Path {
			continue
		}
		operations := item.(map[string]any)
		method := strings.ToLower(r.Method)
		if operations[method] == nil {
			method = slices.MaxFunc(slices.Sorted(maps.Keys(operations)), func(a, b string) int { return cmp.Compare(prefer[a], prefer[b]) })
		}
		return []string{"paths", path, method}, operations[method]
	}
	d.t.Fatalf("%s is not in the document", r.URL.Path)
	return nil, nil
}

// holds checks one real answer against the document.
func (d *document) holds(r *http.Request, answer *httptest.ResponseRecorder) {
	d.t.Helper()
	place, op := d.operation(r)
	key := fmt.Sprintf("%s %s %d", strings.ToUpper(place[2]), place[1], answer.Code)
	d.seen[key] = true
	place, response := d.at(place, op, "responses", fmt.Sprint(answer.Code))
	if response == nil {
		d.t.Errorf("%s is not in the document: %s", key, answer.Body)
		return
	}
	_, headers := d.at(place, response, "headers")
	wanted, _ := headers.(map[string]any)
	for name := range wanted {
		if answer.Header().Get(name) == "" {
			d.t.Errorf("%s: the header %s is missing", key, name)
		}
	}
	kind, _, _ := strings.Cut(answer.Header().Get("Content-Type"), ";")
	schemaPlace, schema := d.at(place, response, "content", kind)
	switch {
	case kind == "" && answer.Body.Len() == 0 && !d.speaks(place, response): // there is nothing to say
	case schema == nil:
		d.t.Errorf("%s: the content type %q is not in the document", key, kind)
	case strings.HasSuffix(kind, "json") && !strings.HasSuffix(kind, "ndjson"): // whose lines are held one by one
		d.valid(append(slices.Clone(schemaPlace), "schema"), answer.Body.Bytes())
	}
}

// speaks says whether a response has a body by the document.
func (d *document) speaks(place []string, response any) bool {
	_, content := d.at(place, response, "content")
	return content != nil
}

// stream is a stream that takes everything, or nothing.
type stream struct{ away bool }

func (s *stream) Publish(context.Context, string, string, map[string]string, []byte) error {
	if s.away {
		return errors.New("away")
	}
	return nil
}

// endless is a body that never comes to its end in time.
type endless struct{}

func (endless) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

const (
	secret = "whsec_of_the_test"
	token  = "the-service-token"

	adminToken = "the-admin-token-of-the-tests"

	webhook = `{"object": "event", "id": "evt_1", "type": "charge.refunded", "created": 1772366400, "livemode": false, "data": {"object": {"id": "ch_1"}}}`
	signUp  = `{"specversion": "1.0", "id": "1", "source": "/signup", "type": "user.registered", "time": "2026-03-01T12:00:00Z", "data": {"user_id": "bob"}}`
)

// decisions are one request for each, and one that can not be meant.
var decisions = []struct{ method, target, body, wrong, misses string }{
	{"POST", "/v1/referrals/1/approve", because, "/v1/referrals/1/approve", `{"by": "carol"}`},
	{"POST", "/v1/referrals/1/reject", because, "/v1/referrals/1/reject", `{}`},
	{"POST", "/v1/referrals/1/reopen", because, "/v1/referrals/1/reopen", `[]`},
	{"POST", "/v1/referrals", `{"user_id": "erin", "referral_code": "C-ALICE", "by": "carol", "why": "late"}`, "/v1/referrals", because},
	{"POST", "/v1/users/bob/verify", "", "/v1/users/%FF/verify", ""},
	{"DELETE", "/v1/users/bob", "", "/v1/users/a%00b", ""},
	{"POST", "/v1/codes", `{"user_id": "bob", "code": "SPRING", "program": "vip"}`, "/v1/codes", `{"user_id": "bob"}`},
}

const because = `{"by": "carol", "why": "siblings"}`

const spending = `{"user_id": "alice", "currency": "usd", "amount": "1.00", "note": "order 1"}`

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestAnswersAreAsDocumented(t *testing.T) {
	d := read(t)
	out := &stream{}
	health := ops.NewHealth(nil)
	database, dsn := filled(t)
	handler := serve(t, out, health, database, adminToken)
	closed := serve(t, out, health, database)
	away := serve(t, &stream{away: true}, health, gone(t), adminToken)
	do := asker(func(h http.Handler, method, target string, body io.Reader, header ...string) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), method, target, body)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		d.holds(r, answer)
	})
	bearer := []string{"Authorization", "Bearer " + token}
	for _, target := range []string{"/v1/users/alice", "/v1/users/bob", "/v1/users/dave", "/v1/users/erin", "/v1/users/nobody",
		"/v1/referrals", "/v1/referrals?referee=nobody", "/v1/referrals?limit=1", "/v1/referrals?limit=0", "/v1/referrals?reviewing=true",
		"/v1/referrals/1", "/v1/referrals/2", "/v1/referrals/3", "/v1/referrals/4711"} {
		do(handler, http.MethodGet, target, nil, bearer...)
		do(handler, http.MethodGet, target, nil)
		do(handler, http.MethodPut, target, nil, bearer...)
		do(away, http.MethodGet, strings.Replace(target, "limit=0", "limit=2", 1), nil, bearer...)
	}

	admin := []string{"Authorization", "Bearer " + adminToken}
	erased := referralOf(t, database, "carol")
	for _, r := range decisions {
		do(handler, r.method, r.target, strings.NewReader(r.body), admin...)
		do(handler, r.method, r.target, strings.NewReader(r.body), bearer...)
		do(handler, r.method, r.target, strings.NewReader(r.body))
		do(handler, r.method, r.wrong, strings.NewReader(r.misses), admin...)
		do(closed, r.method, r.target, strings.NewReader(r.body), admin...)
		do(away, r.method, r.target, strings.NewReader(r.body), admin...)
		if r.body != "" {
			do(handler, r.method, r.target, strings.NewReader(strings.Repeat(" ", 16<<10)+r.body), admin...)
		}
		if strings.Contains(r.target, "/referrals/1/") {
			do(handler, r.method, strings.Replace(r.target, "/1/", "/4711/", 1), strings.NewReader(r.body), admin...)
			do(handler, r.method, strings.Replace(r.target, "/1/", "/"+erased+"/", 1), strings.NewReader(r.body), admin...)
		}
		do(handler, http.MethodPut, r.target, nil, admin...)
	}

	reader := []string{"Authorization", "Bearer " + minted(t, dsn)}
	key := func(k string) []string { return append(slices.Clone(bearer), "Idempotency-Key", k) }
	for _, r := range []struct {
		handler      http.Handler
		target, body string
		header       []string
	}{
		{handler, "/v1/redemptions", spending, key("1")}, {handler, "/v1/redemptions", spending, key("1")}, {handler, "/v1/redemptions", spending, bearer},
		{handler, "/v1/redemptions", spending, nil}, {handler, "/v1/redemptions", spending, append(reader, "Idempotency-Key", "2")},
		{handler, "/v1/redemptions", strings.Replace(spending, "alice", "nobody", 1), key("2")},
		{handler, "/v1/redemptions", strings.Replace(spending, "1.00", "100.00", 1), key("2")},
		{handler, "/v1/redemptions", strings.Replace(spending, "1.00", "2.00", 1), key("1")},
		{handler, "/v1/redemptions", strings.Replace(spending, "usd", "xyz", 1), key("2")},
		{handler, "/v1/redemptions", strings.Repeat(" ", 16<<10) + spending, key("2")}, {away, "/v1/redemptions", spending, key("2")},
		{handler, "/v1/redemptions/1/reverse", `{"note": "came back"}`, bearer}, {handler, "/v1/redemptions/1/reverse", "", bearer},
		{handler, "/v1/redemptions/1/reverse", `{"note": 7}`, bearer}, {handler, "/v1/redemptions/1/reverse", "", nil},
		{handler, "/v1/redemptions/1/reverse", "", reader}, {handler, "/v1/redemptions/4711/reverse", "", bearer},
		{handler, "/v1/redemptions/1/reverse", strings.Repeat(" ", 16<<10) + "{}", bearer}, {away, "/v1/redemptions/1/reverse", "", bearer},
	} {
		do(r.handler, http.MethodPost, r.target, strings.NewReader(r.body), r.header...)
		do(handler, http.MethodPut, r.target, nil, bearer...)
	}
	for target, wrong := range map[string]string{
		"/v1/users": "?limit=0", "/v1/users/alice/transfers": "?cursor=x", "/v1/redemptions/1": "", "/v1/export/referrals": "?format=xml", "/v1/export/transfers": "?x=1",
	} {
		do(handler, http.MethodGet, target, nil, bearer...)
		do(handler, http.MethodGet, target+wrong, nil, bearer...)
		do(handler, http.MethodGet, target, nil)
		do(handler, http.MethodPut, target, nil, bearer...)
		do(away, http.MethodGet, target, nil, bearer...)
		do(handler, http.MethodGet, strings.NewReplacer("alice", "nobody", "/1", "/4711").Replace(target), nil, bearer...)
	}
	for _, target := range []string{"/v1/export/referrals", "/v1/export/transfers"} {
		do(handler, http.MethodGet, target+"?format=csv", nil, bearer...)
		free := occupied(t, handler)
		do(handler, http.MethodGet, target, nil, bearer...)
		free()
	}
	lines(t, d, handler, "/v1/export/referrals", "ExportedReferral")
	lines(t, d, handler, "/v1/export/transfers", "Line")

	programs(t, do, handler, away)

	signature := func(body string) []string {
		return []string{"Stripe-Signature", testkit.SignedWebhook([]byte(body), secret, noon)}
	}
	large := strings.Repeat(" ", 1<<20) + webhook
	do(handler, http.MethodPost, "/webhooks/stripe", strings.NewReader(webhook), signature(webhook)...)
	do(handler, http.MethodPost, "/webhooks/stripe", strings.NewReader(webhook), signature(signUp)...)
	do(handler, http.MethodPost, "/webhooks/stripe", strings.NewReader(signUp), signature(signUp)...)
	do(handler, http.MethodPost, "/webhooks/stripe", strings.NewReader(webhook))
	do(handler, http.MethodPost, "/webhooks/stripe", strings.NewReader(large), signature(large)...)
	do(handler, http.MethodPost, "/webhooks/stripe", endless{}, signature(webhook)...)
	do(handler, http.MethodGet, "/webhooks/stripe", nil)
	do(away, http.MethodPost, "/webhooks/stripe", strings.NewReader(webhook), signature(webhook)...)

	as := func(kind string) []string { return append(slices.Clone(bearer), "Content-Type", kind) }
	structured := as("application/cloudevents+json")
	binary := append(as("application/json"), "ce-specversion", "1.0", "ce-id", "2", "ce-source", "/signup",
		"ce-type", "user.registered", "ce-time", "2026-03-01T12:00:00Z")
	do(handler, http.MethodPost, "/v1/events", strings.NewReader(signUp), structured...)
	do(handler, http.MethodPost, "/v1/events", strings.NewReader("["+signUp+"]"), as("application/cloudevents-batch+json")...)
	do(handler, http.MethodPost, "/v1/events", strings.NewReader(`{"user_id": "bob"}`), binary...)
	do(handler, http.MethodPost, "/v1/events", strings.NewReader(`{"specversion": "1.0", "data": {"user_id": 7}}`), structured...)
	do(handler, http.MethodPost, "/v1/events", strings.NewReader(large), structured...)
	do(handler, http.MethodPost, "/v1/events", strings.NewReader(signUp), as("text/plain")...)
	do(handler, http.MethodPost, "/v1/events", endless{}, structured...)
	do(handler, http.MethodPost, "/v1/events", strings.NewReader(signUp))
	do(handler, http.MethodPost, "/v1/events", strings.NewReader(strings.Replace(signUp, "user.registered", "referral.reviewed", 1)), structured...)
	do(handler, http.MethodPost, "/v1/events", strings.NewReader(strings.Replace(signUp, "user.registered", "user.erased", 1)), structured...)
	do(handler, http.MethodPut, "/v1/events", strings.NewReader(signUp), structured...)
	do(away, http.MethodPost, "/v1/events", strings.NewReader(signUp), structured...)

	const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
	do(handler, http.MethodGet, "/r/c-alice?via=qr", nil, "User-Agent", browser)
	do(handler, http.MethodGet, "/r/nobody", nil)
	do(away, http.MethodGet, "/r/c-alice", nil)
	do(closed, http.MethodGet, "/r/c-alice", nil)
	do(handler, http.MethodPost, "/r/c-alice", nil)
	do(handler, http.MethodGet, "/plusone.js", nil)
	do(handler, http.MethodGet, "/plusone.js", nil, "If-None-Match", "*")
	do(handler, http.MethodPost, "/plusone.js", nil)

	do(handler, http.MethodGet, "/openapi.json", nil)
	do(handler, http.MethodPut, "/openapi.json", nil)
	do(handler, http.MethodGet, "/openapi.json", nil, "If-None-Match", "*")
	for _, target := range []string{"/healthz", "/readyz", "/metrics"} {
		do(handler, http.MethodGet, target, nil)
	}
	health.Add("database", func(context.Context) error { return errors.New("away") })
	do(handler, http.MethodGet, "/readyz", nil)
	d.complete()
}

// complete checks that every answer in the document was seen.
func (d *document) complete() {
	d.t.Helper()
	for path, item := range d.root["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			for status := range op.(map[string]any)["responses"].(map[string]any) {
				if key := strings.ToUpper(method) + " " + path + " " + status; !d.seen[key] {
					d.t.Errorf("%s is in the document, and was never answered", key)
				}
			}
		}
	}
}

// serve is what plusone dev serves.
func serve(t *testing.T, out ingress.Publisher, health *ops.Health, s *store.Database, adminTokens ...string) http.Handler {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	door, err := ingress.New(ingress.Config{
		StripeSecrets: []string{secret}, StripeMode: ingress.ModeTest, EventTokens: []string{token}, Now: func() time.Time { return noon },
	}, out, prometheus.NewRegistry(), log)
	must(t, err)
	mux := http.NewServeMux()
	mux.Handle("/webhooks/stripe", door)
	mux.Handle("/v1/events", door)
	var options []api.Option
	if len(adminTokens) > 0 {
		options = append(options, api.WithDecisions(decide.New(out, "/plusone/api", log, nil), adminTokens))
	}
	answers := api.New(s, []string{token}, log, options...)
	mux.Handle("/v1/", answers)
	mux.Handle("/openapi.json", answers)
	shared := links.Config{Store: s}
	if len(adminTokens) > 0 {
		shared.SignUpURL = "https://shop.example/signup"
	}
	visitors, err := links.New(shared)
	must(t, err)
	for _, pattern := range visitors.Mounts() {
		mux.Handle(pattern, visitors)
	}
	mux.Handle("/", ops.Admin(ops.NewRegistry("test"), health, log))
	return mux
}

// gone is a database that is not there.
func gone(t *testing.T) *store.Database {
	t.Helper()
	pool, err := store.Open(t.Context(), "postgres://127.0.0.1:1/gone?connect_timeout=1")
	must(t, err)
	t.Cleanup(pool.Close)
	return store.NewDatabase(pool)
}

// filled is a database in which something has happened: Bob is rewarded, Carol pending, Dave refunded; Erin's code is
// nobody's, and Frank, whom Carol referred, was erased.
func filled(t *testing.T) (s *store.Database, dsn string) {
	t.Helper()
	dsn = testkit.Database(t)
	pool, err := store.Open(t.Context(), testkit.As(t, dsn, "plusone_worker"))
	must(t, err)
	t.Cleanup(pool.Close)
	worker, err := store.New(pool, store.Options{
		HashKey: []byte("a key that only tests use"),
		Codes: func(user string, _, attempt int) string {
			return "C-" + strings.ToUpper(user) + strings.Repeat("X", attempt)
		},
	})
	must(t, err)
	at := time.Now().Add(-time.Minute)
	var all []fact.Event
	add := func(e fact.Event, err error) {
		t.Helper()
		must(t, err)
		all = append(all, e)
	}
	for user, code := range map[string]string{"alice": "", "bob": "C-ALICE", "carol": "C-ALICE", "dave": "C-ALICE", "erin": "C-NOBODY", "frank": "C-CAROL"} {
		add(fact.ParseCloudEvent(fmt.Appendf(nil, `{"specversion": "1.0", "id": %q, "source": "/s", "type": "user.registered",
			"data": {"user_id": %[1]q, "referral_code": %q, "registered_at": %q}}`, user, code, at.Format(time.RFC3339))))
	}
	for user, minor := range map[string]int{"bob": 1000, "carol": 10, "dave": 3000} {
		add(fact.ParseStripe(fmt.Appendf(nil, `{"object": "event", "id": "evt_%s", "type": "checkout.session.completed", "created": %d,
			"data": {"object": {"id": "cs_%[1]s", "object": "checkout.session", "mode": "payment", "payment_status": "paid",
			"payment_intent": "pi_%[1]s", "client_reference_id": %[1]q, "amount_total": %[3]d, "currency": "usd"}}}`, user, at.Unix(), minor)))
	}
	_, err = worker.Apply(t.Context(), all)
	must(t, err)
	all = nil
	add(fact.ParseStripe(fmt.Appendf(nil, `{"object": "event", "id": "evt_back", "type": "charge.refunded", "created": %d, "data": {"object":
		{"id": "ch_dave", "object": "charge", "payment_intent": "pi_dave", "amount_refunded": 3000}}}`, at.Unix())))
	_, err = worker.Apply(t.Context(), all)
	must(t, err)
	all = nil
	add(fact.ParseCloudEvent(fmt.Appendf(nil, `{"specversion": "1.0", "id": "forget-frank", "source": "/s", "type": "user.erased",
		"time": %q, "data": {"user_id": "frank"}}`, at.Add(time.Second).Format(time.RFC3339))))
	_, err = worker.Apply(t.Context(), all)
	must(t, err)
	reader, err := store.Open(t.Context(), testkit.As(t, dsn, "plusone_api"))
	must(t, err)
	t.Cleanup(reader.Close)
	return store.NewDatabase(reader), dsn
}

// minted is a token that may only read.
func minted(t *testing.T, dsn string) string {
	t.Helper()
	pool, err := store.Open(t.Context(), testkit.As(t, dsn, "plusone_tools"))
	must(t, err)
	t.Cleanup(pool.Close)
	token, hash := servicetoken.Make(servicetoken.Read)
	must(t, store.NewDatabase(pool).AddToken(t.Context(), hash, "reports", "read", time.Time{}))
	return token
}

// occupied has as many exports run as there may, until it is told to free them.
func occupied(t *testing.T, handler http.Handler) (free func()) {
	t.Helper()
	release := make(chan struct{})
	var running, done sync.WaitGroup
	for range 2 {
		running.Add(1)
		done.Go(func() {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/export/referrals", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			handler.ServeHTTP(&stuck{ResponseRecorder: httptest.NewRecorder(), began: running.Done, release: release}, r)
		})
	}
	running.Wait()
	return func() { close(release); done.Wait() }
}

// stuck is an answer that nobody takes until it is released.
type stuck struct {
	*httptest.ResponseRecorder

	once    sync.Once
	began   func()
	release chan struct{}
}

func (s *stuck) Write(b []byte) (int, error) {
	s.once.Do(s.began)
	<-s.release
	return s.ResponseRecorder.Write(b)
}

// lines holds each line of an export, but for the last, to a schema.
func lines(t *testing.T, d *document, handler http.Handler, target, schema string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	all := strings.Split(strings.TrimSpace(answer.Body.String()), "\n")
	if len(all) < 4 {
		t.Errorf("%s has %d lines", target, len(all))
	}
	for _, line := range all[:len(all)-1] {
		d.valid([]string{"components", "schemas", schema}, []byte(line))
	}
}

// referralOf is the number of a referrer's only referral.
func referralOf(t *testing.T, s *store.Database, referrer string) string {
	t.Helper()
	page, err := s.Referrals(t.Context(), store.Filter{Referrer: referrer, Limit: 2})
	must(t, err)
	if len(page) != 1 {
		t.Fatalf("%s has %d referrals", referrer, len(page))
	}
	return strconv.FormatInt(page[0].ID, 10)
}

// TestRequestsAreAsDocumented holds the schemas of what is sent to what is taken.
func TestRequestsAreAsDocumented(t *testing.T) {
	d := read(t)
	body := func(path, kind string) []string {
		return []string{"paths", path, "post", "requestBody", "content", kind, "schema"}
	}
	d.valid(body("/webhooks/stripe", "application/json"), []byte(webhook))
	d.valid(body("/v1/events", "application/cloudevents+json"), []byte(signUp))
	d.valid(body("/v1/events", "application/cloudevents-batch+json"), []byte("["+signUp+"]"))
	d.valid(body("/v1/events", "application/json"), []byte(`{"user_id": "bob"}`))
	d.valid(body("/v1/redemptions", "application/json"), []byte(spending))
	d.valid(body("/v1/redemptions/{redemption_id}/reverse", "application/json"), []byte(`{"note": "came back"}`))
}

// TestDocumentIsSound checks what no answer shows: each reference leads somewhere, each name is given once.
func TestDocumentIsSound(t *testing.T) {
	d := read(t)
	if d.root["openapi"] != "3.1.0" {
		t.Errorf("openapi is %v", d.root["openapi"])
	}
	for name := range d.root["components"].(map[string]any)["schemas"].(map[string]any) {
		d.schema([]string{"components", "schemas", name})
	}
	ids := make(map[string]string)
	walk(d.root, "", func(place string, object map[string]any) {
		if ref, ok := object["$ref"].(string); ok && strings.HasPrefix(ref, "#/") {
			if _, v := d.follow(nil, object); v == nil {
				t.Errorf("%s refers to %s, which is not there", place, ref)
			}
		}
		if id, ok := object["operationId"].(string); ok {
			if ids[id] != "" {
				t.Errorf("%s and %s are both called %s", place, ids[id], id)
			}
			ids[id] = place
			if object["summary"] == nil || object["security"] == nil || object["responses"] == nil {
				t.Errorf("%s lacks a summary, the security or the responses", place)
			}
		}
	})
	if len(ids) != 30 {
		t.Errorf("%d operations: %v", len(ids), ids)
	}
	if _, err := json.Marshal(d.root); err != nil {
		t.Error(err)
	}
}

func walk(v any, place string, visit func(place string, object map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(place, v)
		for name, member := range v {
			walk(member, place+"/"+name, visit)
		}
	case []any:
		for i, member := range v {
			walk(member, fmt.Sprintf("%s/%d", place, i), visit)
		}
	}
}
