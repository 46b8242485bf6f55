package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Connect opens a connection that mends itself for ever, to one of the servers, which are separated by commas. Answers
// come to inboxes of the user's own, as identify says. More options may be given, such as nats.RetryOnFailedConnect(true)
// to start before the server does; no handler of ours logs a credential.
func Connect(server, name string, log *slog.Logger, more ...nats.Option) (*nats.Conn, error) {
	log = orDiscard(log).With("nats", name)
	nc, err := nats.Connect(server, slices.Concat(connectOptions(name, log), identify(server), more)...)
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
		// A password that is wrong today (it is being replaced, here or there) is an outage like any other.
		nats.IgnoreAuthErrorAbort(),
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
		nats.ReconnectErrHandler(sparingly(func(err string) {
			log.Warn("NATS can not be reached; trying again until it can", "error", err)
		})),
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

// tellEvery is how often a connection says that it still can not be made.
const tellEvery = 10 * time.Second

// sparingly tells of an error at once, and of those after it every so often: a client tries several times a second. It
// calls one handler after the other.
func sparingly(tell func(err string)) nats.ConnErrHandler {
	var told time.Time
	return func(_ *nats.Conn, err error) {
		if err != nil && time.Since(told) >= tellEvery {
			told = time.Now()
			tell(redact(err.Error()))
		}
	}
}

// InboxPrefix is what the inboxes of a user begin with: "_INBOX_worker". The permissions of users hold each to its own, so
// that none can read what another is answered. Without a user, or with one whose name can not be a part of a subject, it
// is the client's own.
func InboxPrefix(user string) string {
	if user == "" || strings.ContainsAny(user, ".*> \t\r\n") {
		return strings.TrimSuffix(nats.InboxPrefix, ".")
	}
	return "_INBOX_" + user
}

// identify gives the user and password of the first server that has them to the whole connection: servers that the
// client hears of later come without.
func identify(servers string) []nats.Option {
	for server := range strings.SplitSeq(servers, ",") {
		if server = strings.TrimSpace(server); !strings.Contains(server, "://") {
			server = "nats://" + server
		}
		u, err := url.Parse(server)
		if err != nil || u.User == nil {
			continue
		}
		if password, ok := u.User.Password(); ok { // what stands alone is a token
			user := u.User.Username()
			return []nats.Option{nats.UserInfo(user, password), nats.CustomInboxPrefix(InboxPrefix(user))}
		}
	}
	return nil
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
