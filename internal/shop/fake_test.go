package shop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/plusone-dev/plusone/internal/shop"
)

const (
	eventsToken   = "a-service-token"
	userSecret    = "a secret that only the shop and its plusone know"
	webhookSecret = "whsec_of_the_shop"
)

// fake is a plusone that only notes what it is told, and knows one code: FRIEND22, of alice.
type fake struct {
	*httptest.Server

	t *testing.T

	mu       sync.Mutex
	away     int // how many more messages are answered 503
	refusing bool
	events   []map[string]any // of POST /v1/events
	webhooks []map[string]any // of POST /webhooks/stripe
	asked    []string         // method, path, query, user
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/events", f.event)
	mux.HandleFunc("POST /webhooks/stripe", f.webhook)
	mux.HandleFunc("POST /referral/validate", f.validate)
	mux.HandleFunc("/", f.question)
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

// take reads a message, unless it is away.
func (f *fake) take(w http.ResponseWriter, r *http.Request) (body []byte, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch body, err := io.ReadAll(r.Body); {
	case err != nil:
		f.t.Error(err)
	case f.refusing:
		w.WriteHeader(http.StatusBadRequest)
	case f.away > 0:
		f.away--
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		return body, true
	}
	return nil, false
}

func (f *fake) note(all *[]map[string]any, body []byte) {
	var one map[string]any
	if err := json.Unmarshal(body, &one); err != nil {
		f.t.Errorf("%v: %s", err, body)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	*all = append(*all, one)
}

func (f *fake) event(w http.ResponseWriter, r *http.Request) {
	if got := r.Header.Get("Authorization"); got != "Bearer "+eventsToken {
		f.t.Errorf("an event comes with %q", got)
	}
	if body, ok := f.take(w, r); ok {
		f.note(&f.events, body)
		w.WriteHeader(http.StatusAccepted)
	}
}

func (f *fake) webhook(w http.ResponseWriter, r *http.Request) {
	body, ok := f.take(w, r)
	if !ok {
		return
	}
	if _, err := webhook.ConstructEvent(body, r.Header.Get("Stripe-Signature"), webhookSecret); err != nil {
		f.t.Errorf("the webhook: %v", err)
	}
	f.note(&f.webhooks, body)
}

func (f *fake) validate(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Code string `json:"referral_code"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		f.t.Error(err)
	}
	switch asked.Code {
	case "FRIEND22":
		fmt.Fprint(w, `{"valid":true,"message":"Referral code is valid","referrer":{"username":"alice","email":"a•••@example.com"},"remaining_uses":8}`)
	case "OFTEN222":
		w.WriteHeader(http.StatusTooManyRequests)
	case "USEDUP22":
		fmt.Fprint(w, `{"valid":false,"message":"Invalid referral code","error":"Referral code has reached maximum uses"}`)
	default:
		fmt.Fprint(w, `{"valid":false,"message":"Invalid referral code","error":"Code not found"}`)
	}
}

// question is any other, and needs a user.
func (f *fake) question(w http.ResponseWriter, r *http.Request) {
	claims := jwt.RegisteredClaims{}
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	_, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return []byte(userSecret), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	if err != nil {
		f.t.Errorf("%s: %v", r.URL, err)
	}
	if r.Header.Get("Cookie") != "" {
		f.t.Errorf("%s comes with a cookie of the shop", r.URL)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.URL.Path == "/referral/stats" {
		f.asked = append(f.asked, r.Method+" "+r.URL.RequestURI()+" "+claims.Subject)
	}
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/referral/code":
		fmt.Fprintf(w, `{"referral_code":"MINE2222","user_id":%q}`, claims.Subject)
	case "/user/balance":
		fmt.Fprintf(w, `{"credits":%d.0,"currency":"usd","balances":[{"currency":"usd","amount":"%d.00"}]}`, len(f.webhooks), len(f.webhooks))
	default:
		fmt.Fprint(w, `{"total_earned":10.0}`)
	}
}

func (f *fake) told() (events, webhooks []map[string]any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]map[string]any(nil), f.events...), append([]map[string]any(nil), f.webhooks...)
}

// opened is a shop that is open, and a browser in it.
type opened struct {
	*httptest.Server

	t       *testing.T
	shop    *shop.Shop
	file    string
	close   func()
	browser *http.Client
}

// newBrowser keeps cookies, and follows where it is sent within the shop.
func newBrowser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// api asks as a program, with a key or without.
func (o *opened) api(method, path, key, body string) (status int, answer map[string]any) {
	o.t.Helper()
	req, err := http.NewRequest(method, o.URL+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		o.t.Fatalf("%s %s is answered %d with %v", method, path, res.StatusCode, err)
	}
	return res.StatusCode, answer
}

// visit asks as a browser, which sends a form when it is given one.
func (o *opened) visit(path string, form url.Values) (status int, at, page string) {
	o.t.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	req, err := http.NewRequest(method, o.URL+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		req.Header.Set("Origin", o.URL)
	}
	res, err := o.browser.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return res.StatusCode, res.Request.URL.RequestURI(), string(text)
}

// open opens a shop of a plusone. Change may say otherwise than is customary.
func open(t *testing.T, f *fake, file string, change ...func(*shop.Config)) *opened {
	t.Helper()
	if file == "" {
		file = filepath.Join(t.TempDir(), "shop", "state.json")
	}
	o := &opened{t: t, file: file}
	o.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.shop.ServeHTTP(w, r) }))
	config := shop.Config{
		URL: "http://" + o.Listener.Addr().String(), Plusone: f.URL, EventsToken: eventsToken, UserSecret: userSecret, WebhookSecret: webhookSecret,
		File: file, Log: slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&config)
	}
	var err error
	if o.shop, err = shop.New(config); err != nil {
		t.Fatal(err)
	}
	o.Start()
	o.browser = newBrowser(t)
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- o.shop.Run(ctx) }()
	o.close = sync.OnceFunc(func() {
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		o.Close()
	})
	t.Cleanup(o.close)
	return o
}

// mustRefuseToOpen opens one that can not be.
func mustRefuseToOpen(t *testing.T, change func(*shop.Config)) string {
	t.Helper()
	c := shop.Config{
		URL: "http://shop.test", Plusone: "http://plusone.test", EventsToken: eventsToken, UserSecret: userSecret, WebhookSecret: webhookSecret,
		File: filepath.Join(t.TempDir(), "state.json"), Log: slog.New(slog.DiscardHandler),
	}
	change(&c)
	_, err := shop.New(c)
	if err == nil {
		t.Fatal("it opens")
	}
	return err.Error()
}
