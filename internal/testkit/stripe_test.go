package testkit

import (
	"errors"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
)

func TestSignedWebhookPassesStripesOwnCheck(t *testing.T) {
	const secret = "whsec_test"
	payload := []byte(`{"id":"evt_1","object":"event"}`)
	header := SignedWebhook(payload, secret, time.Now())
	if err := webhook.ValidatePayload(payload, header, secret); err != nil {
		t.Error(err)
	}
	if err := webhook.ValidatePayload(payload, header, "whsec_other"); !errors.Is(err, webhook.ErrNoValidSignature) {
		t.Errorf("with another secret: %v", err)
	}
	old := SignedWebhook(payload, secret, time.Now().Add(-time.Hour))
	if err := webhook.ValidatePayload(payload, old, secret); !errors.Is(err, webhook.ErrTooOld) {
		t.Errorf("an hour old: %v", err)
	}
}
