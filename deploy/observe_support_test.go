package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// patience is how long anything may take on a busy machine. Nothing waits that long when all is well.
const patience = time.Minute

// The secrets of the tests' deployments.
const (
	webhookSecret = "whsec_of_a_deployment_under_test"
	eventsToken   = "events-token-of-a-deployment-under-test"
	apiToken      = "api-token-of-a-deployment-under-test"
	adminToken    = "admin-token-of-a-deployment-under-test"
	hashKey       = "hash-key-of-a-deployment-under-test"
	userSecret    = "users-secret-of-a-deployment-under-test"
)

func migrate(ctx context.Context, dsn string) error {
	_, err := store.Migrate(ctx, dsn)
	return err
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fromPrometheus is the path of one of Prometheus's programs.
func fromPrometheus(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{os.Getenv("PLUSONE_PROMETHEUS_BIN"), "../bin"} {
		if path, err := filepath.Abs(filepath.Join(dir, name)); dir != "" && err == nil {
			if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
				return path
			}
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("there is no %s: run `make deps`, or set PLUSONE_PROMETHEUS_BIN to the folder of Prometheus's programs", name)
	}
	return path
}

// promtool has Prometheus's own tool judge files.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), fromPrometheus(t, "promtool"), args...).CombinedOutput()
	if err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// readYAML decodes one of the shipped files.
func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, path)), into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// rule is one of rules.yml.
type rule struct {
	Record, Alert, Expr, For string
	Labels, Annotations      map[string]string
}

func (r rule) name() string { return r.Record + r.Alert }

func readRules(t *testing.T) (all []rule) {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string
			Rules []rule
		}
	}
	readYAML(t, "prometheus/rules.yml", &file)
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("rules.yml has no rules")
	}
	return all
}

