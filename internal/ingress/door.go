package ingress

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/plusone-dev/plusone/internal/ops"
	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/stream"
)

// outcome is what became of a request that was not refused.
type outcome struct {
	status int
	body   any     // answered as JSON
	result string  // accepted or dropped
	reason string  // why it was dropped
	events int     // how many events it was
	names  []named // for the log: what was accepted
}

// named is an event by its own id, and where it was published.
type named struct{ id, subject string }

// refusal is why a request was not accepted, in words for its sender. It never repeats what was sent.
type refusal struct {
	status int
	reason string // stable, and one of a fixed set: it is a label of the metric
	detail string
	errors []problem.Error
}

func (r *refusal) Error() string { return r.reason }

// refuse is a 400.
func refuse(reason, detail string) *refusal {
	return &refusal{status: http.StatusBadRequest, reason: reason, detail: detail}
}

// door is one way in: it holds callers to the method and the token, reads the body up to its cap, has it taken, and
// answers and counts what became of it.
type door struct {
	source  string
	metrics *metrics
	log     *slog.Logger
	take    func(r *http.Request, body []byte) (outcome, error)
	inner   http.Handler // serve, behind a lock where there is one
}

func newDoor(source string, m *metrics, log *slog.Logger, take func(*http.Request, []byte) (outcome, error)) *door {
	d := &door{source: source, metrics: m, log: log, take: take}
	d.inner = http.HandlerFunc(d.serve)
	return d
}

// lock lets only callers with one of the tokens in.
func (d *door) lock(tokens []string) *door {
	detail := "a valid bearer token is needed: Authorization: Bearer …"
	if len(tokens) == 0 {
		detail = "no token is configured for this ingress, so it takes no events over HTTP"
	}
	deny := func(w http.ResponseWriter, r *http.Request) {
		d.answerError(w, r, &refusal{status: http.StatusUnauthorized, reason: "unauthorized", detail: detail})
	}
	d.inner = ops.RequireBearer(tokens, d.inner, deny)
	return d
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	defer func() { d.metrics.request.WithLabelValues(d.source).Observe(time.Since(start).Seconds()) }()
	if r.Method != http.MethodPost {
		d.metrics.count(d.source, resultRejected, "method-not-allowed", 1)
		problem.MethodNotAllowed(w, http.MethodPost)
		return
	}
	d.inner.ServeHTTP(w, r)
}

func (d *door) serve(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r)
	var out outcome
	if err == nil {
		out, err = d.take(r, body)
	}
	if err != nil {
		d.answerError(w, r, err)
		return
	}
	d.metrics.count(d.source, out.result, out.reason, out.events)
	for _, event := range out.names {
		d.log.Debug("event "+out.result, "source", d.source, "event", event.id, "subject", event.subject, "reason", out.reason)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(out.status)
	_ = json.NewEncoder(w).Encode(out.body) //nolint:errchkjson // the status is what counts, and it is sent
}

// answerError tells what the sender did wrong from what the stream could not do.
func (d *door) answerError(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, stream.ErrTooLarge) { // sending it again would not make it smaller
		err = &refusal{
			status: http.StatusRequestEntityTooLarge, reason: "too-large-for-stream",
			detail: "the event is larger than the stream takes; its operator can raise max_payload of the NATS server to 2 MB",
		}
	}
	if ref, ok := errors.AsType[*refusal](err); ok {
		d.metrics.count(d.source, resultRejected, ref.reason, 1)
		d.log.WarnContext(r.Context(), "event refused", "source", d.source, "reason", ref.reason)
		problem.Write(w, problem.Problem{Status: ref.status, Reason: ref.reason, Detail: ref.detail, Errors: ref.errors})
		return
	}
	reason := "stream-unavailable"
	if errors.Is(err, context.DeadlineExceeded) {
		reason = "stream-timeout"
	}
	d.metrics.count(d.source, resultUnavailable, reason, 1)
	d.log.ErrorContext(r.Context(), "the stream did not take an event", "source", d.source, "reason", reason, "error", err)
	w.Header().Set("Retry-After", retryAfter)
	problem.Write(w, problem.Problem{
		Status: http.StatusServiceUnavailable,
		Reason: reason,
		Detail: "the event could not be stored; it was not accepted, and should be sent again",
	})
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var buf bytes.Buffer
	buf.Grow(int(min(max(r.ContentLength, 0), usualBody)) + bytes.MinRead) // most come in one piece; no stranger's word is good for more
	_, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, &refusal{
			status: http.StatusRequestEntityTooLarge,
			reason: "body-too-large",
			detail: "the body is larger than " + strconv.Itoa(maxBody) + " bytes",
		}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, &refusal{status: http.StatusRequestTimeout, reason: "body-too-slow", detail: "the body did not arrive in time"}
	}
	if err != nil {
		return nil, refuse("body-unreadable", "the body could not be read to its end")
	}
	return buf.Bytes(), nil
}
