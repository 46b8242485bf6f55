package fact

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
	"pgregory.net/rapid"
)

// agrees holds what is read against two others: gjson and encoding/json say what is JSON, and gjson what stands in it.
func agrees(t rapid.TB, text string, paths ...string) {
	t.Helper()
	root, ok := readJSON(text)
	if ok != gjson.Valid(text) || ok != json.Valid([]byte(text)) {
		t.Fatalf("%q: %t", text, ok)
	}
	if !ok {
		return
	}
	if want := gjson.Parse(text); root.raw != strings.TrimRight(want.Raw, " \t\r\n") || root.isObject() != want.IsObject() {
		t.Fatalf("%q: read as %q", text, root.raw)
	}
	sameMembers(t, root, gjson.Parse(text))
	for _, path := range paths {
		got, want := root.get(path), gjson.Get(text, path)
		if got.Type != want.Type || got.Raw != want.Raw || got.Str != want.Str {
			t.Fatalf("%q: %s is %q, not %q", text, path, got.Raw, want.Raw)
		}
	}
}

// sameMembers compares the members of an object, and theirs, with what gjson finds.
func sameMembers(t rapid.TB, v value, want gjson.Result) {
	t.Helper()
	type named struct{ Name, Raw, Str string }
	var got, wanted []named
	var values []gjson.Result
	if want.IsObject() {
		want.ForEach(func(key, m gjson.Result) bool {
			wanted, values = append(wanted, named{key.Str, m.Raw, m.Str}), append(values, m)
			return true
		})
	}
	for name, m := range v.all() {
		got = append(got, named{name, m.raw, m.result().Str})
		if len(got) <= len(values) {
			sameMembers(t, m, values[len(got)-1])
		}
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Fatalf("%s (-gjson +read):\n%s", want.Raw, diff)
	}
}

// paths are what the parsers ask for, or might.
var paths = []string{
	"id", "object", "data", "data.object", "metadata.user_id", "data.object.id", "data.object.metadata.user_id", "a", "a.b", "a.b.c",
	"data.object.payment_method_details.card.fingerprint", "data.object.payments.data", "",
}

// pieces are what documents are made of, and what is put into them.
var pieces = []string{
	`{`, `}`, `[`, `]`, `:`, `,`, `"`, `\`, ` `, "\n", "\t", "\r", "\x00", "\x1f", "\x7f", `null`, `true`, `false`, `nul`, `NaN`, `+1`, `0`, `-`, `-0`, `01`, `1.`, `.5`,
	`1e`, `1e5`, `1E+5`, `1.5e-7`, `12345678901234567890`, `""`, `"a"`, `"b"`, `"id"`, `"data"`, `"object"`, `"metadata"`, `"a\"b"`, `"\u0061"`,
	`"i\u0064"`, `"\\"`, `"\ud83d\ude00"`, `"\ud800"`, `"\ud800\u0061"`, `"\u00"`, `"\x"`, `"\/\b\f\n\r\t"`, `"é"`, `"a":`, `"b":`, `"data":`, `"object":`,
	`"a":{"b":{"c":1}}`, `"a":{"b":2}`, `"a":7`, `"a":[{"b":1}]`, `,"a":`, `{"a":{}}`, "\ufeff", "\u00a0", "\xff", `'`, `//`, `\u0000`,
}

// Whatever is cut out of an event, or put into it, is read as others read it.
func TestReadJSONAgreesWithOthers(t *testing.T) {
	t.Parallel()
	var texts []string
	for _, file := range fixtures(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(data))
	}
	for _, example := range examples {
		texts = append(texts, example)
	}
	texts = append(texts, fullSignUp, ``, ` `, `{}`, `[]`, `"a"`, `7`, `null`, "{\"a\":1}\n", "\t[ ]",
		"\"\n\"", "\"\x1f\"", `"\u123g"`, `"\u12"`, `{"a":{"b":1},"a":{"b":{"c":2}}}`)
	for _, text := range texts {
		agrees(t, text, paths...)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom(texts).Draw(t, "text")
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			from := rapid.IntRange(0, len(text)).Draw(t, "from")
			to := min(len(text), from+rapid.SampledFrom([]int{0, 0, 1, 1, 2, 7, 100}).Draw(t, "cut"))
			text = text[:from] + rapid.SampledFrom(append(pieces, "")).Draw(t, "piece") + text[to:]
		}
		agrees(t, text, paths...)
	})
	rapid.Check(t, func(t *rapid.T) { // short ones, made of the pieces alone
		agrees(t, strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 12).Draw(t, "pieces"), ""), paths...)
	})
	rapid.Check(t, func(t *rapid.T) { // JSON by design, with many members of one name
		agrees(t, document(3).Draw(t, "document"), paths...)
	})
}

// document draws a JSON document of few names, so that many stand in it twice.
func document(depth int) *rapid.Generator[string] {
	scalar := rapid.SampledFrom([]string{`null`, `true`, `-1.5e3`, `0`, `""`, `"x"`, `"\"{["`, `"\u0041\\"`, `[]`, `{}`})
	if depth == 0 {
		return scalar
	}
	name := rapid.SampledFrom([]string{`"a"`, `"b"`, `"c"`, `"\u0061"`, `"data"`, `"object"`, `"d\u0061ta"`, `"id"`, `"metadata"`, `""`, `"\"a"`})
	blank := rapid.SampledFrom([]string{"", "", " ", "\n  ", "\t"})
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
			return scalar.Draw(t, "scalar")
		}
		isObject := rapid.IntRange(0, 4).Draw(t, "object") > 0
		var all []string
		for range rapid.IntRange(0, 5).Draw(t, "size") {
			one := blank.Draw(t, "") + document(depth-1).Draw(t, "value") + blank.Draw(t, "")
			if isObject {
				one = blank.Draw(t, "") + name.Draw(t, "name") + blank.Draw(t, "") + ":" + one
			}
			all = append(all, one)
		}
		if isObject {
			return "{" + strings.Join(all, ",") + "}"
		}
		return "[" + strings.Join(all, ",") + "]"
	})
}

func FuzzReadJSON(f *testing.F) {
	for _, piece := range pieces {
		f.Add(piece)
		f.Add(`{"a":` + piece + `,"b":[` + piece + `]}`)
	}
	for _, example := range examples {
		f.Add(example)
	}
	f.Fuzz(func(t *testing.T, text string) { agrees(t, text, paths...) })
}
