package shop

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v76"
	stripeapi "github.com/stripe/stripe-go/v76/client"
)

// stripeCheckout has Stripe itself take the payments, in its test mode. It is Stripe then who tells plusone of them.
type stripeCheckout struct {
	api  *stripeapi.API
	shop string // where the shop is
	log  *slog.Logger
}

func newStripeCheckout(c Config) *stripeCheckout {
	config := &stripe.BackendConfig{
		HTTPClient:        &http.Client{Timeout: 20 * time.Second},
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull}, // what goes wrong is said once, below
		MaxNetworkRetries: stripe.Int64(2),
		EnableTelemetry:   stripe.Bool(false),
	}
	if c.StripeURL != "" {
		config.URL = stripe.String(c.StripeURL)
	}
	backends := stripe.NewBackends(config.HTTPClient)
	backends.API = stripe.GetBackendWithConfig(stripe.APIBackend, config)
	return &stripeCheckout{api: stripeapi.New(c.StripeKey, backends), shop: c.URL, log: c.Log}
}

// session makes a Checkout Session. The buyer's id goes with it, for that is how plusone learns who paid.
func (c *stripeCheckout) session(ctx context.Context, p person, o order) (id, url string, err error) {
	made, err := c.api.CheckoutSessions.New(&stripe.CheckoutSessionParams{
		Params:            stripe.Params{Context: ctx},
		Mode:              stripe.String(string(stripe.CheckoutSessionModePayment)),
		ClientReferenceID: stripe.String(p.ID),
		CustomerEmail:     stripe.String(p.Email),
		SuccessURL:        stripe.String(c.shop + "/thanks?session_id={CHECKOUT_SESSION_ID}"),
		CancelURL:         stripe.String(c.shop + "/"),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency: stripe.String(o.Currency), UnitAmount: stripe.Int64(o.Amount),
				ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripe.String(o.Item)},
			},
		}},
	})
	if err != nil {
		return "", "", c.problem("make a Checkout Session", err)
	}
	return made.ID, made.URL, nil
}

// paid says which PaymentIntent paid a session; empty when none has.
func (c *stripeCheckout) paid(ctx context.Context, id string) (intent string, err error) {
	found, err := c.api.CheckoutSessions.Get(id, &stripe.CheckoutSessionParams{Params: stripe.Params{Context: ctx}})
	if err != nil {
		return "", c.problem("look at a Checkout Session", err)
	}
	if found.PaymentStatus != stripe.CheckoutSessionPaymentStatusPaid || found.PaymentIntent == nil {
		return "", nil
	}
	return found.PaymentIntent.ID, nil
}

// refund gives back some of a payment. Asked again for the same one, it gives nothing more.
func (c *stripeCheckout) refund(ctx context.Context, o order, amount int64) error {
	params := &stripe.RefundParams{
		Params: stripe.Params{Context: ctx}, PaymentIntent: stripe.String(o.Intent), Amount: stripe.Int64(amount),
		Reason: stripe.String(string(stripe.RefundReasonRequestedByCustomer)),
	}
	params.SetIdempotencyKey("refund-" + o.ID + "-" + display(o.Back, "") + "-" + display(amount, ""))
	if _, err := c.api.Refunds.New(params); err != nil {
		return c.problem("refund a payment", err)
	}
	return nil
}

// problem says what Stripe said, which tells the shop's keeper what to mend.
func (c *stripeCheckout) problem(what string, err error) error {
	var said *stripe.Error
	if !errors.As(err, &said) {
		c.log.Warn("Stripe can not be reached", "to", what, "error", err)
		return refuse(http.StatusBadGateway, "Stripe can not be reached")
	}
	c.log.Warn("Stripe refused", "to", what, "status", said.HTTPStatusCode, "type", said.Type, "code", said.Code, "request", said.RequestID)
	return refuse(http.StatusBadGateway, "Stripe refused to "+what+": "+said.Msg)
}