// watched is a deployment of one process a role, on servers of its own, watched by a Prometheus with the shipped
// configuration.
type watched struct {
	t          *testing.T
	client     *http.Client
	door, api  string            // base URLs
	admin      map[string]string // HOST:PORT by role
	prometheus string            // base URL
	dsn        string
	js         jetstream.JetStream
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	w := &watched{t: t, client: &http.Client{Timeout: 20 * time.Second}, admin: map[string]string{}}
	t.Cleanup(w.client.CloseIdleConnections)
	server, dsn := testkit.NATS(t), testkit.Database(t)
	w.dsn = dsn
	w.creditPurchases()
	door := w.role("ingress", "--nats-url", server, "--stripe-webhook-secret", webhookSecret, "--events-token", eventsToken,
		"--stripe-mode", "test", "--listen", "127.0.0.1:0")
	w.role("worker", "--nats-url", server, "--database-url", dsn, "--hash-key", hashKey, "--stripe-mode", "test")
	api := w.role("api", "--database-url", dsn, "--api-token", apiToken, "--listen", "127.0.0.1:0",
		"--nats-url", server, "--admin-token", adminToken, "--user-jwt-secret", userSecret, "--signup-url", "https://shop.example/signup")
	w.role("audit", "--database-url", dsn, "--every", "1s")
	w.door, w.api = "http://"+listensAt(t, door, "ingress"), "http://"+listensAt(t, api, "api")
	nc, err := nats.Connect(server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if w.js, err = jetstream.New(nc); err != nil {
		t.Fatal(err)
	}
	w.startPrometheus()
	return w
}

// creditPurchases applies the terms of a second program that credits what is bought: the series of that are not exported
// without one.
func (w *watched) creditPurchases() {
	w.t.Helper()
	pool, err := store.Open(w.t.Context(), w.dsn)
	if err != nil {
		w.t.Fatal(err)
	}
	defer pool.Close()
	if _, err := store.NewDatabase(pool).ApplyProgram(w.t.Context(), []byte("name: cashback\ncredit_purchases: true\n")); err != nil {
		w.t.Fatal(err)
	}
}

// role starts a process, and waits until it is ready.
func (w *watched) role(name string, args ...string) *testkit.Process {
	w.t.Helper()
	p := testkit.StartProcess(w.t, testkit.ProcessConfig{
		Path: testkit.Binary(w.t, "github.com/plusone-dev/plusone/cmd/plusone"), Dir: w.t.TempDir(),
		Args: append([]string{name, "--admin", "127.0.0.1:0", "--log-format", "json"}, args...),
	})
	w.admin[name] = listensAt(w.t, p, "admin")
	p.WaitHealthy(patience, "http://"+w.admin[name]+"/readyz")
	return p
}

// listensAt is where a role answers, as it says itself; one that listens on every address also does on this one.
func listensAt(t testing.TB, p *testkit.Process, what string) string {
	t.Helper()
	var line struct{ Address string }
	if err := json.Unmarshal([]byte(p.WaitLine(patience, `"for":"`+what+`"`)), &line); err != nil {
		t.Fatal(err)
	}
	return strings.Replace(line.Address, "[::]", "127.0.0.1", 1)
}

// configuration is the shipped one, with the roles where they are here and a pace that suits a test.
func (w *watched) configuration() string {
	w.t.Helper()
	var config map[string]any
	readYAML(w.t, "prometheus/prometheus.yml", &config)
	config["global"] = map[string]any{"scrape_interval": "250ms", "scrape_timeout": "250ms", "evaluation_interval": "250ms"}
	found := map[string]bool{}
	for _, job := range config["scrape_configs"].([]any) {
		job := job.(map[string]any)
		role := job["job_name"].(string)
		if w.admin[role] == "" {
			w.t.Fatalf("prometheus.yml has a job %s, and there is no such role", role)
		}
		found[role] = true
		delete(job, "dns_sd_configs")
		job["static_configs"] = []any{map[string]any{"targets": []string{w.admin[role]}}}
	}
	if len(found) != len(w.admin) {
		w.t.Errorf("prometheus.yml has the jobs %v for the roles %v", found, w.admin)
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		w.t.Fatal(err)
	}
	dir := w.t.TempDir()
	for name, content := range map[string]string{"prometheus.yml": string(text), "rules.yml": read(w.t, "prometheus/rules.yml")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	return filepath.Join(dir, "prometheus.yml")
}

// startPrometheus returns when every role was scraped, and all that begins with zero is there.
func (w *watched) startPrometheus() {
	w.t.Helper()
	addr := testkit.FreeAddr(w.t)
	w.prometheus = "http://" + addr
	p := testkit.StartProcess(w.t, testkit.ProcessConfig{Path: fromPrometheus(w.t, "prometheus"), Args: []string{
		"--config.file=" + w.configuration(), "--storage.tsdb.path=" + w.t.TempDir(), "--web.listen-address=" + addr, "--log.level=warn",
	}})
	p.WaitHealthy(patience, w.prometheus+"/-/ready")
	for expr, least := range map[string]float64{
		"count(up == 1)": 4, "count(plusone_worker_reward_minor_units_total)": 2, "count(plusone_stream_messages_total)": 3,
		"sum(plusone_audit_runs_total)": 1, "count(plusone_stream_stored_messages)": 6,
	} {
		testkit.Eventually(w.t, patience, func() (bool, string) {
			samples, err := w.ask(expr)
			return err == nil && len(samples) == 1 && samples[0].Value >= least, fmt.Sprintf("%s: %v, %v", expr, samples, err)
		})
	}
}

// sample is one of the answer to a query.
type sample struct {
	Labels map[string]string
	Value  float64
}

// get asks Prometheus's API.
func (w *watched) get(path string, values url.Values, into any) error {
	res, err := w.client.Get(w.prometheus + path + "?" + values.Encode())
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", values, answer.Error)
	}
	return json.Unmarshal(answer.Data, into)
}

// ask asks for the present value of an expression that is an instant vector.
func (w *watched) ask(expr string) ([]sample, error) {
	var data struct {
		ResultType string
		Result     json.RawMessage
	}
	if err := w.get("/api/v1/query", url.Values{"query": {expr}}, &data); err != nil {
		return nil, err
	}
	if data.ResultType != "vector" {
		return nil, fmt.Errorf("%s is a %s", expr, data.ResultType)
	}
	var raw []struct {
		Metric map[string]string
		Value  [2]any
	}
	if err := json.Unmarshal(data.Result, &raw); err != nil {
		return nil, err
	}
	samples := make([]sample, 0, len(raw))
	for _, r := range raw {
		s := sample{Labels: r.Metric}
		if _, err := fmt.Sscan(fmt.Sprint(r.Value[1]), &s.Value); err != nil {
			return nil, err
		}
		samples = append(samples, s)
	}
	return samples, nil
}

// unknown says which metrics and labels an expression names that no role exports.
func (w *watched) unknown(t *testing.T, expr string) (all []string) {
	t.Helper()
	selectors, labels := parseQuery(expr).read()
	known := map[string]bool{}
	for _, s := range selectors {
		var series []map[string]string
		if err := w.get("/api/v1/series", url.Values{"match[]": {s}}, &series); err != nil {
			t.Fatal(err)
		}
		if len(series) == 0 {
			all = append(all, s)
		}
		for _, one := range series {
			for label := range one {
				known[label] = true
			}
		}
	}
	for _, l := range labels {
		if !known[l] {
			all = append(all, "the label "+l)
		}
	}
	return all
}

// post sends a body to the door, which must answer with a status.
func (w *watched) post(path string, body []byte, header map[string]string, want int) {
	w.t.Helper()
	w.send(w.door+path, body, header, want)
}

func (w *watched) send(url string, body []byte, header map[string]string, want int) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := w.client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(res.Body)
	if res.StatusCode != want {
		w.t.Fatalf("%s was answered %d, not %d: %s", url, res.StatusCode, want, answer)
	}
}

