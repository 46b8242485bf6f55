package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"time"

	"github.com/nats-io/nats.go"
)

// Connect opens a connection that mends itself for ever. More options may be given, such as
// nats.RetryOnFailedConnect(true) to start before the server does; no handler of ours logs a credential.
func Connect(server, name string, log *slog.Logger, more ...nats.Option) (*nats.Conn, error) {
	log = orDiscard(log).With("nats", name)
	nc, err := nats.Connect(server, append(connectOptions(name, log), more...)...)
	if err != nil {
		var malformed *url.Error
		if errors.As(err, &malformed) {
			// Its text quotes the URL, and even its cause may quote half a password.
			return nil, errors.New("stream: connecting to NATS: the URL cannot be parsed")
		}
		return nil, fmt.Errorf("stream: connecting to NATS: %w", err)
	}
	return nc, nil
}

func connectOptions(name string, log *slog.Logger) []nats.Option {
	return []nats.Option{
		nats.Name(name),
		nats.Timeout(5 * time.Second),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(250*time.Millisecond, time.Second),
		// A peer that vanished without closing is noticed after half a minute, not after nats.go's six.
		nats.PingInterval(10 * time.Second),
		nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("connection to NATS lost", "error", redact(err.Error()))
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			log.Info("connected to NATS again", "server", nc.ConnectedUrlRedacted())
		}),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			log.Error("NATS reports an error", "error", redact(err.Error()), "subject", subject)
		}),
	}
}

// userinfo is what stands between the slashes and the last at sign of a URL: a user and password, or a token. nats.go's
// own errors name servers by their address, so this only guards against those of whatever lies below.
var userinfo = regexp.MustCompile(`//[^\s,]*@`)

func redact(text string) string { return userinfo.ReplaceAllString(text, "//***@") }

// whileConnected is a context that also ends when the connection is lost: what was asked then is never answered, and
// waiting for its timeout would only delay the next attempt.
func whileConnected(ctx context.Context, nc *nats.Conn, atMost time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	lost := nc.StatusChanged(nats.RECONNECTING, nats.CLOSED)
	if !nc.IsConnected() {
		cancel()
	}
	go func() {
		select {
		case <-lost:
			cancel()
		case <-ctx.Done():
		}
		nc.RemoveStatusListener(lost)
	}()
	return ctx, cancel
}

func orDiscard(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}
