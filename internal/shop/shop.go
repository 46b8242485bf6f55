package shop

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// ProgramName is the program of plusone that the shop's people are registered under.
const ProgramName = "shop"

//go:embed program.yaml
var program []byte

// Program is the YAML of the shop's program, for whoever applies it to a plusone.
func Program() []byte { return program }

// Config says where the shop is, which plusone it is a customer of, and how it is paid.
type Config struct {
	URL           string // where the shop itself is reached: http://127.0.0.1:8000
	Plusone       string // where plusone is reached: http://127.0.0.1:8080
	Pages         string // where people reach plusone's pages; where plusone is, when empty
	EventsToken   string // a service token, for POST /v1/events
	UserSecret    string // what the tokens of its users are signed with, which plusone knows too
	WebhookSecret string // what the webhooks of the pretend checkout are signed with
	Live          bool   // the mode of these webhooks
	StripeKey     string // a test key: Checkout Sessions are made with Stripe then. Empty: pretended
	StripeURL     string // where Stripe's API is; empty: where it always is
	File          string // where people and orders are kept
	Log           *slog.Logger
}

func (c Config) check() error {
	switch {
	case c.URL == "" || c.Plusone == "" || c.File == "" || c.EventsToken == "" || c.UserSecret == "" || c.WebhookSecret == "":
		return errors.New("shop: an address, a secret or the file is missing")
	case c.StripeKey != "" && !TestKey(c.StripeKey):
		return errors.New("shop: the Stripe key is not a test key (sk_test_…): nobody shall really pay a pretend shop")
	}
	return nil
}

// TestKey says whether a key of Stripe's API is of the test mode.
func TestKey(key string) bool {
	return strings.HasPrefix(key, "sk_test_") || strings.HasPrefix(key, "rk_test_")
}

// Shop is a pretend business. It answers HTTP, and Run delivers what it has to tell.
type Shop struct {
	Config

	book    *book
	courier *courier
	plusone *client
	stripe  *stripeCheckout // nil: the checkout is pretended
	fresh   *fresh
	handler http.Handler
}

// New opens the shop, with the people and orders it had.
func New(c Config) (*Shop, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Pages == "" {
		c.Pages = c.Plusone
	}
	b, err := openBook(c.File)
	if err != nil {
		return nil, err
	}
	s := &Shop{Config: c, book: b, plusone: newClient(c), fresh: newFresh()}
	s.courier = newCourier(b, s.plusone, c.Log)
	if c.StripeKey != "" {
		s.stripe = newStripeCheckout(c)
	}
	s.handler = s.routes()
	return s, nil
}

// ServeHTTP answers people and their programs.
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Run delivers sign-ups and webhooks until told to stop. What was not delivered by then is, after the next start.
func (s *Shop) Run(ctx context.Context) error { return s.courier.run(ctx) }

// maxBody is how much of a request is read: forms, and small JSON.
const maxBody = 16 << 10

func (s *Shop) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /auth/register", s.apiRegister)
	mux.HandleFunc("POST /api/stripe/checkout-session", s.apiCheckout)
	for _, route := range []string{
		"GET /referral/code", "POST /referral/validate", "GET /referral/stats", "GET /referral/leaderboard", "GET /user/balance",
	} {
		mux.HandleFunc(route, s.passOn)
	}
	s.pages(mux)
	// Forms are taken from the shop's own pages only. Programs, which send no cookie, say nothing of where they come from.
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		s.headers(w.Header())
		if s.byAnotherName(r) {
			http.Redirect(w, r, s.URL+r.URL.RequestURI(), http.StatusTemporaryRedirect) //nolint:gosec // to the same page here
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// byAnotherName says whether a browser calls 127.0.0.1 localhost: to its cookies those are two places, and plusone's pages
// in a frame would be foreign ones.
func (s *Shop) byAnotherName(r *http.Request) bool {
	host, port, _ := strings.Cut(r.Host, ":")
	return r.Method == http.MethodGet && host == "localhost" && s.URL == "http://127.0.0.1:"+port
}

// headers are those of every answer. Scripts, frames and forms may be plusone's, beside the shop's own.
func (s *Shop) headers(h http.Header) {
	forms := "'self' " + s.Pages
	if s.stripe != nil {
		forms += " https://checkout.stripe.com" // where the form of a purchase ends up
	}
	h.Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self' %[1]s; "+
		"frame-src %[1]s; form-action %[2]s; base-uri 'none'; frame-ancestors 'none'", s.Pages, forms))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin") // plusone is to know where the form with a token comes from
	h.Set("Cache-Control", "no-store")
}

// soon is how long an answer waits for what should come of it at once. It goes on without.
const soon = 3 * time.Second

// eventually asks until it is so, or for as long as is meant by soon.
func eventually(ctx context.Context, so func(context.Context) bool) {
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !so(ctx) {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
