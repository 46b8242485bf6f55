package stream

import "strings"

// The streams.
const (
	In   = "PLUSONE_IN"   // events from Stripe and the business, and decisions by people
	Out  = "PLUSONE_OUT"  // what came of them
	Dead = "PLUSONE_DEAD" // what could not be processed, kept until a person has looked
)

// The subjects of the streams all begin with these.
const (
	InPrefix   = "plusone.in."
	OutPrefix  = "plusone.out."
	DeadPrefix = "plusone.dead."
)

// DefaultConsumer is the durable consumer of the workers on In.
const DefaultConsumer = "worker"

// Headers of a dead letter. The original's own headers stand beside them; those that mean something to the server
// (Nats-…) are kept under OriginalPrefix, for they would act a second time on the dead letter.
const (
	HeaderDeadReason    = "Plusone-Dead-Reason"    // why, in words
	HeaderDeadSubject   = "Plusone-Dead-Subject"   // the original subject
	HeaderDeadStream    = "Plusone-Dead-Stream"    // the stream it came from
	HeaderDeadConsumer  = "Plusone-Dead-Consumer"  // the consumer that gave up
	HeaderDeadSequence  = "Plusone-Dead-Sequence"  // its sequence in that stream
	HeaderDeadDelivered = "Plusone-Dead-Delivered" // how often it had been delivered, outages included
	HeaderDeadAt        = "Plusone-Dead-At"        // when it was given up, RFC 3339 in UTC
	HeaderDeadDropped   = "Plusone-Dead-Dropped"   // which of the original's headers had no room; absent when all had

	OriginalPrefix = "Plusone-Original-"

	deadHeaderPrefix = "Plusone-Dead-"
	natsHeaderPrefix = "Nats-"
)

// DeadSubject is where the dead letter of a message goes: plusone.in.user.registered → plusone.dead.in.user.registered.
func DeadSubject(subject string) string {
	return DeadPrefix + strings.TrimPrefix(subject, "plusone.")
}
