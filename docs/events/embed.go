// Package events holds the JSON Schemas of every event plusone takes or sends, as Go code needs them: embedded and ready
// to compile. The schemas are the contract; asyncapi.yaml beside them says on which subjects the events travel.
// It imports no other package of plusone.
package events

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// FS holds the schemas, one file each.
//
//go:embed *.json
var FS embed.FS

// base is where the schemas say they live; references between them resolve against it.
const base = "https://plusone.dev/events/"

// Compile makes the schema of an event type ("user.registered"), or "cloudevent" for the envelope alone, ready to use.
// Formats are checked, not only noted. A compiled schema may be used by several goroutines.
func Compile(name string) (*jsonschema.Schema, error) {
	files, err := FS.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, f := range files {
		data, err := FS.ReadFile(f.Name())
		if err != nil {
			return nil, fmt.Errorf("events: %w", err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("events: %s: %w", f.Name(), err)
		}
		if err := c.AddResource(base+f.Name(), doc); err != nil {
			return nil, fmt.Errorf("events: %s: %w", f.Name(), err)
		}
	}
	s, err := c.Compile(base + name + ".json")
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	return s, nil
}

// Decode reads one JSON document into the values a schema validates. Numbers stay as written, and text that is not
// UTF-8 is refused: encoding/json would put U+FFFD in its place, so that two different ids could become one.
func Decode(data []byte) (any, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("events: not valid UTF-8")
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	return doc, nil
}
