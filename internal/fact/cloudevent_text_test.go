package fact

import (
	"encoding/json"
	"strings"
	"testing"
)

// As deep as encoding/json goes, and no deeper; what is beside one another, or in a string, is not inside one another.
func TestReadJSONNests(t *testing.T) {
	t.Parallel()
	lists := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	objects := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	for name, c := range map[string]struct {
		data string
		want bool
	}{
		"lists, as deep as it goes":       {lists(10_000), false},
		"lists, one deeper":               {lists(10_001), true},
		"objects, as deep as it goes":     {objects(10_000), false},
		"objects, one deeper":             {objects(10_001), true},
		"lists and objects, in turns":     {strings.Repeat(`[{"a":`, 5_001) + "1" + strings.Repeat("}]", 5_001), true},
		"lists beside one another":        {"[" + strings.Repeat("[],", 20_000) + "[]]", false},
		"objects beside one another":      {"[" + strings.Repeat("{},", 20_000) + "{}]", false},
		"brackets in a string":            {`["` + strings.Repeat("[{", 20_000) + `"]`, false},
		"after an escaped quote":          {`["\"` + strings.Repeat("[", 20_000) + `"]`, false},
		"beside escaped quotes":           {`["` + strings.Repeat(`\"[[`, 20_000) + `"]`, false},
		"after a string that ends in \\":  {`["\\",` + lists(10_000) + `]`, true},
		"after strings that end in \\":    {`["\\","\\",` + lists(9_999) + `]`, false},
		"after a string with a quote":     {`["\"",` + lists(10_000) + `]`, true},
		"after closing brackets in texts": {`["` + strings.Repeat("]}", 100) + `",` + lists(10_000) + `]`, true},
	} {
		if _, ok := readJSON(c.data); ok == c.want {
			t.Errorf("%s: %t", name, ok)
		}
		if err := json.Unmarshal([]byte(c.data), new(any)); (err != nil) != c.want {
			t.Errorf("%s, to encoding/json: %v", name, err)
		}
	}
}

func TestHasNUL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		``: false, `"u0000"`: false, `"\u0001"`: false,
		`"\u0000"`: true, `"\\u0000"`: false, `"\\\u0000"`: true, `"\\\\u0000"`: false, `"\\\\\u0000"`: true, `"\\\\\\\u0000"`: true,
		`"\\u0000\u0000"`: true, `"\\u0000\\u0000"`: false, `"\\u0000 \\\u0000"`: true, `"\n\u0000"`: true,
	} {
		if got := hasNUL([]byte(text)); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

// Which halves of surrogate pairs are alone: the property of the same name draws more of them.
func TestHasLoneSurrogateIn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		``: false, `"`: false, `"a"`: false, `"\`: false, `\n`: false,
		`\ud800`: true, `\uDFFF`: true, `\ud83d\ude00`: false, `\uD83D\uDE00`: false, `\ude00\ud83d`: true,
		`\ud83d\ude00\ud83d`: true, `\ud83d\ude00\ude00`: true, `\ud83d\ud83d\ude00`: true, `\n\ud800`: true, `\u0041\ud800`: true,
		`\ud7ff`: false, `\ue000`: false, `\\ud800`: false, `\\\ud800`: true, `\\d800`: false, `\nd800`: false,
		`\ud83d\nde00`: true, `\ud83dAude00`: true, `\ud83d\\ude00`: true, `\ud83d"`: true,
	} {
		if got := hasLoneSurrogate([]byte(text)); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

// What each kind of name is made of, held against every character of the first blocks: beyond ASCII none is taken, nor
// one that turns ASCII in upper or lower case.
func TestAlphabets(t *testing.T) {
	t.Parallel()
	const (
		digits   = "0123456789"
		small    = "abcdefghijklmnopqrstuvwxyz"
		capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	)
	for name, c := range map[string]struct {
		is       func(string) bool
		head     string
		alphabet string
	}{
		"id":       {isCloudID, "", digits + small + capitals + " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
		"source":   {isCloudSource, "", digits + small + capitals + ":/?#@!$&'()*+,;=._~%[]-"},
		"customer": {isCustomerID, "cus_", digits + small + capitals + "_"},
		"code":     {isCode, "", digits + small + capitals + "-_"},
		"program":  {isProgramName, "", digits + small + "-_"},
		"how":      {isSource, "", digits + small + "-_."},
		"via":      {isVia, "", digits + small + "-"},
	} {
		for r := range rune(0x250) {
			if got := c.is(c.head + "a" + string(r) + "b"); got != strings.ContainsRune(c.alphabet, r) {
				t.Errorf("%s: %q: %t", name, r, got)
			}
		}
		for _, r := range []rune{'\u017f', '\u212a', '\uff21', '\uffff', '😀'} {
			if c.is(c.head + "a" + string(r) + "b") {
				t.Errorf("%s: %q is taken", name, r)
			}
		}
	}
}

func TestLengths(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		is          func(string) bool
		head        string
		least, most int
	}{
		"id":       {isCloudID, "", 1, 255},
		"source":   {isCloudSource, "", 1, 255},
		"customer": {isCustomerID, "cus_", 5, 255},
		"code":     {isCode, "", 3, 32},
		"program":  {isProgramName, "", 1, 40},
		"how":      {isSource, "", 1, 40},
		"via":      {isVia, "", 1, 20},
	} {
		for n := len(c.head); n <= 300; n++ {
			if got := c.is(c.head + strings.Repeat("a", n-len(c.head))); got != (c.least <= n && n <= c.most) {
				t.Errorf("%s of %d characters: %t", name, n, got)
			}
		}
	}
	for _, blank := range []string{" ", " a", "a "} {
		if isCloudID(blank) {
			t.Errorf("the id %q is taken", blank)
		}
	}
	if isCustomerID("cust_1") || isCustomerID("") {
		t.Error("what does not begin as a customer's id is taken for one")
	}
}
