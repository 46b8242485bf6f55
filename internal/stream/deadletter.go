package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// maxReason is the length of a reason in a dead letter, in bytes: an error's text may be of any size, the room for it
// is not (deadRoom).
const maxReason = 512

// obituary says of a message why it is given up.
type obituary struct {
	m             *Message
	class, reason string
}

// bury stores the dead letters and only then terminates the messages. One that cannot be stored is handed back: it
// will be handled, and given up, once more.
func (c *consumer) bury(ctx context.Context, dead []obituary) {
	if len(dead) == 0 {
		return
	}
	letters := make([]*nats.Msg, len(dead))
	at := time.Now()
	for i, o := range dead {
		letters[i] = deadLetter(o, at, dropNone)
	}
	stored := c.dead.publishAll(ctx, letters)
	for i, o := range dead {
		err := stored[i]
		for drop := dropNats; drop <= dropAll && errors.Is(err, ErrTooLarge); drop++ {
			err = c.dead.publishAll(ctx, []*nats.Msg{deadLetter(o, at, drop)})[0]
		}
		if err != nil {
			c.opts.Logger.LogAttrs(ctx, slog.LevelError, "a dead letter was not stored; its message comes again",
				slog.String("subject", o.m.Subject), slog.Uint64("sequence", o.m.Sequence), slog.Any("error", err))
			// The count of deliveries only spaces the attempts here: it decides nothing.
			c.nak(ctx, []*Message{o.m}, c.opts.FaultRetry.Delay(o.m.Delivered-1))
			continue
		}
		c.terminate(ctx, o)
	}
}

func (c *consumer) terminate(ctx context.Context, o obituary) {
	c.held.remove(o.m)
	c.faults.forget(o.m.Sequence)
	c.noteLost(ctx, o.m.raw.Term())
	c.count(verdictDead, 1)
	c.opts.Metrics.deadLetters.WithLabelValues(c.opts.Consumer, o.class).Inc()
	c.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "dead letter stored", slog.String("subject", o.m.Subject),
		slog.Uint64("sequence", o.m.Sequence), slog.String("class", o.class), slog.String("reason", cleanReason(o.reason)))
}

// drop says which of the original's headers a dead letter goes without. Renamed headers are longer than they were, so
// that very many of them can exceed deadRoom; the dead stream may also have a limit of its operator's. A letter that
// never fits would be handled for ever: its headers are given up, first the server's and then all, and never its body.
type drop int

const (
	dropNone drop = iota
	dropNats
	dropAll
)

func deadLetter(o obituary, at time.Time, without drop) *nats.Msg {
	m := o.m
	header, dropped := originalHeader(m.Header, without)
	for k, v := range map[string]string{
		jetstream.MsgIDHeader: deadID(m),
		HeaderDeadReason:      cleanReason(o.reason),
		HeaderDeadSubject:     m.Subject,
		HeaderDeadStream:      m.stream,
		HeaderDeadConsumer:    m.consumer,
		HeaderDeadSequence:    strconv.FormatUint(m.Sequence, 10),
		HeaderDeadDelivered:   strconv.Itoa(m.Delivered),
		HeaderDeadAt:          at.UTC().Format(time.RFC3339Nano),
	} {
		header[k] = []string{v}
	}
	if dropped > 0 {
		header[HeaderDeadDropped] = []string{fmt.Sprintf("%s: %d had no room", without, dropped)}
	}
	return &nats.Msg{Subject: DeadSubject(m.Subject), Header: header, Data: m.Data}
}

func (d drop) String() string {
	return [...]string{dropNone: "none", dropNats: "Nats-* headers", dropAll: "all headers"}[d]
}

// deadID is the same whenever this consumer gives up this message, so that a repeat (the term was lost, the process
// killed) is not stored twice. The time tells apart the messages of a stream that was made anew under the same name.
func deadID(m *Message) string {
	return fmt.Sprintf("dead:%s:%s:%d:%d", m.stream, m.consumer, m.Sequence, m.Time.UnixNano())
}

// originalHeader copies the headers of a message for its dead letter, and counts those it had to leave out. The server's
// own (Nats-Expected-Stream, Nats-TTL, …) are renamed: obeyed once more, they would make the dead stream refuse the
// letter for ever, or forget it soon. Those of an earlier death (a letter that was replayed) make way for the new ones.
func originalHeader(original nats.Header, without drop) (header nats.Header, dropped int) {
	header = make(nats.Header, len(original)+9)
	for k, v := range original {
		ofServer := hasPrefixFold(k, natsHeaderPrefix)
		switch {
		case hasPrefixFold(k, deadHeaderPrefix):
		case without == dropAll, without == dropNats && ofServer:
			dropped++
		case ofServer:
			header[OriginalPrefix+k] = v
		default:
			header[k] = v
		}
	}
	return header, dropped
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// cleanReason makes a text fit for a header: one line of printable UTF-8, cut to size.
func cleanReason(reason string) string {
	if len(reason) > maxReason {
		reason = reason[:maxReason]
	}
	reason = strings.ToValidUTF8(reason, "")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, reason))
}
