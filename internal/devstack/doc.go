// Package devstack is what `plusone dev` needs on one machine: a private PostgreSQL, a NATS server with JetStream in this
// process, a lock so that two of them do not share a folder, and the secrets it makes once and keeps.
// It knows nothing of plusone: it reaches the standard library, nats-server and pgx, and no other internal package.
package devstack
