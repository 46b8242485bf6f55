package worker

import (
	"context"
	"log/slog"
)

// outage logs a fault when it begins and when it is over, not each time it is met: an hour without the database is two
// lines, and the metrics count the rest. It is used by one goroutine.
type outage struct {
	log   *slog.Logger
	what  string
	since int // failures so far; 0 while all is well
}

// note takes the result of one attempt.
func (o *outage) note(ctx context.Context, err error) {
	switch {
	case err != nil && o.since == 0:
		o.since++
		o.log.WarnContext(ctx, o.what+" fails; it is tried again until it works", "error", err)
	case err != nil:
		o.since++
		o.log.DebugContext(ctx, o.what+" still fails", "error", err, "attempts", o.since)
	case o.since > 0:
		o.log.InfoContext(ctx, o.what+" works again", "failures", o.since)
		o.since = 0
	}
}
