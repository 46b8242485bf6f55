package testkit

import (
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
)

// SignedWebhook is the Stripe-Signature header that Stripe itself would send with the payload at that time.
func SignedWebhook(payload []byte, secret string, at time.Time) (header string) {
	return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: payload, Secret: secret, Timestamp: at}).Header
}