// webhook sends what Stripe would.
func (w *watched) webhook(id, kind string, live bool, object map[string]any) {
	w.t.Helper()
	body := stripeEvent(id, kind, live, object)
	w.post("/webhooks/stripe", body, map[string]string{"Stripe-Signature": testkit.SignedWebhook(body, webhookSecret, time.Now())}, http.StatusOK)
}

func stripeEvent(id, kind string, live bool, object map[string]any) []byte {
	return mustJSON(map[string]any{
		"id": id, "object": "event", "type": kind, "api_version": "2023-10-16", "created": time.Now().Unix(), "livemode": live,
		"data": map[string]any{"object": object},
	})
}

func mustJSON(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return body
}

func (w *watched) signUp(user, code string) {
	w.t.Helper()
	w.postEvents("application/cloudevents+json", registered(user, code))
}

// crowd is many who sign up at once, so that the door publishes them together.
func (w *watched) crowd(size int) {
	w.t.Helper()
	events := make([]any, size)
	for i := range events {
		events[i] = registered(fmt.Sprintf("one%d", i), "")
	}
	w.postEvents("application/cloudevents-batch+json", events)
}

func registered(user, code string) any {
	return map[string]any{
		"specversion": "1.0", "id": "registered-" + user, "source": "/test", "type": "user.registered", "time": time.Now().UTC().Format(time.RFC3339),
		"data": map[string]any{"user_id": user, "email": user + "@example.com", "referral_code": code},
	}
}

func (w *watched) postEvents(kind string, events any) {
	w.t.Helper()
	header := map[string]string{"Authorization": "Bearer " + eventsToken, "Content-Type": kind}
	w.post("/v1/events", mustJSON(events), header, http.StatusAccepted)
}

// ask the API, which must answer with a status.
func (w *watched) question(path, token string, want int) (body []byte) {
	w.t.Helper()
	testkit.Eventually(w.t, patience, func() (bool, string) {
		req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.api+path, http.NoBody)
		if err != nil {
			w.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := w.client.Do(req)
		if err != nil {
			return false, err.Error()
		}
		defer res.Body.Close()
		body, err = io.ReadAll(res.Body)
		return err == nil && res.StatusCode == want, fmt.Sprintf("%s: %d %s", path, res.StatusCode, body)
	})
	return body
}

// follow follows a link, as far as to where it leads.
func (w *watched) follow(code string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.api+"/r/"+code, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if want := "https://shop.example/signup?ref=" + code; res.Header.Get("Location") != want {
		w.t.Fatalf("the link of %s is answered with %s and %v", code, res.Status, res.Header)
	}
}

// publish puts bytes on the stream past the door, each as a message of its own.
func (w *watched) publish(subject string, body []byte) {
	w.t.Helper()
	if _, err := w.js.Publish(w.t.Context(), subject, body); err != nil {
		w.t.Fatal(err)
	}
}

