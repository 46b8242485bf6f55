package program_test

import "strings"

// termRefusals are what is said of terms that are written well and make no sense. See refusals.
var termRefusals = []struct {
	name, source string
	want         []string
}{
	// The name.
	{"a name in capitals", "name: Summer\n", []string{
		`1:7: name: "Summer" is not a program's name: write 1 to 40 of a-z, 0-9, - and _`,
	}},
	{"a name with a blank", "name: summer sale\n", []string{
		`1:7: name: "summer sale" is not a program's name: write 1 to 40 of a-z, 0-9, - and _`,
	}},
	{"an empty name", `name: ""`, []string{
		`1:7: name: "" is not a program's name: write 1 to 40 of a-z, 0-9, - and _`,
	}},
	{"a name with a line below it", `name: "a\n"`, []string{
		`1:7: name: "a\n" is not a program's name: write 1 to 40 of a-z, 0-9, - and _`,
	}},
	{"a name of other letters", "name: été\n", []string{
		`1:7: name: "été" is not a program's name: write 1 to 40 of a-z, 0-9, - and _`,
	}},
	{"a name too long", "name: " + strings.Repeat("a", 41) + "\n", []string{
		`1:7: name: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…" is not a program's name: write 1 to 40 of a-z, 0-9, - and _`,
	}},

	// Which purchase.
	{"another purchase", "qualify: {purchase: last}\n", []string{
		`1:21: qualify.purchase: must be one of first_at_minimum, first, not "last"`,
	}},
	{"a purchase that is a number", "qualify: {purchase: 1}\n", []string{
		"1:21: qualify.purchase: must be one of first_at_minimum, first, not the number 1",
	}},
	{"verified e-mail of another sort", "qualify:\n  verified_email: no\n", []string{
		`2:19: qualify.verified_email: must be true or false, not the text "no"`,
	}},
	{"a flag that says nothing", "qualify:\n  verified_email:\ncredit_purchases: ~\n", []string{
		"2:3: qualify.verified_email: has no value: write true or false, or take it out",
		"3:1: credit_purchases: has no value: write true or false, or take it out",
	}},
	{"a flag that is a number", "qualify: {requalify: 1}\n", []string{
		"1:22: qualify.requalify: must be true or false, not the number 1",
	}},
	{"requalifying after the first purchase", "qualify:\n  requalify: true\n  purchase: first\n", []string{
		"2:14: qualify.requalify: no other purchase takes the place of the first: write false, or purchase: first_at_minimum",
	}},
	{"requalifying after a purchase that is not understood", "qualify: {requalify: true, purchase: frist}\n", []string{
		`1:38: qualify.purchase: must be one of first_at_minimum, first, not "frist"`,
	}},
	{"points in the minimum", `qualify: {minimum: {points: "1"}}`, []string{
		"1:21: qualify.minimum.points: nothing is paid in points: take them out",
	}},
	{"points in capitals", "rewards:\n  - {to: referrer, fixed: {Points: \"1\"}}\n", []string{
		"2:28: rewards[0].fixed.Points: currencies are written in lower case: write points",
	}},

	// Amounts that nobody can pay.
	{"amounts between the steps", `qualify: {minimum: {kwd: "1.234", isk: "99.50", ugx: "0.01", bhd: "0.001"}}` + "\n" +
		`rewards: [{to: referrer, fixed: {kwd: "1.239", isk: "100.01", ugx: "1", bhd: "0.01"}}]`, []string{
		`1:26: qualify.minimum.kwd: must be a multiple of 0.010 kwd, the smallest amount that Stripe moves: write "1.230"`,
		`1:40: qualify.minimum.isk: must be a multiple of 1.00 isk, the smallest amount that Stripe moves: write "99.00"`,
		`1:54: qualify.minimum.ugx: must be a multiple of 1.00 ugx, the smallest amount that Stripe moves: write "1.00"`,
		`1:67: qualify.minimum.bhd: must be a multiple of 0.010 bhd, the smallest amount that Stripe moves: write "0.010"`,
		`2:39: rewards[0].fixed.kwd: must be a multiple of 0.010 kwd, the smallest amount that Stripe moves: write "1.230"`,
		`2:53: rewards[0].fixed.isk: must be a multiple of 1.00 isk, the smallest amount that Stripe moves: write "100.00"`,
	}},
	{"a bound between the steps", `qualify: {minimum: {jod: "1"}}` + "\n" + `rewards: [{to: referrer, percent: "5", at_most: {jod: "0.005"}}]`, []string{
		`2:55: rewards[0].at_most.jod: must be a multiple of 0.010 jod, the smallest amount that Stripe moves: write "0.010"`,
	}},
	{"the most of all, between the steps", `qualify: {minimum: {kwd: "9223372036854775.807"}}` + "\n" + `rewards: [{to: referrer, percent: "1"}]`, []string{
		`1:26: qualify.minimum.kwd: must be a multiple of 0.010 kwd, the smallest amount that Stripe moves: write "9223372036854775.800"`,
	}},
	{"a part of a point", `rewards: [{to: referrer, fixed: {points: "1.5"}}]`, []string{
		`1:42: rewards[0].fixed.points: "1.5" has more decimals than points allows (0)`,
	}},

	// Rewards.
	{"an empty reward", "rewards: [{}]\n", []string{
		"1:11: rewards[0]: to is missing: write to: referrer or to: referee",
		`1:11: rewards[0]: fixed or percent is missing: write fixed: {usd: "10.00"} or percent: "20"`,
	}},
	{"a reward of nothing", "rewards:\n  - to: referee\n", []string{
		`2:5: rewards[0]: fixed or percent is missing: write fixed: {usd: "10.00"} or percent: "20"`,
	}},
	{"an unknown key in a reward", "rewards:\n  - {to: referrer, fixd: {usd: \"1\"}}\n", []string{
		`2:5: rewards[0]: fixed or percent is missing: write fixed: {usd: "10.00"} or percent: "20"`,
		"2:20: rewards[0].fixd: unknown key: did you mean fixed?",
	}},
	{"an unknown key in a reward, near none", "rewards:\n  - {to: referrer, percent: \"5\", whenever: 1}\n", []string{
		"2:34: rewards[0].whenever: unknown key: the keys here are to, fixed, percent, at_most, on",
	}},
	{"a side twice", "rewards:\n  - {to: referee, fixed: {usd: \"1\", eur: \"1\"}}\n  - {to: referee, percent: \"5\"}\n", []string{
		"3:10: rewards[1].to: the referee already has a reward in money for the purchase above: make one of them",
	}},
	{"points twice", "rewards:\n  - {to: referee, fixed: {points: \"1\"}}\n  - {to: referee, on: purchase, fixed: {points: \"1\"}}\n", []string{
		"3:10: rewards[1].to: the referee already has a reward in points for the purchase above: make one of them",
	}},
	{"rewards to nobody, twice", "rewards:\n  - {fixed: {points: \"1\"}}\n  - {fixed: {points: \"1\"}}\n", []string{
		"2:5: rewards[0]: to is missing: write to: referrer or to: referee",
		"3:5: rewards[1]: to is missing: write to: referrer or to: referee",
	}},
	{"rewards for something else, twice", "rewards:\n  - {to: referee, percent: \"1\", on: x}\n  - {to: referee, percent: \"1\", on: x}\n", []string{
		`2:37: rewards[0].on: must be one of purchase, signup, not "x"`,
		`3:37: rewards[1].on: must be one of purchase, signup, not "x"`,
	}},
	{"a sign-up twice", "rewards:\n  - {to: referrer, fixed: {usd: \"1\"}, on: signup}\n  - {to: referrer, fixed: {eur: \"1\"}, on: signup}\n", []string{
		"3:10: rewards[1].to: the referrer already has a reward in money for the sign-up above: make one of them",
	}},
	{"fixed and a share", "rewards:\n  - {to: referee, fixed: {usd: \"1\", eur: \"1\"}, percent: \"5\"}\n", []string{
		"2:48: rewards[0].percent: a reward is fixed or a share, not both: take one out, or write two rewards, the fixed one in points",
	}},
	{"points beside money", "rewards:\n  - {to: referee, fixed: {usd: \"1\", points: \"5\"}}\n", []string{
		"2:37: rewards[0].fixed.points: points stand alone, for purchases in every currency: give them in a reward of their own",
	}},
	{"a bound of no share", "rewards:\n  - {to: referee, fixed: {usd: \"1\", eur: \"1\"}, at_most: {usd: \"1\", eur: \"1\"}}\n", []string{
		"2:48: rewards[0].at_most: bounds a share, and there is none here: write percent, or take it out",
	}},
	{"a bound in points", "rewards:\n  - {to: referee, percent: \"5\", at_most: {points: \"1\"}}\n", []string{
		"2:43: rewards[0].at_most.points: a share is in the currency of the purchase: take the points out",
	}},
	{"a bound without a currency", "rewards:\n  - {to: referee, percent: \"5\", at_most: {usd: \"1\"}}\n", []string{
		"2:33: rewards[0].at_most: lists nothing in eur, in which qualify.minimum lets purchases qualify: add it",
	}},
	{"a bound in a currency without effect", "rewards:\n  - {to: referee, percent: \"5\", at_most: {usd: \"1\", eur: \"1\", jpy: \"1\"}}\n", []string{
		"2:63: rewards[0].at_most.jpy: has no effect, for qualify.minimum does not list jpy: add it there or take it out here",
	}},
	{"a bound of nothing", "rewards:\n  - {to: referee, percent: \"5\", at_most: {}}\n", []string{
		`2:42: rewards[0].at_most: must list at least one currency, such as {usd: "10.00"}`,
	}},
	{"a bound too large", "rewards:\n  - {to: referee, percent: \"5\", at_most: {usd: \"10000000000.01\", eur: \"1\"}}\n", []string{
		"2:48: rewards[0].at_most.usd: must be at most 10000000000.00 usd",
	}},
	{"a share of nothing", `rewards: [{to: referee, percent: "0"}, {to: referrer, percent: "0.0000"}]`, []string{
		"1:34: rewards[0].percent: must be more than zero",
		"1:64: rewards[1].percent: must be more than zero",
	}},
	{"a share of more than all", `rewards: [{to: referee, percent: "100.0001"}, {to: referrer, percent: "999999999"}]`, []string{
		"1:34: rewards[0].percent: must be at most 100",
		"1:71: rewards[1].percent: must be at most 100",
	}},
	{"a share too fine", `rewards: [{to: referee, percent: "0.00001"}]`, []string{
		`1:34: rewards[0].percent: "0.00001" has too many decimals: write at most 4`,
	}},
	{"a share without quotes", "rewards: [{to: referee, percent: 20}, {to: referrer, percent: 7.50}]", []string{
		`1:34: rewards[0].percent: put the percentage in quotes: "20"`,
		`1:63: rewards[1].percent: put the percentage in quotes: "7.50"`,
	}},
	{"a share with its sign", `rewards: [{to: referee, percent: "20%"}, {to: referrer, percent: 20%}]`, []string{
		`1:34: rewards[0].percent: "20%" is not a percentage such as "20" or "7.5"`,
		`1:66: rewards[1].percent: must be a percentage in quotes, such as "20", not the text "20%"`,
	}},
	{"shares that are no numbers", `rewards: [{to: referee, percent: "-5"}, {to: referrer, percent: "1,5"}]`, []string{
		`1:34: rewards[0].percent: "-5" is not a percentage such as "20" or "7.5"`,
		`1:65: rewards[1].percent: "1,5" is not a percentage such as "20" or "7.5"`,
	}},
	{"half a share", `rewards: [{to: referee, percent: ".5"}, {to: referrer, percent: "5."}]`, []string{
		`1:34: rewards[0].percent: ".5" is not a percentage such as "20" or "7.5"`,
		`1:65: rewards[1].percent: "5." is not a percentage such as "20" or "7.5"`,
	}},
	{"a share that is empty or endless", `rewards: [{to: referee, percent: ""}, {to: referrer, percent: "1000000000"}]`, []string{
		`1:34: rewards[0].percent: "" is not a percentage such as "20" or "7.5"`,
		`1:63: rewards[1].percent: "1000000000" is not a percentage such as "20" or "7.5"`,
	}},
	{"a share that is not there", "rewards:\n  - to: referee\n    percent:\n", []string{
		`3:5: rewards[0].percent: has no value: write a percentage in quotes, such as "20", or take it out`,
	}},
	{"a share of a sign-up", "rewards:\n  - {to: referrer, percent: \"5\", on: signup}\n", []string{
		`2:20: rewards[0].percent: a sign-up has no purchase to take a share of: write fixed: {points: "10"}`,
	}},
	{"several amounts for a sign-up", "rewards:\n  - {to: referrer, fixed: {usd: \"1\", eur: \"1\"}, on: signup}\n", []string{
		`2:27: rewards[0].fixed: a sign-up has no currency to choose by: list exactly one, such as {points: "10"}`,
	}},
	{"money and points for a sign-up", "rewards:\n  - {to: referrer, fixed: {usd: \"1\", points: \"1\"}, on: signup}\n", []string{
		`2:27: rewards[0].fixed: a sign-up has no currency to choose by: list exactly one, such as {points: "10"}`,
	}},
	{"no amounts for a sign-up", "rewards:\n  - {to: referrer, fixed: {}, on: signup}\n", []string{
		`2:27: rewards[0].fixed: must list at least one currency, such as {usd: "10.00"}`,
	}},
	{"another occasion", "rewards:\n  - {to: referrer, fixed: {points: \"1\"}, on: birthday}\n", []string{
		`2:46: rewards[0].on: must be one of purchase, signup, not "birthday"`,
	}},
	{"an occasion that is not there", "rewards:\n  - {to: referrer, fixed: {points: \"1\"}, on: }\n", []string{
		"2:42: rewards[0].on: has no value: write one of purchase, signup, or take it out",
	}},
	{"an occasion that is not understood does not blame the amounts", "rewards:\n  - {to: referrer, fixed: {gbp: \"1\"}, on: false}\n", []string{
		"2:43: rewards[0].on: must be one of purchase, signup, not false",
	}},

	// Tiers.
	{"tiers of another sort", "tiers: {}\n", []string{
		"1:8: tiers: must be a list of tiers such as [{name: Bronze, from: 1}, {name: Silver, from: 10}], not a mapping",
	}},
	{"a tier that is a word", "tiers: [Bronze]\n", []string{
		`1:9: tiers[0]: must be a mapping such as {name: Silver, from: 10}, not the text "Bronze"`,
	}},
	{"an empty tier", "tiers:\n  - {}\n", []string{
		"2:5: tiers[0]: name is missing: write name: Silver",
		"2:5: tiers[0]: from is missing: write the number of the referral that the tier begins with",
	}},
	{"tiers that do not begin with one", "tiers:\n  - {name: Silver, from: 10}\n", []string{
		"2:26: tiers[0].from: must be 1: the first tier begins with the first referral",
	}},
	{"tiers that do not rise", "tiers:\n  - {name: A, from: 1}\n  - {name: B, from: 5}\n  - {name: C, from: 5}\n  - {name: D, from: 4}\n", []string{
		"4:21: tiers[2].from: must be more than 5, where the tier above begins",
		"5:21: tiers[3].from: must be more than 5, where the tier above begins",
	}},
	{"a tier from nothing", "tiers: [{name: A, from: 0}]\n", []string{
		"1:25: tiers[0].from: must be a whole number from 1 to 1000000000, not the number 0",
	}},
	{"a name twice among tiers", "tiers:\n  - {name: Gold, from: 1}\n  - {name: \"Gold\", from: 2}\n", []string{
		`3:12: tiers[1].name: a tier above is named "Gold" already: write another name`,
	}},
	{"names that nobody can read", "tiers:\n  - {name: \"\", from: 1}\n  - {name: \" A\", from: 2}\n  - {name: \"a\\tb\", from: 3}\n" +
		"  - {name: \"a\u200bb\", from: 4}\n  - {name: " + strings.Repeat("é", 41) + ", from: 5}\n", []string{
		"2:12: tiers[0].name: must be 1 to 40 characters that can be seen, without a blank before or after them",
		"3:12: tiers[1].name: must be 1 to 40 characters that can be seen, without a blank before or after them",
		"4:12: tiers[2].name: must be 1 to 40 characters that can be seen, without a blank before or after them",
		"5:12: tiers[3].name: must be 1 to 40 characters that can be seen, without a blank before or after them",
		"6:12: tiers[4].name: must be 1 to 40 characters that can be seen, without a blank before or after them",
	}},
	{"a tier whose name is a number", "tiers: [{name: 1, from: 1}]\n", []string{
		"1:16: tiers[0].name: must be a name such as Silver, not the number 1",
	}},
	{"an unknown key in a tier", "tiers: [{name: A, from: 1, reward: []}]\n", []string{
		"1:28: tiers[0].reward: unknown key: did you mean rewards?",
	}},
	{"a tier that rewards nobody", "tiers: [{name: A, from: 1, rewards: []}]\n", []string{
		"1:37: tiers[0].rewards: must list at least one reward; without the key, the program's rewards are granted",
	}},
	{"a tier whose rewards are not there", "tiers:\n  - name: A\n    from: 1\n    rewards:\n", []string{
		`4:5: tiers[0].rewards: has no value: write a list of rewards such as [{to: referrer, fixed: {usd: "10.00"}}], or take it out`,
	}},
	{"a tier that rewards a sign-up", "tiers:\n  - name: A\n    from: 1\n    rewards:\n      - {to: referrer, fixed: {points: \"1\"}, on: signup}\n", []string{
		"5:50: tiers[0].rewards[0].on: a tier's rewards are for a purchase: put a reward for the sign-up into the program's rewards",
	}},
	{"a tier that lacks a currency", "tiers:\n  - {name: A, from: 1, rewards: [{to: referrer, fixed: {usd: \"1\"}}]}\n", []string{
		"2:49: tiers[0].rewards[0].fixed: lists nothing in eur, in which qualify.minimum lets purchases qualify: add it",
	}},
	{"a tier that rewards a side twice", "tiers:\n  - {name: A, from: 1, rewards: [{to: referrer, percent: \"1\"}, {to: referrer, percent: \"2\"}]}\n", []string{
		"2:69: tiers[0].rewards[1].to: the referrer already has a reward in money for the purchase above: make one of them",
	}},
	{"too many tiers", "tiers: [" + strings.Repeat("1, ", 20) + "1]\n", []string{
		"1:8: tiers: must list at most 20 tiers, not 21",
	}},

	// Badges.
	{"badges of another sort", "badges: 10\n", []string{
		"1:9: badges: must be a list of whole numbers such as [10, 50, 100], not the number 10",
	}},
	{"badges that do not rise", "badges: [10, 50, 50, 20]\n", []string{
		"1:18: badges[2]: must be more than 50, the badge before it: write them in rising order",
		"1:22: badges[3]: must be more than 50, the badge before it: write them in rising order",
	}},
	{"badges that rise again, but not far enough", "badges: [50, 20, 30]\n", []string{
		"1:14: badges[1]: must be more than 50, the badge before it: write them in rising order",
		"1:18: badges[2]: must be more than 50, the badge before it: write them in rising order",
	}},
	{"badges that are no numbers", "badges:\n  - 0\n  - \"5\"\n  -\n  - 1.5\n", []string{
		"2:5: badges[0]: must be a whole number from 1 to 1000000000, not the number 0",
		`3:5: badges[1]: must be a whole number from 1 to 1000000000, not the text "5"`,
		"4:3: badges[2]: has no value: write a whole number from 1 to 1000000000, or take it out",
		"5:5: badges[3]: must be a whole number from 1 to 1000000000, not the number 1.5",
	}},
	{"too many badges", "badges: [" + strings.Repeat("1, ", 100) + "1]\n", []string{
		"1:9: badges: must list at most 100 badges, not 101",
	}},

	// The rest.
	{"credited purchases, perhaps", "credit_purchases: maybe\n", []string{
		`1:19: credit_purchases: must be true or false, not the text "maybe"`,
	}},
	{"links of another sort", "links: 30d\n", []string{
		`1:8: links: must be a mapping such as {remember: 30d}, not the text "30d"`,
	}},
	{"links remembered for ever, under another name", "name: default\nlinks:\n  remember: 9999d\n  days: 30\n", []string{
		`3:13: links.remember: "9999d" is too long: at most 3650d (ten years)`,
		"4:3: links.days: unknown key: the keys here are remember",
	}},
	{"fraud rules of another sort", "fraud: []\n", []string{
		"1:8: fraud: must be a mapping such as {same_card: review}, not a list",
	}},
	{"another action", "fraud: {same_card: block, same_ip: true, same_device: Flag, same_email: \"\", disposable_email: }\n", []string{
		`1:20: fraud.same_card: must be one of flag, review, cancel, not "block"`,
		"1:36: fraud.same_ip: must be one of flag, review, cancel, not true",
		`1:55: fraud.same_device: must be one of flag, review, cancel, not "Flag"`,
		`1:73: fraud.same_email: must be one of flag, review, cancel, not ""`,
		"1:77: fraud.disposable_email: has no value: write one of flag, review, cancel, or take it out",
	}},
	{"an unknown signal", "fraud: {same_iban: flag, sign_ups: flag}\n", []string{
		"1:9: fraud.same_iban: unknown key: did you mean same_ip?",
		"1:26: fraud.sign_ups: unknown key: the keys here are same_card, same_ip, same_device, same_email, disposable_email, signups_per_ip",
	}},
	{"sign-ups per address as a word", "fraud: {signups_per_ip: review}\n", []string{
		`1:25: fraud.signups_per_ip: must be a mapping such as {max: 5, per: 1m, then: review}, not the text "review"`,
	}},
	{"sign-ups per address without a measure", "fraud:\n  signups_per_ip: {}\n", []string{
		"2:19: fraud.signups_per_ip: max is missing: write all of {max: 5, per: 1m, then: review}",
		"2:19: fraud.signups_per_ip: per is missing: write all of {max: 5, per: 1m, then: review}",
		"2:19: fraud.signups_per_ip: then is missing: write all of {max: 5, per: 1m, then: review}",
	}},
	{"sign-ups per address out of bounds", "fraud: {signups_per_ip: {max: 0, per: 0s, then: ban, until: 1}}\n", []string{
		"1:31: fraud.signups_per_ip.max: must be a whole number from 1 to 1000000000, not the number 0",
		"1:39: fraud.signups_per_ip.per: must be more than nothing: write a duration such as 90d, 1h, 30m, 45s or 1d12h",
		`1:49: fraud.signups_per_ip.then: must be one of flag, review, cancel, not "ban"`,
		"1:54: fraud.signups_per_ip.until: unknown key: the keys here are max, per, then",
	}},
	{"many at once, in the order of the file", "tiers: [1]\nrewards: []\nname: X\ncodes: {length: 1}\n", []string{
		"1:9: tiers[0]: must be a mapping such as {name: Silver, from: 10}, not the number 1",
		"2:10: rewards: must list at least one reward: a program that rewards nobody has no effect",
		`3:7: name: "X" is not a program's name: write 1 to 40 of a-z, 0-9, - and _`,
		"4:17: codes.length: must be a whole number from 6 to 32, not the number 1",
	}},
}
