package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// What a publisher may be told. ErrFull and ErrUnavailable may pass (a door answers 503); ErrTooLarge never does.
var (
	// ErrFull says that the stream, or the account's storage, has no room: it refuses what is new.
	ErrFull = errors.New("stream: full")
	// ErrUnavailable says that no acknowledgement came: no connection, no stream, or no answer in time. The message
	// may have been stored nevertheless; publishing it again under the same id is safe.
	ErrUnavailable = errors.New("stream: unavailable")
	// ErrTooLarge says that the message exceeds what the server or the stream takes.
	ErrTooLarge = errors.New("stream: message too large")
)

// Error codes of the server for which nats.go has no names (jetstream_errors_generated.go in nats-server).
const (
	codeAccountResources jetstream.ErrorCode = 10002
	codeInsufficient     jetstream.ErrorCode = 10023
	codeMemoryResources  jetstream.ErrorCode = 10028
	codeStorageResources jetstream.ErrorCode = 10047
	codeBatchesDisabled  jetstream.ErrorCode = 10174
	codeDuplicateInBatch jetstream.ErrorCode = 10201
	codeStoreFailed      jetstream.ErrorCode = 10077 // its description says why, among others "maximum messages exceeded"
)

// unavailable are the client's errors that mean: nobody took it.
var unavailable = []error{
	nats.ErrDisconnected, nats.ErrConnectionClosed, nats.ErrConnectionReconnecting, nats.ErrReconnectBufExceeded,
	nats.ErrNoResponders, nats.ErrTimeout, context.DeadlineExceeded,
	jetstream.ErrNoStreamResponse, jetstream.ErrAsyncPublishTimeout, jetstream.ErrTooManyStalledMsgs,
	jetstream.ErrJetStreamPublisherClosed, jetstream.ErrConnectionClosed,
}

// classify puts one of the errors above before what a publish returned, so that callers need not know nats.go's.
func classify(err error) error {
	if err == nil {
		return nil
	}
	if kind := kindOf(err); kind != nil && !errors.Is(err, kind) {
		return fmt.Errorf("%w: %w", kind, err)
	}
	return err
}

func kindOf(err error) error {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return kindOfAPI(api)
	}
	if errors.Is(err, nats.ErrMaxPayload) {
		return ErrTooLarge
	}
	for _, u := range unavailable {
		if errors.Is(err, u) {
			return ErrUnavailable
		}
	}
	return nil
}

func kindOfAPI(err *jetstream.APIError) error {
	switch err.ErrorCode {
	case jetstream.JSErrCodeStreamMessageExceedsMaximum:
		return ErrTooLarge
	case codeAccountResources, codeInsufficient, codeMemoryResources, codeStorageResources:
		return ErrFull
	case codeStoreFailed:
		if strings.Contains(err.Description, "maximum") && strings.Contains(err.Description, "exceeded") {
			return ErrFull
		}
		return ErrUnavailable
	default:
		if err.Code >= 500 {
			return ErrUnavailable
		}
		return nil
	}
}
