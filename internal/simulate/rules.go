package simulate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Rules are the terms of a program, as far as the model knows them. Amounts are in minor units, by currency.
type Rules struct {
	Version int       // of the terms
	Since   time.Time // when the version came into force
	Minimum map[string]int64
	Within  time.Duration
	Grace   time.Duration
	Hold    time.Duration
	Refunds string // Any, BelowMinimum or Full
	MaxUses int    // of a code; 0: no maximum
	First   bool   // the first purchase decides, or none does
	// Requalify says that a later purchase may stand in for one whose money went back.
	Requalify bool
	// Rewards is what each side gets, Referrer and Referee.
	Rewards map[string]map[string]int64
}

// What takes a reward back.
const (
	Any          = "any"
	BelowMinimum = "below_minimum"
	Full         = "full"
)

// The sides of a referral.
const (
	Referrer = "referrer"
	Referee  = "referee"
)

// margin is how long before a window closes, or a hold ends, a run must be over: what time alone changes is not simulated.
const margin = 10 * time.Minute

// largest is the most a minimum may be, so that no sum of what is made up overflows.
const largest = 1_000_000_000

// longGrace is the longest for which an earlier purchase has a date that Stripe's events may have.
const longGrace = 5 * 365 * 24 * time.Hour

// Check refuses rules that the model does not know how to hold anybody to. span is how long the run may take.
func (r Rules) Check(began time.Time, span time.Duration) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if r.Since.After(began) && r.Version > 1 {
		bad("version %d of the program comes into force at %s, and it is %s: try again then", r.Version,
			r.Since.Format(time.RFC3339), began.UTC().Format(time.RFC3339))
	}
	if !slices.Contains([]string{Any, BelowMinimum, Full}, r.Refunds) {
		bad("refunds: %s is not simulated", r.Refunds)
	}
	if r.Within < span+margin {
		bad("qualify.within is %s: windows would close while this runs, which is not simulated", r.Within)
	}
	if r.Grace > longGrace {
		bad("qualify.grace is %s: nobody's earlier purchases can be simulated", r.Grace)
	}
	if r.Hold > 0 && r.Hold < span+margin {
		bad("hold is %s: holds would end while this runs, which is not simulated; 0s, or more than %s, is", r.Hold, span+margin)
	}
	for _, c := range r.currencies() {
		if r.Minimum[c] > largest {
			bad("qualify.minimum.%s is too large to be simulated", c)
		}
	}
	return errors.Join(errs...)
}

// currencies are those that are listed, in order.
func (r Rules) currencies() []string { return slices.Sorted(maps.Keys(r.Minimum)) }
