package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
)

// Door is where a run is told: one ingress, or several with the same streams behind them.
type Door struct {
	Targets     []string // base URLs; events go to them in turn, and to the next when one does not take them
	Secret      string   // signs webhooks
	Token       string   // opens the door of sign-ups
	Connections int      // how many events are on their way at a time
	GiveUp      time.Duration
}

// attemptTimeout is how long an answer may take.
const attemptTimeout = 15 * time.Second

// client keeps as many connections open as there are events on their way.
func (d Door) client() *http.Client {
	return &http.Client{
		Timeout: attemptTimeout,
		Transport: &http.Transport{
			MaxIdleConns: d.Connections * len(d.Targets), MaxIdleConnsPerHost: d.Connections, IdleConnTimeout: time.Minute,
			DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is what became of one attempt.
type answer struct {
	verdict verdict
	reason  string // why it was not taken
	took    time.Duration
}

type verdict uint8

const (
	again    verdict = iota // it may have been taken, or may be the next time
	taken                   // the stream has it
	rejected                // it will never be taken
)

// attempt sends a message once. A webhook is signed anew, as Stripe does.
func (d Door) attempt(ctx context.Context, client *http.Client, target string, m Message) answer {
	req, err := d.request(ctx, target, m)
	if err != nil {
		return answer{verdict: rejected, reason: err.Error()}
	}
	start := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return answer{reason: unanswered(err), took: time.Since(start)}
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	took := time.Since(start)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return answer{reason: unanswered(err), took: took}
	}
	a := answer{took: took, verdict: judge(res.StatusCode)}
	if a.verdict != taken {
		a.reason = reason(res.StatusCode, text)
	}
	return a
}

func (d Door) request(ctx context.Context, target string, m Message) (*http.Request, error) {
	path := "/v1/events"
	if m.Stripe {
		path = "/webhooks/stripe"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target+path, bytes.NewReader(m.Body))
	if err != nil {
		return nil, errors.New("the target is no URL")
	}
	if m.Stripe {
		signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: m.Body, Secret: d.Secret})
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
		req.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
		req.Header.Set("Stripe-Signature", signed.Header)
	} else {
		req.Header.Set("Content-Type", "application/cloudevents+json")
		req.Header.Set("Authorization", "Bearer "+d.Token)
	}
	return req, nil
}

// judge takes any answer but a refusal for one after which Stripe would come again.
func judge(status int) verdict {
	switch {
	case status == http.StatusOK || status == http.StatusAccepted:
		return taken
	case status == http.StatusRequestTimeout || status == http.StatusTooEarly || status == http.StatusTooManyRequests:
		return again
	case status >= 400 && status < 500:
		return rejected
	}
	return again
}

// reason is the code in a problem document, or else the status.
func reason(status int, text []byte) string {
	var problem struct{ Reason string }
	if json.Unmarshal(text, &problem) == nil && problem.Reason != "" {
		return strconv.Itoa(status) + " " + problem.Reason
	}
	return fmt.Sprintf("%d %s", status, http.StatusText(status))
}

// unanswered names what happened to a request without an answer, in few words: it is counted by them.
func unanswered(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return "no answer"
}

// pause is how long to wait before an attempt: longer and longer, up to two seconds. Stripe waits for hours; what is
// told here is told today.
func pause(attempt int) time.Duration {
	return min(50*time.Millisecond<<min(attempt, 10), 2*time.Second)
}
