package program_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/program"
)

// yamlBlocks are the programs that a page shows.
func yamlBlocks(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, found := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(found[1], "name: default") {
			blocks = append(blocks, found[1])
		}
	}
	return blocks
}

// TestReadme holds that the default program the README shows is the default program.
func TestReadme(t *testing.T) {
	t.Parallel()
	blocks := yamlBlocks(t, "../../README.md")
	if len(blocks) != 1 {
		t.Fatalf("%d programs in README.md, want one", len(blocks))
	}
	if diff := cmp.Diff(standard(), mustParse(t, blocks[0])); diff != "" {
		t.Errorf("the program in README.md: (-default +README)\n%s", diff)
	}
}

// TestReference holds that docs/program.md explains every key there is and no other, that its example has them all, and
// that the defaults it names are the default program's.
func TestReference(t *testing.T) {
	t.Parallel()
	const page = "../../docs/program.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var explained []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		explained = append(explained, row[1])
	}
	slices.Sort(explained)
	checkDefaults(t, string(text))
	want := everyKey(t)
	if diff := cmp.Diff(want, explained); diff != "" {
		t.Errorf("the keys in %s: (-there are +explained)\n%s", page, diff)
	}
	blocks := yamlBlocks(t, page)
	if len(blocks) != 1 {
		t.Fatalf("%d programs in %s, want one", len(blocks), page)
	}
	mustParse(t, blocks[0])
	for _, key := range want {
		if name := key[strings.LastIndex(key, ".")+1:]; !regexp.MustCompile(`\b` + name + `:`).MatchString(blocks[0]) {
			t.Errorf("the example in %s lacks %s", page, key)
		}
	}
}

// checkDefaults spells out each default that the page names, by itself. It must change nothing.
func checkDefaults(t *testing.T, page string) {
	t.Helper()
	named := regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| [^|]+ \\| `([^`]+)` \\|").FindAllStringSubmatch(page, -1)
	count := 0
	for _, row := range named {
		key, value := row[1], row[2]
		if strings.HasPrefix(key, "rewards.") {
			continue // there is none without the rest of a reward
		}
		count++
		source := key + ": " + value
		if parent, child, nested := strings.Cut(key, "."); nested {
			source = parent + ": {" + child + ": " + value + "}"
		}
		if diff := cmp.Diff(standard(), mustParse(t, source)); diff != "" {
			t.Errorf("%s is no default: (-default +page)\n%s", source, diff)
		}
	}
	if count != 13 {
		t.Errorf("%d defaults are named, want 13", count)
	}
}

// everyKey asks the parser, which names the keys of a mapping when it refuses one. Keys that have others are not listed
// themselves, but for those that are nothing without an explanation of their own.
func everyKey(t *testing.T) []string {
	t.Helper()
	keys := []string{"fraud.signups_per_ip", "tiers"}
	for source, prefix := range map[string]string{
		"xxxxxxxxx: 1":            "",
		"codes: {xxxxxxxxx: 1}":   "codes.",
		"qualify: {xxxxxxxxx: 1}": "qualify.",
		`rewards: [{to: referrer, percent: "1", xxxxxxxxx: 1}]`:                "rewards.",
		"tiers: [{name: A, from: 1, xxxxxxxxx: 1}]":                            "tiers.",
		"links: {xxxxxxxxx: 1}":                                                "links.",
		"fraud: {xxxxxxxxx: 1}":                                                "fraud.",
		"fraud: {signups_per_ip: {max: 1, per: 1s, then: flag, xxxxxxxxx: 1}}": "fraud.signups_per_ip.",
	} {
		_, err := program.Parse("p.yaml", []byte(source))
		if err == nil {
			t.Fatalf("%s is accepted", source)
		}
		_, list, ok := strings.Cut(err.Error(), "unknown key: the keys here are ")
		if !ok {
			t.Fatalf("%s: %v", source, err)
		}
		for key := range strings.SplitSeq(list, ", ") {
			if parent := []string{"codes", "qualify", "rewards", "tiers", "links", "fraud", "signups_per_ip"}; !slices.Contains(parent, key) || prefix == "tiers." {
				keys = append(keys, prefix+key)
			}
		}
	}
	slices.Sort(keys)
	return keys
}
