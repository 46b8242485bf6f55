package program

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/plusone-dev/plusone/internal/referral"
)

// Marshal writes terms as a program in one canonical form: equal terms give equal bytes, and every value is spelled
// out, so that the text means the same when a default changes. Parse gives the terms back, if it can give them at all.
func Marshal(t referral.Terms) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("name: %s", quoted(t.Program))
	line("codes:")
	line("  length: %d", t.Codes.Length)
	line("  max_uses: %d", t.Codes.MaxUses)
	line("qualify:")
	line("  purchase: %s", t.Qualify.Purchase)
	line("  minimum: %s", written(t.Qualify.Minimum))
	line("  within: %s", formatDuration(t.Qualify.Within))
	line("  grace: %s", formatDuration(t.Qualify.Grace))
	line("  verified_email: %t", t.Qualify.VerifiedEmail)
	line("  requalify: %t", t.Qualify.Requalify)
	line("hold: %s", formatDuration(t.Hold))
	line("refunds: %s", t.Refunds)
	line("rewards:")
	for _, r := range t.Rewards {
		line("  - %s", writtenReward(r))
	}
	marshalTiers(line, t.Tiers)
	line("badges: %s", writtenNumbers(t.Badges))
	line("credit_purchases: %t", t.CreditPurchases)
	line("links:")
	line("  remember: %s", formatDuration(t.Links.Remember))
	line("fraud: %s", writtenFraud(t.Fraud))
	return b.Bytes()
}

func marshalTiers(line func(format string, args ...any), tiers []referral.Tier) {
	if len(tiers) == 0 {
		line("tiers: []")
		return
	}
	line("tiers:")
	for _, tier := range tiers {
		line("  - name: %s", quoted(tier.Name))
		line("    from: %d", tier.From)
		if tier.Rewards == nil {
			continue
		}
		line("    rewards:")
		for _, r := range tier.Rewards {
			line("      - %s", writtenReward(r))
		}
	}
}

// writtenReward is a reward as a file says it: {to: referrer, on: purchase, percent: "20", at_most: {usd: "50.00"}}.
// What excludes each other is written side by side, when terms have it: Parse then says so.
func writtenReward(r referral.RewardTerms) string {
	parts := []string{"to: " + string(r.To), "on: " + string(r.On)}
	if r.Fixed != nil {
		parts = append(parts, "fixed: "+written(r.Fixed))
	}
	if r.Percent != 0 {
		parts = append(parts, fmt.Sprintf("percent: %q", formatPercent(r.Percent)))
	}
	if r.AtMost != nil {
		parts = append(parts, "at_most: "+written(r.AtMost))
	}
	return mapping(parts)
}

func writtenNumbers(numbers []int) string {
	parts := make([]string, len(numbers))
	for i, n := range numbers {
		parts[i] = strconv.Itoa(n)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// writtenFraud has the signals that lead to something. One that is not there leads to nothing.
func writtenFraud(f referral.FraudTerms) string {
	var parts []string
	for _, s := range signals(&f) {
		if *s.action != "" {
			parts = append(parts, s.key+": "+string(*s.action))
		}
	}
	if s := f.SignUpsPerIP; s != (referral.SignUpsPerIP{}) {
		parts = append(parts, fmt.Sprintf("%s: {max: %d, per: %s, then: %s}", signUpsPerIP, s.Max, formatDuration(s.Per), s.Then))
	}
	return mapping(parts)
}

// quoted is a text in quotes. Go and YAML escape alike, but for bytes that are not UTF-8, which YAML takes for
// characters: those stay as they are, and are refused.
func quoted(text string) string {
	if !utf8.ValidString(text) {
		return `"` + text + `"`
	}
	return strconv.Quote(text)
}

func mapping(parts []string) string { return "{" + strings.Join(parts, ", ") + "}" }
