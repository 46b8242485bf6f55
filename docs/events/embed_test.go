package events_test

import (
	"encoding/json"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/plusone-dev/plusone/docs/events"
)

// types are the events in and out; every one has a schema with at least one example.
var types = []string{
	"user.registered", "user.verified", "user.erased",
	"referral.reviewed", "referral.reopened", "referral.attributed", "code.assigned", "link.visited",
	"referral.pending", "referral.qualified", "referral.rewarded", "referral.cancelled",
	"reward.granted", "reward.revoked",
}

func readObject(t *testing.T, file string) map[string]any {
	t.Helper()
	data, err := events.FS.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := events.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return doc.(map[string]any)
}

func TestEverySchemaCompiles(t *testing.T) {
	files, err := events.FS.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".json")
		if _, err := events.Compile(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if id := readObject(t, f.Name())["$id"]; id != "https://plusone.dev/events/"+f.Name() {
			t.Errorf("%s has the $id %v", f.Name(), id)
		}
	}
	if _, err := events.Compile("no.such.event"); err == nil {
		t.Error("a schema that is not there compiles")
	}
}

func TestExamplesAreValid(t *testing.T) {
	for _, name := range types {
		schema, err := events.Compile(name)
		if err != nil {
			t.Fatal(err)
		}
		examples, _ := readObject(t, name+".json")["examples"].([]any)
		if len(examples) == 0 {
			t.Errorf("%s has no example", name)
		}
		for _, e := range examples {
			if err := schema.Validate(e); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got := e.(map[string]any)["type"]; got != name {
				t.Errorf("%s has an example of type %v", name, got)
			}
		}
	}
}

// edit is an example with one member set, or left out when value is nil and null is false.
type edit struct {
	schema, at string // at: "id" or "data.minor"
	value      any
	null       bool
}

var invalid = []edit{
	{schema: "user.registered", at: "data"},
	{schema: "user.registered", at: "data.user_id"},
	{schema: "user.registered", at: "data.user_id", null: true},
	{schema: "user.registered", at: "data.program", value: "VIP"},
	{schema: "user.registered", at: "data.code", value: "BO"},
	{schema: "user.registered", at: "specversion", value: "0.3"},
	{schema: "user.registered", at: "time", value: "2026-02-30T00:00:00Z"},
	{schema: "user.registered", at: "extension", value: "\x00"},
	{schema: "user.registered", at: "data.extra", value: []any{map[string]any{"\x00": true}}},
	{schema: "user.verified", at: "data.user_id", value: ""},
	{schema: "user.verified", at: "data.verified_at", value: "2026-05-01"},
	{schema: "user.erased", at: "data.user_id"},
	{schema: "user.erased", at: "type", value: "user.verified"},
	{schema: "referral.reviewed", at: "data.verdict"},
	{schema: "referral.reviewed", at: "data.verdict", value: "reopened"},
	{schema: "referral.reviewed", at: "data.referral_code", value: "A B"},
	{schema: "referral.reopened", at: "data.by"},
	{schema: "referral.reopened", at: "data.why", value: ""},
	{schema: "referral.reopened", at: "data.user_id", null: true},
	{schema: "referral.attributed", at: "data.referral_code", null: true},
	{schema: "referral.attributed", at: "data.at", value: json.Number("1777627800")},
	{schema: "code.assigned", at: "data.code"},
	{schema: "code.assigned", at: "data.program", value: ""},
	{schema: "user.registered", at: "data.source", value: "X"},
	{schema: "link.visited", at: "data.code"},
	{schema: "link.visited", at: "data.via", value: "what ever"},
	{schema: "link.visited", at: "data.at", value: "2026-05-01"},
	{schema: "referral.pending", at: "data.status", value: "qualified"},
	{schema: "referral.pending", at: "data.reason", value: "expired"},
	{schema: "referral.pending", at: "source", value: "/elsewhere"},
	{schema: "referral.pending", at: "subject"},
	{schema: "referral.pending", at: "data.cause"},
	{schema: "referral.pending", at: "data.from"},
	{schema: "referral.qualified", at: "type", value: "referral.pending"},
	{schema: "referral.rewarded", at: "data.from", value: "signed_up"},
	{schema: "referral.rewarded", at: "data.at", value: "2026-05-02"},
	{schema: "referral.cancelled", at: "data.reason", null: true},
	{schema: "referral.cancelled", at: "data.reason", value: "because"},
	{schema: "reward.granted", at: "data.minor", value: json.Number("0")},
	{schema: "reward.granted", at: "data.minor", value: json.Number("-1000")},
	{schema: "reward.granted", at: "data.minor", value: json.Number("10.5")},
	{schema: "reward.granted", at: "data.minor", value: json.Number("9223372036854775808")},
	{schema: "reward.granted", at: "data.amount", value: "-10.00"},
	{schema: "reward.granted", at: "data.amount", value: json.Number("10")},
	{schema: "reward.granted", at: "data.to", value: "both"},
	{schema: "reward.revoked", at: "data.currency", value: "USD"},
	{schema: "reward.revoked", at: "time", null: true},
	{schema: "reward.revoked", at: "data.user_id", value: ""},
}

func TestInvalidEventsFail(t *testing.T) {
	for _, e := range invalid {
		schema, err := events.Compile(e.schema)
		if err != nil {
			t.Fatal(err)
		}
		example := readObject(t, e.schema+".json")["examples"].([]any)[0].(map[string]any)
		object, member := example, e.at
		if rest, ok := strings.CutPrefix(e.at, "data."); ok {
			object, member = example["data"].(map[string]any), rest
		}
		object[member] = e.value
		if e.value == nil && !e.null {
			delete(object, member)
		}
		if schema.Validate(example) == nil {
			t.Errorf("%s with %s = %v (null: %v) is valid", e.schema, e.at, e.value, e.null)
		}
	}
}

func TestDecodeIsStrict(t *testing.T) {
	for _, give := range []string{"", "{", "{} {}", "{}x", "\"\xff\"", "NaN"} {
		if _, err := events.Decode([]byte(give)); err == nil {
			t.Errorf("%q was read", give)
		}
	}
	if v, err := events.Decode([]byte(` {"n": 9223372036854775807} `)); err != nil || v.(map[string]any)["n"] != json.Number("9223372036854775807") {
		t.Errorf("%v, %v", v, err)
	}
}

func TestAsyncAPIRefersToWhatIsThere(t *testing.T) {
	data, err := os.ReadFile("asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	files := map[string]bool{}
	for _, ref := range refs(doc) {
		if pointer, ok := strings.CutPrefix(ref, "#/"); ok {
			if !resolves(doc, pointer) {
				t.Errorf("%s is not in the document", ref)
			}
			continue
		}
		name := path.Clean(ref)
		if _, err := events.FS.ReadFile(name); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
		files[strings.TrimSuffix(name, ".json")] = true
	}
	for _, name := range types {
		if !files[name] {
			t.Errorf("no message has the schema of %s", name)
		}
	}
}

func refs(v any) []string {
	var found []string
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			if ref, ok := member.(string); ok && key == "$ref" {
				found = append(found, ref)
			}
			found = append(found, refs(member)...)
		}
	case []any:
		for _, member := range v {
			found = append(found, refs(member)...)
		}
	}
	return found
}

func resolves(doc any, pointer string) bool {
	for name := range strings.SplitSeq(pointer, "/") {
		object, ok := doc.(map[string]any)
		if !ok {
			return false
		}
		if doc, ok = object[name]; !ok {
			return false
		}
	}
	return true
}
