package program

import (
	"bytes"
	"fmt"

	"github.com/plusone-dev/plusone/internal/referral"
)

// Marshal writes terms as a program in one canonical form: equal terms give equal bytes, and every value is spelled
// out, so that the text means the same when a default changes. Parse gives the terms back, if it can give them at all.
func Marshal(t referral.Terms) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("name: %s", t.Program)
	line("codes:")
	line("  length: %d", t.Codes.Length)
	line("  max_uses: %d", t.Codes.MaxUses)
	line("qualify:")
	line("  purchase: first_at_minimum")
	line("  minimum: %s", written(t.Qualify.Minimum))
	line("  within: %s", formatDuration(t.Qualify.Within))
	line("  grace: %s", formatDuration(t.Qualify.Grace))
	line("  verified_email: false")
	line("hold: %s", formatDuration(t.Hold))
	line("refunds: %s", t.Refunds)
	line("rewards:")
	for _, r := range t.Rewards {
		line("  - {to: %s, fixed: %s}", r.To, written(r.Fixed))
	}
	line("credit_purchases: false")
	return b.Bytes()
}
