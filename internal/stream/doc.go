// Package stream owns everything JetStream: the connection, the three streams, publishing that ends with the server's
// acknowledgement, the batch loop over a durable consumer, and dead letters. It moves bytes and verdicts and knows
// nothing of what the bytes say: it must never reach store, referral, fact or db.
//
// What it promises, in the words of law 7 (nothing acknowledged is lost):
//
//   - Publish returns nil only after the stream said that it has the message.
//   - A message is acknowledged only after the handler returned nil for a batch that held it.
//   - A message is terminated only after its dead letter is stored, and never for a fault that may pass.
//
// The way of a message through the batch loop, which is also the order of the files:
//
//	session (pulls) → queue → batch (takes what is there, bisects) → settle (ack, nak) or deadletter (store, then term)
package stream
