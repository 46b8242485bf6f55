// Package openapi holds the description of what plusone answers over HTTP, as the server gives it away and the tests hold
// answers to it. It imports no other package of plusone but the schemas of events.
package openapi

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/plusone-dev/plusone/docs/events"
)

//go:embed openapi.yaml
var source []byte

// Document is openapi.yaml as JSON, complete in itself: the schemas of events to which it refers are among its components.
var Document = sync.OnceValues(func() ([]byte, error) {
	asJSON, err := yaml.YAMLToJSON(source)
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	var root map[string]any
	if err := json.Unmarshal(asJSON, &root); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	repoint(root, "")
	components, _ := root["components"].(map[string]any)
	schemas, ok := components["schemas"].(map[string]any)
	if !ok {
		return nil, errors.New("openapi: there are no components.schemas")
	}
	if err := addEvents(schemas); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	return json.Marshal(root)
})

// addEvents puts the schemas of events among the document's own, each under the name of its file.
func addEvents(schemas map[string]any) error {
	files, err := events.FS.ReadDir(".")
	if err != nil {
		return err
	}
	for _, f := range files {
		text, err := events.FS.ReadFile(f.Name())
		if err != nil {
			return err
		}
		var schema map[string]any
		if err := json.Unmarshal(text, &schema); err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
		repoint(schema, f.Name())
		delete(schema, "$schema")
		delete(schema, "$id")
		schemas[component(f.Name())] = schema
	}
	return nil
}

func component(file string) string { return "event." + strings.TrimSuffix(file, ".json") }

// repoint has every reference of a document point to where things are in the one that is complete in itself. What is read
// from a schema of events is in file; the document itself has no name.
func repoint(v any, file string) {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			v["$ref"] = target(ref, file)
		}
		for _, member := range v {
			repoint(member, file)
		}
	case []any:
		for _, member := range v {
			repoint(member, file)
		}
	}
}

func target(ref, file string) string {
	name, pointer, _ := strings.Cut(strings.TrimPrefix(ref, "https://plusone.dev/events/"), "#")
	if name == "" {
		name = file
	}
	if name == "" {
		return ref
	}
	return "#/components/schemas/" + component(name) + pointer
}
