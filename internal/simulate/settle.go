package simulate

import (
	"context"
	"fmt"
	"time"
)

// Database is what is asked of plusone's database, of many at a time.
type Database interface {
	Codes
	// Recorded returns those of the keys under which an event is recorded.
	Recorded(ctx context.Context, keys []string) ([]string, error)
	// OutboxLag says how many rows wait in the outbox, and how long the oldest has waited.
	OutboxLag(ctx context.Context) (rows int64, age time.Duration, err error)
	// Referrals are those of referees.
	Referrals(ctx context.Context, referees []string) ([]Referral, error)
	// Balances are those of users, where there are any.
	Balances(ctx context.Context, users []string) ([]Balance, error)
	// Rewards are the sums of what was posted for the referrals of referees.
	Rewards(ctx context.Context, referees []string) ([]Reward, error)
}

// Referral is one as it is.
type Referral struct {
	Referee, Referrer string
	Standing
}

// Balance is one as it is, in minor units.
type Balance struct {
	User, Currency string
	Minor          int64
}

// Reward is what was posted in a currency, in minor units.
type Reward struct {
	Currency         string
	Granted, Revoked int64
}

// Settled says how long it took until everything that was taken had its effect. An event is recorded in the transaction
// that decides what follows from it.
type Settled struct {
	Events   int `json:"events"`   // that were accepted, and that plusone reads
	Recorded int `json:"recorded"` // of these
	// Seconds is how long that took at most, from the last that was accepted: asking for all of them, page by page, is in it.
	Seconds float64  `json:"seconds"`
	Missing []string `json:"missing,omitempty"`
	// Relayed is how long after that, at most, the outbox had no row from before, in seconds; 0 when it still had when time was up.
	// Then Waiting is how many rows it had, and WaitingSince when the oldest was made.
	Relayed      float64   `json:"relayed_seconds"`
	Waiting      int64     `json:"waiting"`
	WaitingSince time.Time `json:"waiting_since,omitzero"`
}

// examples is how many things that are wrong are named.
const examples = 10

// page is how many things the database is asked of at a time.
const page = 1000

// lookEvery is how often the database is asked again.
const lookEvery = 10 * time.Millisecond

// Settle waits until every fact that was accepted is recorded, and what was to be told of them has left the outbox, or time
// is up. An answer that does not come is asked for again: the database may be away for a while. show is told how many are
// recorded. Error: the database's, or the context's.
func Settle(ctx context.Context, run *Run, sent Sent, db Database, patience time.Duration, show func(recorded, of int)) (Settled, error) {
	keys := run.accepted(sent.Statuses)
	out := Settled{Events: len(keys)}
	until := time.Now().Add(patience)
	for from := 0; from < len(keys); from += page {
		missing, err := awaitRecorded(ctx, db, keys[from:min(from+page, len(keys))], until)
		if err != nil {
			return out, err
		}
		out.Missing = append(out.Missing, missing[:min(len(missing), examples-len(out.Missing))]...)
		out.Recorded += min(page, len(keys)-from) - len(missing)
		show(out.Recorded, out.Events)
	}
	if len(keys) > 0 {
		out.Seconds = max(0, time.Since(sent.Last).Seconds())
	}
	return out, out.awaitRelayed(ctx, db, until)
}

// accepted are the keys of the facts that were accepted and will be recorded.
func (r *Run) accepted(statuses []Status) []string {
	var keys []string
	for i, s := range statuses {
		if key, recorded := r.Key(int32(i)); s == Accepted && recorded {
			keys = append(keys, key)
		}
	}
	return keys
}

// awaitRecorded waits for some, and returns those that are not there when time is up.
func awaitRecorded(ctx context.Context, db Database, keys []string, until time.Time) (missing []string, err error) {
	missing = keys
	for {
		found, err := db.Recorded(ctx, missing)
		if err == nil {
			missing = without(missing, found)
		}
		switch {
		case len(missing) == 0:
			return nil, nil
		case time.Now().After(until):
			return missing, err
		case !sleep(ctx, lookEvery):
			return missing, fmt.Errorf("waiting for events to be recorded: %w", context.Cause(ctx))
		}
	}
}

// awaitRelayed waits until the oldest row of the outbox is from after the moment when all was recorded. What others write
// meanwhile is not waited for.
func (s *Settled) awaitRelayed(ctx context.Context, db Database, until time.Time) error {
	recorded := time.Now()
	for {
		since := time.Since(recorded) // measured first, so that a row is rather taken for too old than for too young
		rows, age, err := db.OutboxLag(ctx)
		switch {
		case err == nil && (rows == 0 || age < since):
			s.Relayed = time.Since(recorded).Seconds()
			return nil
		case time.Now().After(until):
			s.Waiting, s.WaitingSince = rows, time.Now().Add(-age)
			return err
		case !sleep(ctx, lookEvery):
			return fmt.Errorf("waiting for the outbox: %w", context.Cause(ctx))
		}
	}
}

func without(all, some []string) (rest []string) {
	gone := make(map[string]bool, len(some))
	for _, s := range some {
		gone[s] = true
	}
	for _, s := range all {
		if !gone[s] {
			rest = append(rest, s)
		}
	}
	return rest
}
