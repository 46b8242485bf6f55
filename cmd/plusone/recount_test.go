package main

import (
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// TestRecount finds what the tallies lack, and has the audit hold again.
func TestRecount(t *testing.T) {
	s := newSettled(t)
	dsn := testkit.As(t, s.dsn, "plusone_tools")
	recount := func(want string) {
		t.Helper()
		code, out, errs := invoke(t, "recount", "--database-url", dsn)
		if code != 0 {
			t.Errorf("it ended with %d and %s", code, errs)
		}
		mustSay(t, out, want)
	}
	recount("every tally is right\n")
	execute(t, s.dsn, "delete from tally_queue; update daily set n = 0 where name <> 'visits'; update standings set rewarded = 0")
	code, out, _ := invoke(t, "audit", "--database-url", dsn)
	if code != exitFailed {
		t.Errorf("the audit ended with %d", code)
	}
	mustSay(t, out, "Law 3, Full settlement.", "the tallies are what the referrals, sign-ups and transfers add up to")
	recount(" tallies were off; what they lack is queued")
	recount("every tally is right\n")
	if code, out, errs := invoke(t, "audit", "--database-url", dsn); code != 0 {
		t.Errorf("the audit ended with %d, %s%s", code, out, errs)
	}
}
