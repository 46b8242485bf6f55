// Package portal is the referrer's dashboard: their link and what came of it. It stands in a frame on the business's own
// pages, or is a page of its own. Who looks at it is known by the user's token, which the business's page posts. It reads
// the store, and writes one thing: whether somebody is on the leaderboard. It never reaches the stream.
package portal
