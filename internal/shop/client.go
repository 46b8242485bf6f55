package shop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stripe/stripe-go/v76/webhook"
)

// client is how the shop speaks to plusone.
type client struct {
	Config

	http *http.Client
}

func newClient(c Config) *client {
	return &client{Config: c, http: &http.Client{Timeout: 10 * time.Second}}
}

// tokenFor is how long a user's token is good for: as long as a request takes, or as it takes to open the dashboard.
const tokenFor = 5 * time.Minute

// token says to plusone who asks.
func (c *client) token(userID string) (string, error) {
	now := time.Now()
	claims := jwt.RegisteredClaims{Subject: userID, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(tokenFor))}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(c.UserSecret))
}

// tell delivers a message. It returns errRefused where it would be in vain to come again.
func (c *client) tell(ctx context.Context, m message) error {
	path := "/v1/events"
	if m.Kind == payment {
		path = "/webhooks/stripe"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Plusone+path, bytes.NewReader(m.Body))
	if err != nil {
		return err
	}
	if m.Kind == payment {
		signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: m.Body, Secret: c.WebhookSecret})
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Stripe-Signature", signed.Header)
	} else {
		req.Header.Set("Content-Type", "application/cloudevents+json")
		req.Header.Set("Authorization", "Bearer "+c.EventsToken)
	}
	status, body, err := c.do(req)
	switch {
	case err != nil:
		return err
	case status/100 == 2:
		return nil
	case status/100 == 4 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout:
		return fmt.Errorf("%w: %d %s", errRefused, status, body)
	}
	return fmt.Errorf("plusone answered %d %s", status, body)
}

func (c *client) do(req *http.Request) (status int, body []byte, err error) {
	res, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	body, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, bytes.TrimSpace(body), errors.Join(err, res.Body.Close())
}

// errUnavailable says that plusone could not be asked.
var errUnavailable = errors.New("plusone can not be asked just now: try again in a moment")

// validity is what plusone says of a code.
type validity struct {
	Valid    bool   `json:"valid"`
	Error    string `json:"error"`
	Referrer struct {
		Username string `json:"username"`
	} `json:"referrer"`
}

// validate asks about a code on behalf of a visitor, who has no token yet.
func (c *client) validate(ctx context.Context, code, address string) (v validity, err error) {
	body, err := json.Marshal(map[string]string{"referral_code": code})
	if err != nil {
		return v, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Plusone+"/referral/validate", bytes.NewReader(body))
	if err != nil {
		return v, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-For", address)
	status, answer, err := c.do(req)
	if status == http.StatusTooManyRequests {
		return v, refuse(http.StatusTooManyRequests, "codes were looked up too often from where you are: try again in a minute")
	}
	if err != nil || status/100 == 5 {
		return v, errUnavailable
	}
	if status == http.StatusBadRequest || status == http.StatusUnprocessableEntity { // it does not even look like one
		return validity{Error: "Code not found"}, nil
	}
	if err := json.Unmarshal(answer, &v); err != nil || status != http.StatusOK {
		return v, fmt.Errorf("plusone answered %d to a question about a code", status)
	}
	return v, nil
}

// code is the code that a user hands on; empty while plusone does not know them.
func (c *client) code(ctx context.Context, userID string) string {
	var answer struct {
		Code string `json:"referral_code"`
	}
	if err := c.ask(ctx, userID, "/referral/code", &answer); err != nil {
		return ""
	}
	return answer.Code
}

// balance is what a user has, as plusone writes it. Empty when it can not be asked.
type balance struct {
	Credits  json.Number `json:"credits"`
	Currency string      `json:"currency"`
	All      []struct {
		Currency string `json:"currency"`
		Amount   string `json:"amount"`
	} `json:"balances"`
}

func (c *client) balance(ctx context.Context, userID string) (b balance, err error) {
	err = c.ask(ctx, userID, "/user/balance", &b)
	return b, err
}

// ask reads something as a user.
func (c *client) ask(ctx context.Context, userID, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Plusone+path, nil)
	if err != nil {
		return err
	}
	token, err := c.token(userID)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	status, body, err := c.do(req)
	if err != nil {
		return errUnavailable
	}
	if status != http.StatusOK {
		return fmt.Errorf("plusone answered %d to %s", status, path)
	}
	return json.Unmarshal(body, into)
}
