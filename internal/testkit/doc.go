// Package testkit is for tests alone: a fresh database for each test, streams, real servers and programs that can be
// killed, signed fixtures, and a way to wait for a condition. A package that uses more than Eventually, NATS and
// SignedWebhook has
//
//	func TestMain(m *testing.M) { testkit.Run(m, migrate) }
//
// where migrate brings an empty database to the schema under test; it is handed in because testkit reaches no package of
// plusone but devstack, so that every package can use it. nil will do where no test asks for a database.
package testkit
