package program_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/program"
	"github.com/plusone-dev/plusone/internal/referral"
)

// refusals are bad programs and what is said of each: line, column, path, message. The test's name is the problem's.
var refusals = []struct {
	name, source string
	want         []string
}{
	{"an empty file", "", []string{
		"1:1: the file is empty: write name: default to have every default",
	}},
	{"only comments", "# nothing\n\n# here\n", []string{
		"1:1: the file is empty: write name: default to have every default",
	}},
	{"an empty document", "---\n", []string{
		"1:1: the file is empty: write name: default to have every default",
	}},
	{"null", "~\n", []string{
		"1:1: has no value: write a mapping such as name: default, or take it out",
	}},
	{"a list for a program", "- name: default\n", []string{
		"1:1: must be a mapping such as name: default, not a list",
	}},
	{"a text for a program", "default", []string{
		`1:1: must be a mapping such as name: default, not the text "default"`,
	}},
	{"two documents", "name: default\n---\nname: default\n", []string{
		"2:1: there is more than one document here: write one program a file",
	}},
	{"two documents, the first ended", "name: default\n...\n\nname: default\n", []string{
		"4:1: there is more than one document here: write one program a file",
	}},
	{"a document and an empty one", "name: default\n---\n", []string{
		"2:1: there is more than one document here: write one program a file",
	}},
	{"three documents", "--- {}\n--- {}\n--- {}\n", []string{
		"2:1: there is more than one document here: write one program a file",
	}},
	{"not UTF-8", "name: default\nhold: \"é\xff\"\n", []string{
		"2:9: the byte 0xFF, which is not UTF-8, has no place in YAML: save the file as UTF-8 text, without it",
	}},
	{"a control character", "name: \x00default\n", []string{
		"1:7: the control character U+0000 has no place in YAML: save the file as UTF-8 text, without it",
	}},
	{"a control character of Unicode", "hold: 0s # \u0085\n", []string{
		"1:12: the control character U+0085 has no place in YAML: save the file as UTF-8 text, without it",
	}},
	{"an open quote", "name: default\nhold: \"0s\nrefunds: any\n", []string{
		"2:7: this is not YAML: could not find end character of double-quoted text",
	}},
	{"an open mapping", "codes: {length: 8\nhold: 0s\n", []string{
		"2:1: this is not YAML: ',' or '}' must be specified",
	}},
	{"an open list", "rewards:\n  [{to: referee}\n", []string{
		"2:3: this is not YAML: sequence end token ']' not found",
	}},
	{"a tab for indentation", "codes:\n\tlength: 8\n", []string{
		"2:1: this is not YAML: a tab cannot indent a line: write blanks",
	}},
	{"two colons", "hold: a: b\n", []string{
		"1:7: this is not YAML: mapping value is not allowed in this context",
	}},
	{"a key that is a list", "[name]: default\n", []string{
		"1:7: this is not YAML: found an invalid key for this map",
	}},
	{"indentation that goes back too little", "codes:\n    length: 8\n  max_uses: 1\n", []string{
		"3:3: this is not YAML: value is not allowed in this context",
	}},
	{"a reserved sign", "name: @default\n", []string{
		"1:7: this is not YAML: '@' is a reserved character",
	}},
	{"an unknown escape", "name: \"\\q\"\n", []string{
		"1:9: this is not YAML: found unknown escape character 'q'",
	}},
	{"anchors and aliases", "qualify:\n  minimum: &m {usd: \"1\"}\nrewards:\n  - {to: referrer, fixed: *m}\n", []string{
		"2:12: anchors (&) are not supported: write the values out",
		"4:27: aliases (*) are not supported: write the values out",
	}},
	{"a merge key", "codes:\n  <<: {length: 8}\n", []string{
		"2:3: merge keys (<<) are not supported: write the values out",
	}},
	{"a tag", "name: !!str default\n", []string{
		"1:7: tags (!) are not supported: write the values out",
	}},
	{"a tag at the very end", "name: !!str", []string{
		"1:7: tags (!) are not supported: write the values out",
	}},
	{"a directive", "%YAML 1.2\n---\nname: default\n", []string{
		"1:1: directives (%) are not supported: write the values out",
	}},
	{"an explicit key", "? name\n: default\n", []string{
		"1:1: the sign ? before a key is not supported: write the values out",
	}},
	{"an unknown key, near a known one", "codes: {lenght: 8}\n", []string{ //nolint:misspell // it is meant to be
		"1:9: codes.lenght: unknown key: did you mean length?",
	}},
	{"an unknown key, near none", "codes:\n  alphabet: abc\n", []string{
		"2:3: codes.alphabet: unknown key: the keys here are length, max_uses",
	}},
	{"an unknown key at the top", "reward: []\nholdd: 0s\nwhatever: 1\n", []string{
		"1:1: reward: unknown key: did you mean rewards?",
		"2:1: holdd: unknown key: did you mean hold?",
		"3:1: whatever: unknown key: the keys here are name, codes, qualify, hold, refunds, rewards, tiers, badges, credit_purchases, links, fraud",
	}},
	{"an unknown key of odd signs", "\"a b\\n\": 1\n", []string{
		`1:1: "a b\n": unknown key: the keys here are name, codes, qualify, hold, refunds, rewards, tiers, badges, credit_purchases, links, fraud`,
	}},
	{"an unknown key that is very long", "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk: 1\n", []string{
		`1:1: "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…": unknown key: the keys here are name, codes, qualify, hold, refunds, rewards, tiers, badges, credit_purchases, links, fraud`,
	}},
	{"an unknown key that is a number", "1: 2\ntrue: 3\nnull: 4\n", []string{
		"1:1: 1: unknown key: the keys here are name, codes, qualify, hold, refunds, rewards, tiers, badges, credit_purchases, links, fraud",
		"2:1: true: unknown key: the keys here are name, codes, qualify, hold, refunds, rewards, tiers, badges, credit_purchases, links, fraud",
		"3:1: null: unknown key: the keys here are name, codes, qualify, hold, refunds, rewards, tiers, badges, credit_purchases, links, fraud",
	}},
	{"a key twice", "hold: 0s\nrefunds: any\nhold: 1h\n", []string{
		"3:1: hold: is given twice, first on line 1: keep one",
	}},
	{"a key three times, quoted as well", `codes: {length: 8, "length": 9, 'length': 10}`, []string{
		"1:20: codes.length: is given twice, first on line 1: keep one",
		"1:33: codes.length: is given twice, first on line 1: keep one",
	}},
	{"a currency twice", "qualify:\n  minimum:\n    usd: \"1\"\n    usd: \"2\"\n", []string{
		"4:5: qualify.minimum.usd: is given twice, first on line 3: keep one",
	}},
	{"a key without a value", "codes:\nhold:\nname:\nrefunds:\nrewards:\nqualify:\n", []string{
		"1:1: codes: has no value: write a mapping such as {length: 8, max_uses: 10}, or take it out",
		"2:1: hold: has no value: write a duration such as 90d, 1h, 30m, 45s or 1d12h, or take it out",
		"3:1: name: has no value: write a name, or take it out",
		"4:1: refunds: has no value: write one of any, below_minimum, full, or take it out",
		`5:1: rewards: has no value: write a list of rewards such as [{to: referrer, fixed: {usd: "10.00"}}], or take it out`,
		"6:1: qualify: has no value: write a mapping such as {within: 90d}, or take it out",
	}},
	{"a key without a colon", "{hold, refunds}\n", []string{
		"1:2: hold: has no value: write a duration such as 90d, 1h, 30m, 45s or 1d12h, or take it out",
		"1:8: refunds: has no value: write one of any, below_minimum, full, or take it out",
	}},
	{"a name that is a number", "name: 5\n", []string{
		"1:7: name: must be a name, not the number 5",
	}},
	{"a name that is a list", "name: [default]\n", []string{
		"1:7: name: must be a name, not a list",
	}},
	{"a name in a block", "name: |\n  default\n", []string{
		"1:7: name: must be a name, not a block of text",
	}},
	{"codes that are a number", "codes: 8\n", []string{
		"1:8: codes: must be a mapping such as {length: 8, max_uses: 10}, not the number 8",
	}},
	{"codes too short", "codes: {length: 5}\n", []string{
		"1:17: codes.length: must be a whole number from 6 to 32, not the number 5",
	}},
	{"codes too long", "codes: {length: 33}\n", []string{
		"1:17: codes.length: must be a whole number from 6 to 32, not the number 33",
	}},
	{"a negative length", "codes: {length: -8}\n", []string{
		"1:17: codes.length: must be a whole number from 6 to 32, not the number -8",
	}},
	{"a length in quotes", `codes: {length: "8"}`, []string{
		`1:17: codes.length: must be a whole number from 6 to 32, not the text "8"`,
	}},
	{"a length with decimals", "codes: {length: 8.0}\n", []string{
		"1:17: codes.length: must be a whole number from 6 to 32, not the number 8.0",
	}},
	{"a length in hexadecimal", "codes: {length: 0x10}\n", []string{
		"1:17: codes.length: must be a whole number from 6 to 32, not the number 0x10",
	}},
	{"a length in octal", "codes: {length: 010}\n", []string{
		"1:17: codes.length: must be a whole number from 6 to 32, not the number 010",
	}},
	{"a length with a line below", "codes: {length: 1_0}\n", []string{
		"1:17: codes.length: must be a whole number from 6 to 32, not the number 1_0",
	}},
	{"a length with a plus", "codes: {length: +8}\n", []string{
		"1:17: codes.length: must be a whole number from 6 to 32, not the number +8",
	}},
	{"a length beyond all", "codes: {length: 99999999999999999999999999}\n", []string{
		`1:17: codes.length: must be a whole number from 6 to 32, not the text "99999999999999999999999999"`,
	}},
	{"a maximum too large", "codes:\n  length: 8\n  max_uses: 1000000001\n", []string{
		"3:13: codes.max_uses: must be a whole number from 0 to 1000000000, not the number 1000000001",
	}},
	{"a negative maximum", "codes:\n  max_uses: -1\n", []string{
		"2:13: codes.max_uses: must be a whole number from 0 to 1000000000, not the number -1",
	}},
	{"a maximum of true", "codes:\n  max_uses: true\n", []string{
		"2:13: codes.max_uses: must be a whole number from 0 to 1000000000, not true",
	}},
	{"qualify that is a list", "qualify: []\n", []string{
		"1:10: qualify: must be a mapping such as {within: 90d}, not a list",
	}},
	{"a minimum without currencies", "qualify: {minimum: {}}\n", []string{
		`1:20: qualify.minimum: must list at least one currency, such as {usd: "10.00"}`,
	}},
	{"a minimum that is a text", `qualify: {minimum: "10.00"}`, []string{
		`1:20: qualify.minimum: must be a mapping such as {usd: "10.00"}, not the text "10.00"`,
	}},
	{"a minimum that is a list", "qualify:\n  minimum:\n    - usd: \"1\"\n", []string{
		`3:5: qualify.minimum: must be a mapping such as {usd: "10.00"}, not a list`,
	}},
	{"an amount without quotes", "qualify: {minimum: {usd: 10.00, eur: 10}}\n", []string{
		`1:26: qualify.minimum.usd: put the amount in quotes: "10.00"`,
		`1:38: qualify.minimum.eur: put the amount in quotes: "10"`,
	}},
	{"a word for an amount", `qualify: {minimum: {usd: ten, eur: "ten"}}`, []string{
		`1:26: qualify.minimum.usd: must be an amount in quotes, such as "10.00", not the text "ten"`,
		`1:36: qualify.minimum.eur: "ten" is not an amount such as "10.00"`,
	}},
	{"an amount like an octal number", "qualify: {minimum: {usd: 08, eur: 1e3}}\n", []string{
		`1:26: qualify.minimum.usd: must be an amount in quotes, such as "10.00", not the text "08"`,
		`1:35: qualify.minimum.eur: must be an amount in quotes, such as "10.00", not the text "1e3"`,
	}},
	{"an amount without a value", "qualify:\n  minimum:\n    usd:\n    eur: ~\n", []string{
		`3:5: qualify.minimum.usd: has no value: write an amount in quotes, such as "10.00", or take it out`,
		`4:5: qualify.minimum.eur: has no value: write an amount in quotes, such as "10.00", or take it out`,
	}},
	{"an amount of true", "qualify: {minimum: {usd: true, eur: [1]}}\n", []string{
		`1:26: qualify.minimum.usd: must be an amount in quotes, such as "10.00", not true`,
		`1:37: qualify.minimum.eur: must be an amount in quotes, such as "10.00", not a list`,
	}},
	{"an amount of nothing", `qualify: {minimum: {usd: "0", eur: "0.00"}}`, []string{
		"1:26: qualify.minimum.usd: must be more than zero",
		"1:36: qualify.minimum.eur: must be more than zero",
	}},
	{"a negative amount", `qualify: {minimum: {usd: "-1", eur: "+1"}}`, []string{
		`1:26: qualify.minimum.usd: "-1" is not an amount such as "10.00"`,
		`1:37: qualify.minimum.eur: "+1" is not an amount such as "10.00"`,
	}},
	{"an amount with blanks", `qualify: {minimum: {usd: " 1", eur: "1 000"}}`, []string{
		`1:26: qualify.minimum.usd: " 1" is not an amount such as "10.00"`,
		`1:37: qualify.minimum.eur: "1 000" is not an amount such as "10.00"`,
	}},
	{"an amount with a comma", `qualify: {minimum: {usd: "1,000.00", eur: "10,00"}}`, []string{
		`1:26: qualify.minimum.usd: "1,000.00" is not an amount such as "10.00"`,
		`1:43: qualify.minimum.eur: "10,00" is not an amount such as "10.00"`,
	}},
	{"an amount with an exponent", `qualify: {minimum: {usd: "1e3"}}`, []string{
		`1:26: qualify.minimum.usd: "1e3" is not an amount such as "10.00"`,
	}},
	{"an empty amount", `qualify: {minimum: {usd: "", eur: "."}}`, []string{
		`1:26: qualify.minimum.usd: "" is not an amount such as "10.00"`,
		`1:35: qualify.minimum.eur: "." is not an amount such as "10.00"`,
	}},
	{"half an amount", `qualify: {minimum: {usd: "1.", eur: ".5"}}`, []string{
		`1:26: qualify.minimum.usd: "1." is not an amount such as "10.00"`,
		`1:37: qualify.minimum.eur: ".5" is not an amount such as "10.00"`,
	}},
	{"too many decimals", `qualify: {minimum: {usd: "1.001", jpy: "1.0", kwd: "1.0001"}}`, []string{
		`1:26: qualify.minimum.usd: "1.001" has more decimals than usd allows (2)`,
		"1:35: qualify.minimum.jpy: the default rewards promise nothing in jpy: write rewards that do",
		`1:40: qualify.minimum.jpy: "1.0" has more decimals than jpy allows (0)`,
		"1:47: qualify.minimum.kwd: the default rewards promise nothing in kwd: write rewards that do",
		`1:52: qualify.minimum.kwd: "1.0001" has more decimals than kwd allows (3)`,
	}},
	{"an amount too large", `qualify: {minimum: {usd: "92233720368547758.08"}}`, []string{
		`1:26: qualify.minimum.usd: the amount is too large: "92233720368547758.08"`,
	}},
	{"an amount that is very long", `qualify: {minimum: {usd: "9999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999"}}`, []string{
		`1:26: qualify.minimum.usd: "9999999999999999999999999999999999999999…" is not an amount such as "10.00"`,
	}},
	{"an unknown currency", `qualify: {minimum: {usx: "1", dollar: "1"}}`, []string{
		"1:21: qualify.minimum.usx: unknown currency: write the three letters that Stripe uses, such as usd or eur",
		"1:31: qualify.minimum.dollar: unknown currency: write the three letters that Stripe uses, such as usd or eur",
	}},
	{"a currency in capitals", `qualify: {minimum: {USD: "1"}}`, []string{
		"1:21: qualify.minimum.USD: currencies are written in lower case: write usd",
	}},
	{"a duration without a unit", "qualify: {within: 90, grace: 1}\nhold: 0\n", []string{
		"1:19: qualify.within: has no unit: write a duration such as 90d, 1h, 30m, 45s or 1d12h",
		"1:30: qualify.grace: has no unit: write a duration such as 90d, 1h, 30m, 45s or 1d12h",
		"2:7: hold: has no unit: write a duration such as 90d, 1h, 30m, 45s or 1d12h",
	}},
	{"a duration with decimals", "qualify: {within: 1.5d, grace: 1.5}\n", []string{
		`1:19: qualify.within: "1.5d" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
		"1:32: qualify.grace: must be a duration such as 90d, 1h, 30m, 45s or 1d12h, not the number 1.5",
	}},
	{"a negative duration", "qualify: {within: -1d}\nhold: -1\n", []string{
		`1:19: qualify.within: "-1d" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
		"2:7: hold: has no unit: write a duration such as 90d, 1h, 30m, 45s or 1d12h",
	}},
	{"a duration of no unit known", "qualify: {within: 2w, grace: 500ms}\nhold: 1y\n", []string{
		`1:19: qualify.within: "2w" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
		`1:30: qualify.grace: "500ms" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
		`2:7: hold: "1y" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
	}},
	{"a duration in the wrong order", "hold: 12h1d\n", []string{
		`1:7: hold: "12h1d" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
	}},
	{"a duration with a unit twice", "hold: 1h1h\n", []string{
		`1:7: hold: "1h1h" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
	}},
	{"a duration with a blank", "hold: 1d 12h\n", []string{
		`1:7: hold: "1d 12h" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
	}},
	{"a duration with a unit alone", "hold: d\n", []string{
		`1:7: hold: "d" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
	}},
	{"an empty duration", `hold: ""`, []string{
		`1:7: hold: "" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
	}},
	{"a window of nothing", "qualify: {within: 0s}\n", []string{
		"1:19: qualify.within: must be more than nothing: write a duration such as 90d, 1h, 30m, 45s or 1d12h",
	}},
	{"durations too long", "qualify: {within: 3651d, grace: 3650d1s}\nhold: 87601h\n", []string{
		`1:19: qualify.within: "3651d" is too long: at most 3650d (ten years)`,
		`1:33: qualify.grace: "3650d1s" is too long: at most 3650d (ten years)`,
		`2:7: hold: "87601h" is too long: at most 3650d (ten years)`,
	}},
	{"durations that overflow", "qualify: {within: 9223372036854775807d, grace: 99999999999999999999s}\nhold: 106752d\n", []string{
		`1:19: qualify.within: "9223372036854775807d" is too long: at most 3650d (ten years)`,
		`1:48: qualify.grace: "99999999999999999999s" is too long: at most 3650d (ten years)`,
		`2:7: hold: "106752d" is too long: at most 3650d (ten years)`,
	}},
	{"a duration that is a list", "hold: [1h]\n", []string{
		"1:7: hold: must be a duration such as 90d, 1h, 30m, 45s or 1d12h, not a list",
	}},
	{"another policy", "refunds: never\n", []string{
		`1:10: refunds: must be one of any, below_minimum, full, not "never"`,
	}},
	{"a policy in capitals", "refunds: Full\n", []string{
		`1:10: refunds: must be one of any, below_minimum, full, not "Full"`,
	}},
	{"a policy that is false", "refunds: false\n", []string{
		"1:10: refunds: must be one of any, below_minimum, full, not false",
	}},
	{"no rewards", "rewards: []\n", []string{
		"1:10: rewards: must list at least one reward: a program that rewards nobody has no effect",
	}},
	{"rewards that are a mapping", "rewards:\n  to: referrer\n", []string{
		`2:3: rewards: must be a list of rewards such as [{to: referrer, fixed: {usd: "10.00"}}], not a mapping`,
	}},
	{"a reward that is a word", "rewards: [referrer]\n", []string{
		`1:11: rewards[0]: must be a mapping such as {to: referrer, fixed: {usd: "10.00"}}, not the text "referrer"`,
	}},
	{"a reward that is nothing", "rewards:\n  -\n", []string{
		`2:3: rewards[0]: has no value: write a mapping such as {to: referrer, fixed: {usd: "10.00"}}, or take it out`,
	}},
	{"a reward to another", "rewards:\n  - {to: friend, fixed: {usd: \"1\", eur: \"1\"}}\n", []string{
		`2:10: rewards[0].to: must be one of referrer, referee, not "friend"`,
	}},
	{"a reward to nobody", "rewards:\n  - fixed: {usd: \"1\", eur: \"1\"}\n", []string{
		"2:5: rewards[0]: to is missing: write to: referrer or to: referee",
	}},
	{"a reward without quotes", "rewards:\n  - to: referrer\n    fixed:\n      eur: \"1\"\n      usd: 1\n", []string{
		`5:12: rewards[0].fixed.usd: put the amount in quotes: "1"`,
	}},
	{"a reward too large", "rewards:\n  - {to: referrer, fixed: {usd: \"10000000000.01\", eur: \"10000000000.00\"}}\n", []string{
		"2:33: rewards[0].fixed.usd: must be at most 10000000000.00 usd",
	}},
	{"a reward without currencies", "rewards:\n  - {to: referrer, fixed: {}}\n", []string{
		`2:27: rewards[0].fixed: must list at least one currency, such as {usd: "10.00"}`,
	}},
	{"a reward that lacks a currency", "rewards:\n  - {to: referrer, fixed: {usd: \"1\"}}\n", []string{
		"2:20: rewards[0].fixed: lists nothing in eur, in which qualify.minimum lets purchases qualify: add it",
	}},
	{"a reward in a currency without effect", "qualify: {minimum: {usd: \"1\"}}\nrewards:\n  - {to: referrer, fixed: {usd: \"1\", eur: \"1\"}}\n", []string{
		"3:38: rewards[0].fixed.eur: has no effect, for qualify.minimum does not list eur: add it there or take it out here",
	}},
	{"a minimum that the default rewards do not cover", `qualify: {minimum: {usd: "1", gbp: "1"}}`, []string{
		"1:31: qualify.minimum.gbp: the default rewards promise nothing in gbp: write rewards that do",
	}},
	{"a bad minimum does not blame the rewards", "qualify: {minimum: {USD: \"1\"}}\nrewards:\n  - {to: referrer, fixed: {gbp: \"1\"}}\n", []string{
		"1:21: qualify.minimum.USD: currencies are written in lower case: write usd",
	}},
	{"a bad qualify does not blame the rewards", "qualify: 5\nrewards:\n  - {to: referrer, fixed: {gbp: \"1\"}}\n", []string{
		"1:10: qualify: must be a mapping such as {within: 90d}, not the number 5",
	}},
	{"Windows line ends", "codes:\r\n  length: 5\r\nhold: x\r\n", []string{
		"2:11: codes.length: must be a whole number from 6 to 32, not the number 5",
		`3:7: hold: "x" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
	}},
	{"old Macintosh line ends", "codes:\r  length: 5\rhold: x\r", []string{
		"2:11: codes.length: must be a whole number from 6 to 32, not the number 5",
		`3:7: hold: "x" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
	}},
	{"a byte order mark", "\ufeffhold: x\n", []string{
		`1:7: hold: "x" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
	}},
	{"blanks after a word", "hold: x   \nrefunds:   y\t\n", []string{
		`1:7: hold: "x" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
		`2:12: refunds: must be one of any, below_minimum, full, not "y"`,
	}},
	{"blanks before a comment", "hold: x   # y\n", []string{
		`1:7: hold: "x" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
	}},
	{"tabs before a word", "hold:\t\tx\n", []string{
		`1:8: hold: "x" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
	}},
	{"columns are characters", `{"ключ": 1, hold: x}`, []string{
		`1:2: "ключ": unknown key: the keys here are name, codes, qualify, hold, refunds, rewards, tiers, badges, credit_purchases, links, fraud`,
		`1:19: hold: "x" is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h`,
	}},
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(refusals, termRefusals) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			terms, err := program.Parse("p.yaml", []byte(c.source))
			var refused *program.Error
			if !errors.As(err, &refused) {
				t.Fatalf("Parse(%q) = %+v, %v; want an *Error", c.source, terms, err)
			}
			want := "p.yaml:" + strings.Join(c.want, "\np.yaml:")
			if diff := cmp.Diff(want, refused.Error()); diff != "" {
				t.Errorf("Parse(%q): (-want +got)\n%s", c.source, diff)
			}
			if diff := cmp.Diff(referral.Terms{}, terms); diff != "" {
				t.Errorf("terms beside an error: %s", diff)
			}
		})
	}
}

func TestParseRefusesWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ source, want string }{
		"bytes": {
			"# " + strings.Repeat("x", 1<<20),
			"p.yaml:1:1: the file has 1048578 bytes, and a program has at most 1048576",
		},
		"depth": {
			strings.Repeat("[", 1<<20),
			"p.yaml:1:32769: the file goes on after 32768 words and signs: no program is that long",
		},
		"breadth": {
			strings.Repeat("a: 1\n", 1<<17),
			"p.yaml:10923:4: the file goes on after 32768 words and signs: no program is that long",
		},
		"aliases": {
			strings.Repeat("*a ", 1<<17),
			"p.yaml:1:49153: the file goes on after 32768 words and signs: no program is that long",
		},
		"depth below the limit": {
			strings.Repeat("[", 1<<14) + strings.Repeat("]", 1<<14),
			"p.yaml:1:1: must be a mapping such as name: default, not a list",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := program.Parse("p.yaml", []byte(c.source)); err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}
