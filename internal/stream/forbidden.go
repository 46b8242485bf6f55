package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// ErrForbidden says that NATS lets the user of this connection not do what was asked.
var ErrForbidden = errors.New("NATS does not allow it to this user")

const (
	// adviseMake is what to do about a stream that is missing, or not as it should be.
	adviseMake = "run `plusone streams` as the user tools"
	// adviseUser is what to do when a user may not do what its role does all day.
	adviseUser = "is it the user of this role? See docs/security.md"
)

// refusalsEvery is how often a request looks whether it was refused.
const refusalsEvery = 20 * time.Millisecond

// request is what is asked of the server's API, as far as its subject tells it from others.
type request struct {
	api    string // such as "STREAM.INFO."
	stream string
	advice string // on what to do when it is refused
}

// unlessRefused asks, with a context that ends when the server refuses the request. It would not be answered: what the
// server has to say of it comes to the connection.
func unlessRefused(ctx context.Context, nc *nats.Conn, r request, ask func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	before := nc.LastError()
	go func() {
		for sleep(ctx, refusalsEvery) {
			if said := nc.LastError(); said != before && r.isRefusedBy(said) { //nolint:errorlint // is it the very same?
				cancel(fmt.Errorf("%w: %s (%w)", ErrForbidden, r.advice, said))
			}
		}
	}()
	err := ask(ctx)
	refusal := context.Cause(ctx)
	if err == nil || !errors.Is(refusal, ErrForbidden) {
		return err
	}
	if err.Error() == context.Canceled.Error() {
		return refusal
	}
	return fmt.Errorf("%w: %w", refusal, err) // it says what was about to be done
}

// isRefusedBy says whether an error of the connection is about this request, or about the inbox for its answer.
func (r request) isRefusedBy(err error) bool {
	text := err.Error()
	return errors.Is(err, nats.ErrPermissionViolation) &&
		(strings.Contains(text, `Subscription to "`) || strings.Contains(text, `"$JS.API.`+r.api) && strings.Contains(text, "."+r.stream))
}
