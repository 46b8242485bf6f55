package sample

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
)

// user and referral are what the story needs of the API's answers.
type user struct {
	Code     string `json:"referral_code"`
	Balances []struct {
		Currency, Amount string
	} `json:"balances"`
}

func (u user) balance() string {
	var all []string
	for _, b := range u.Balances {
		all = append(all, b.Amount+" "+b.Currency)
	}
	if len(all) == 0 {
		return "-"
	}
	return strings.Join(all, ", ")
}

type referral struct {
	Referrer string
	Status   string
	Reason   string
	Checks   []struct {
		Name   string
		OK     bool
		Detail string
	}
}

// sawPurchase says whether the purchase has been looked at, whatever the terms in force made of it.
func (r referral) sawPurchase() bool {
	return r.Status != "pending" || strings.HasPrefix(r.why(), "paid ")
}

// why is the check that failed, or else the one about the minimum.
func (r referral) why() string {
	detail := ""
	for _, c := range r.Checks {
		if !c.OK {
			return c.Detail
		}
		if c.Name == "minimum" {
			detail = c.Detail
		}
	}
	return detail
}

// interval is how often to ask again for what has not happened yet.
const interval = 20 * time.Millisecond

// await asks until the answer is the wanted one.
func await(ctx context.Context, what string, ask func() (bool, error)) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		ok, err := ask()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s did not happen in time: %w", what, ctx.Err())
		case <-ticker.C:
		}
	}
}

// WaitReady waits until a plusone is ready to serve.
func WaitReady(ctx context.Context, base string) error {
	return await(ctx, "plusone becoming ready", func() (bool, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
		if err != nil {
			return false, err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false, ctx.Err() // not listening yet
		}
		return res.StatusCode == http.StatusOK, res.Body.Close()
	})
}

func (p *player) awaitUser(ctx context.Context, id string) (u user, err error) {
	err = await(ctx, "the sign-up of "+id, func() (bool, error) {
		err := p.get(ctx, "/v1/users/"+url.PathEscape(id), &u)
		return u.Code != "", err
	})
	return u, err
}

func (p *player) awaitReferral(ctx context.Context, referee string, wanted func(referral) bool) (r referral, err error) {
	err = await(ctx, "the referral of "+referee, func() (bool, error) {
		var list struct{ Referrals []referral }
		if err := p.get(ctx, "/v1/referrals?referee="+url.QueryEscape(referee), &list); err != nil || len(list.Referrals) == 0 {
			return false, err
		}
		r = list.Referrals[0]
		return wanted(r), nil
	})
	return r, err
}

// get asks the API. What is not there yet is no error: it leaves the answer empty.
func (p *player) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.Token)
	body, err := send(req, http.StatusOK, http.StatusNotFound)
	if err != nil || bytes.Contains(body, []byte(`"status":404`)) {
		return err
	}
	return json.Unmarshal(body, into)
}

// register publishes a sign-up, as the business's own service would.
func (p *player) register(ctx context.Context, id, code string) error {
	event := map[string]any{
		"specversion": "1.0", "id": "sample-registered-" + id, "source": "/sample", "type": "user.registered",
		"time": p.began.UTC().Format(time.RFC3339Nano),
		"data": map[string]any{"user_id": id, "username": id, "email": id + "@example.com", "referral_code": code},
	}
	body, err := json.Marshal(event)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/v1/events", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/cloudevents+json")
	req.Header.Set("Authorization", "Bearer "+p.Token)
	_, err = send(req, http.StatusAccepted)
	return err
}

// webhook sends a signed event, as Stripe would.
func (p *player) webhook(ctx context.Context, kind, id string, object map[string]any) error {
	payload, err := json.Marshal(map[string]any{
		"id": id, "object": "event", "type": kind, "api_version": "2023-10-16", "created": time.Now().Unix(),
		"livemode": p.Live, "data": map[string]any{"object": object},
	})
	if err != nil {
		return err
	}
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: payload, Secret: p.WebhookSecret})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/webhooks/stripe", bytes.NewReader(payload))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Stripe-Signature", signed.Header)
	_, err = send(req, http.StatusOK)
	return err
}

func (p *player) session(who string, cents int64) map[string]any {
	return map[string]any{
		"id": "cs_sample_" + who, "object": "checkout.session", "mode": "payment", "payment_status": "paid",
		"client_reference_id": who, "payment_intent": "pi_sample_" + who, "customer": nil,
		"amount_total": cents, "currency": "usd",
	}
}

func (p *player) refundedCharge(who string, cents int64) map[string]any {
	return map[string]any{
		"id": "ch_sample_" + who, "object": "charge", "payment_intent": "pi_sample_" + who, "customer": nil,
		"amount": cents, "amount_refunded": cents, "currency": "usd", "refunded": true,
	}
}

// send sends a request and insists on one of the answers.
func send(req *http.Request, accept ...int) ([]byte, error) {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	err = errors.Join(err, res.Body.Close())
	for _, status := range accept {
		if res.StatusCode == status {
			return body, err
		}
	}
	return nil, fmt.Errorf("%s %s answered %s: %s", req.Method, req.URL.Path, res.Status, bytes.TrimSpace(body))
}
