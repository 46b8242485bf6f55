package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// The secrets of the tests. They must never turn up in what the program prints.
const (
	webhookSecret = "whsec_nobody_may_see_this_one"
	eventsToken   = "events-token-nobody-may-see"
	apiToken      = "api-token-nobody-may-see"
	adminToken    = "admin-token-nobody-may-see"
	hashKey       = "hash-key-nobody-may-see"

	databasePassword = "database-password-nobody-may-see"
	natsPassword     = "nats-password-nobody-may-see"
)

// business is a customer of plusone's: it sends sign-ups, has Stripe send webhooks, and asks questions.
type business struct {
	t                      testing.TB
	door, api              string // base URLs
	secret, token, service string
	client                 *http.Client
}

func newBusiness(t testing.TB, door, api string) *business {
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	t.Cleanup(client.CloseIdleConnections)
	return &business{t: t, door: door, api: api, secret: webhookSecret, token: eventsToken, service: apiToken, client: client}
}

// message is a request as it is sent, as often as it takes.
type message struct {
	key    string // under which the worker records the event
	path   string
	body   []byte
	stripe bool
}

func signUp(user, code string, at time.Time) message {
	id := "registered-" + user
	body := mustJSON(map[string]any{
		"specversion": "1.0", "id": id, "source": "/test", "type": "user.registered", "time": at.UTC().Format(time.RFC3339),
		"data": map[string]any{"user_id": user, "username": user, "email": user + "@example.com", "referral_code": code},
	})
	return message{key: "ce:5:/test:" + id, path: "/v1/events", body: body}
}

// paid is a finished Checkout, refunded the charge of one that was given back in full.
func paid(user string, cents int64, at time.Time) message {
	return stripeEvent("evt_paid_"+user, "checkout.session.completed", at, map[string]any{
		"id": "cs_" + user, "object": "checkout.session", "mode": "payment", "payment_status": "paid",
		"client_reference_id": user, "payment_intent": "pi_" + user, "customer": nil, "amount_total": cents, "currency": "usd",
	})
}

func refunded(user string, cents int64, at time.Time) message {
	return stripeEvent("evt_refunded_"+user, "charge.refunded", at, map[string]any{
		"id": "ch_" + user, "object": "charge", "payment_intent": "pi_" + user, "customer": nil,
		"amount": cents, "amount_refunded": cents, "currency": "usd", "refunded": true,
	})
}

// charged is what Stripe sends beside a finished Checkout.
func charged(user string, cents int64, at time.Time) message {
	return stripeEvent("evt_charged_"+user, "charge.succeeded", at, map[string]any{
		"id": "ch_" + user, "object": "charge", "payment_intent": "pi_" + user, "customer": nil,
		"amount": cents, "amount_refunded": 0, "currency": "usd", "refunded": false,
	})
}

func stripeEvent(id, kind string, at time.Time, object map[string]any) message {
	body := mustJSON(map[string]any{
		"id": id, "object": "event", "type": kind, "api_version": "2023-10-16", "created": at.Unix(),
		"livemode": false, "data": map[string]any{"object": object},
	})
	return message{key: "stripe::" + id, path: "/webhooks/stripe", body: body, stripe: true}
}

func mustJSON(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return body
}

// send sends a message once. An answer of 0 is none.
func (b *business) send(m message) (status int, answer string) {
	req, err := http.NewRequest(http.MethodPost, b.door+m.path, bytes.NewReader(m.body))
	if err != nil {
		return 0, err.Error()
	}
	if m.stripe {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Stripe-Signature", testkit.SignedWebhook(m.body, b.secret, time.Now()))
	} else {
		req.Header.Set("Content-Type", "application/cloudevents+json")
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	res, err := b.client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

// mustSend sends messages that nothing keeps from being taken.
func (b *business) mustSend(messages ...message) {
	b.t.Helper()
	for _, m := range messages {
		if status, answer := b.send(m); !taken(status) {
			b.t.Fatalf("%s was answered %d: %s", m.path, status, answer)
		}
	}
}

func taken(status int) bool { return status == http.StatusOK || status == http.StatusAccepted }

// ask asks the API. It returns the status and the body of the answer; a status of 0 is none.
func (b *business) ask(path string) (int, []byte) {
	req, err := http.NewRequest(http.MethodGet, b.api+path, nil)
	if err != nil {
		return 0, []byte(err.Error())
	}
	req.Header.Set("Authorization", "Bearer "+b.service)
	res, err := b.client.Do(req)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, body
}

// code waits for a user's referral code.
func (b *business) code(user string) (code string) {
	b.t.Helper()
	testkit.Eventually(b.t, patience, func() (bool, string) {
		status, body := b.ask("/v1/users/" + user)
		var answer struct {
			Code string `json:"referral_code"`
		}
		if status == http.StatusOK {
			_ = json.Unmarshal(body, &answer)
		}
		code = answer.Code
		return code != "", fmt.Sprintf("%s: %d %s", user, status, body)
	})
	return code
}
