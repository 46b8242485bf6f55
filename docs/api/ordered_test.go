package openapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	openapi "github.com/plusone-dev/plusone/docs/api"
)

// TestTheOrderedDocumentIsTheSame compares what pages are made of with what is served.
func TestTheOrderedDocumentIsTheSame(t *testing.T) {
	ordered, err := openapi.Ordered()
	must(t, err)
	text, err := json.Marshal(withoutOrder(ordered))
	must(t, err)
	served, err := openapi.Document()
	must(t, err)
	var got, want map[string]any
	must(t, json.Unmarshal(text, &got))
	must(t, json.Unmarshal(served, &want))
	schemas := got["components"].(map[string]any)["schemas"].(map[string]any)
	for name, schema := range schemas {
		if strings.HasPrefix(name, "event.") { // what they are called elsewhere
			delete(schema.(map[string]any), "$schema")
			delete(schema.(map[string]any), "$id")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-served +ordered):\n%s", diff)
	}
	if last := ordered[len(ordered)-1]; ordered[0].Key != "openapi" || last.Key != "components" {
		t.Errorf("it begins with %v and ends with %v", ordered[0].Key, last.Key)
	}
}

func withoutOrder(v any) any {
	switch v := v.(type) {
	case yaml.MapSlice:
		out := make(map[string]any, len(v))
		for _, m := range v {
			out[fmt.Sprint(m.Key)] = withoutOrder(m.Value)
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, one := range v {
			out = append(out, withoutOrder(one))
		}
		return out
	}
	return v
}