// validate has a code validated until that is too often, once with a token that does not count.
func (w *watched) validate(code string) {
	w.t.Helper()
	body := []byte(`{"referral_code": "` + code + `"}`)
	w.send(w.api+"/referral/validate", body, map[string]string{"Authorization": "Bearer wrong"}, http.StatusUnauthorized)
	for range 30 {
		w.send(w.api+"/referral/validate", body, nil, http.StatusOK)
	}
	testkit.Eventually(w.t, patience, func() (bool, string) {
		res, err := w.client.Post(w.api+"/referral/validate", "application/json", bytes.NewReader(body))
		if err != nil {
			return false, err.Error()
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusTooManyRequests, res.Status
	})
}

// live is a day in the life of a business: people follow a link, sign up, buy and give back, events come twice, in the wrong mode, with
// a wrong signature, of types that nobody reads and in shapes that nobody can read; somebody asks who has what, and
// somebody decides.
func (w *watched) live() {
	w.t.Helper()
	w.crowd(100)
	w.signUp("alice", "")
	var alice struct {
		Code string `json:"referral_code"`
	}
	if err := json.Unmarshal(w.question("/v1/users/alice", apiToken, http.StatusOK), &alice); err != nil || alice.Code == "" {
		w.t.Fatalf("alice has the code %q, %v", alice.Code, err)
	}
	w.validate(alice.Code)
	for i := range 8 {
		user := fmt.Sprintf("user%d", i)
		w.follow(alice.Code)
		w.signUp(user, alice.Code)
		object := map[string]any{
			"id": "cs_" + user, "object": "checkout.session", "mode": "payment", "payment_status": "paid", "client_reference_id": user,
			"payment_intent": "pi_" + user, "customer": nil, "amount_total": 2000, "currency": "usd",
		}
		w.webhook("evt_paid_"+user, "checkout.session.completed", false, object)
		if i == 0 { // again, and past the stream's own memory
			w.publish(stream.InPrefix+"stripe.checkout.session.completed", stripeEvent("evt_paid_"+user, "checkout.session.completed", false, object))
		}
		if i%2 == 0 {
			w.webhook("evt_refunded_"+user, "charge.refunded", false, map[string]any{
				"id": "ch_" + user, "object": "charge", "payment_intent": "pi_" + user, "customer": nil, "amount": 2000,
				"amount_refunded": 2000, "currency": "usd", "refunded": true,
			})
		}
	}
	w.webhook("evt_other", "product.created", false, map[string]any{"id": "prod_1", "object": "product"})
	w.webhook("evt_live", "product.created", true, map[string]any{"id": "prod_2", "object": "product"})
	w.publish(stream.InPrefix+"stripe.charge.refunded", []byte("no JSON"))
	unsigned := stripeEvent("evt_forged", "product.created", false, map[string]any{})
	w.post("/webhooks/stripe", unsigned, map[string]string{"Stripe-Signature": testkit.SignedWebhook(unsigned, "whsec_another", time.Now())}, http.StatusBadRequest)
	w.post("/v1/events", nil, nil, http.StatusUnauthorized)
	w.question("/v1/users/nobody", apiToken, http.StatusNotFound)
	w.question("/v1/referrals?referrer=alice", apiToken, http.StatusOK)
	w.question("/v1/referrals", "wrong", http.StatusUnauthorized)
	w.send(w.api+"/v1/users/alice/verify", nil, map[string]string{"Authorization": "Bearer " + adminToken}, http.StatusAccepted)
	w.spend()
	w.question("/v1/export/referrals", apiToken, http.StatusOK)
	w.question("/v1/export/transfers", apiToken, http.StatusOK)
}

// spend has Alice spend of her rewards, as soon as she has any, and get it back.
func (w *watched) spend() {
	w.t.Helper()
	header := map[string]string{"Authorization": "Bearer " + apiToken, "Idempotency-Key": "order-1"}
	testkit.Eventually(w.t, patience, func() (bool, string) {
		has := string(w.question("/v1/users/alice", apiToken, http.StatusOK))
		return strings.Contains(has, `"amount":"10.00"`) || strings.Contains(has, `"amount":"40.00"`), has
	})
	w.send(w.api+"/v1/redemptions", []byte(`{"user_id": "alice", "currency": "usd", "amount": "5.00"}`), header, http.StatusCreated)
	w.send(w.api+"/v1/redemptions/1/reverse", nil, header, http.StatusOK)
}
