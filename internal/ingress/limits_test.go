package ingress

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/stream"
)

// TestWhatTheStreamCanNeverTake is refused: sent again it would be as large.
func TestWhatTheStreamCanNeverTake(t *testing.T) {
	b := newBench(t, nil)
	b.stream.fail = func(context.Context, string) error { return fmt.Errorf("publishing: %w", stream.ErrTooLarge) }
	w := b.do(stripeRequest(charge, sign(charge, secret, now)))
	p := b.wantRefused(t, w, "stripe", http.StatusRequestEntityTooLarge, "too-large-for-stream")
	if !strings.Contains(p.Detail, "max_payload") || w.Header().Get("Retry-After") != "" {
		t.Errorf("detail %q, Retry-After %q", p.Detail, w.Header().Get("Retry-After"))
	}
}

// TestSignUpOfTheFuture is refused here as the worker would refuse it.
func TestSignUpOfTheFuture(t *testing.T) {
	for ahead, taken := range map[time.Duration]bool{fact.MaxAhead: true, fact.MaxAhead + time.Second: false} {
		b := newBench(t, nil)
		event := fmt.Sprintf(`{"specversion":"1.0","id":"1","source":"/s","type":"user.registered","data":{"user_id":"bob","registered_at":%q}}`,
			now.Add(ahead).Format(time.RFC3339))
		w := b.do(eventRequest("application/cloudevents+json", event))
		if taken {
			if w.Code != http.StatusAccepted {
				t.Errorf("%s ahead: status %d", ahead, w.Code)
			}
			continue
		}
		if p := b.wantRefused(t, w, "cloudevents", http.StatusBadRequest, "invalid-event"); !strings.Contains(p.Detail, "clock") {
			t.Errorf("detail %q", p.Detail)
		}
	}
}
