package model

import (
	"time"

	"github.com/plusone-dev/plusone/internal/money"
)

// Version is a version of a program's terms, in force from a moment on.
type Version struct {
	From time.Time
	Terms
}

// Terms are the rules of a program. Amounts are in minor units.
type Terms struct {
	MaxUses         int  // of a code; 0 for no maximum
	First           bool // the first purchase decides, and not the first that meets the minimum
	Minimum         map[money.Currency]int64
	Within, Grace   time.Duration
	VerifiedEmail   bool
	Requalify       bool
	Hold            time.Duration
	Refunds         string // any, below_minimum, full
	Rewards         []Promise
	Tiers           []Tier
	CreditPurchases bool
	Fraud           map[string]string // what follows from a signal: flag, review, cancel
	PerIPMax        int               // how many sign-ups from one IP address are too few to be a signal
	PerIPWithin     time.Duration
}

// Promise is a reward that the terms promise.
type Promise struct {
	To         string
	SignUp     bool
	Fixed      map[money.Currency]int64
	Millionths int64 // of the net purchase, in place of Fixed
	AtMost     map[money.Currency]int64
}

// Tier begins with the use of a code that has a number.
type Tier struct {
	Name    string
	From    int
	Rewards []Promise // in place of the program's, unless there are none
}

// The words of the outcome.
const (
	referrer, referee = "referrer", "referee"

	pending, qualified, rewarded, cancelled = "pending", "qualified", "rewarded", "cancelled"
)
