package openapi

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/plusone-dev/plusone/docs/events"
)

// Ordered is the document as Document has it, with everything in the order in which people wrote it: for pages.
var Ordered = sync.OnceValues(func() (yaml.MapSlice, error) {
	root, err := ordered(source, "")
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	files, err := events.FS.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	var all yaml.MapSlice
	for _, f := range files {
		text, err := events.FS.ReadFile(f.Name())
		if err != nil {
			return nil, fmt.Errorf("openapi: %w", err)
		}
		schema, err := ordered(text, f.Name())
		if err != nil {
			return nil, fmt.Errorf("openapi: %s: %w", f.Name(), err)
		}
		all = append(all, yaml.MapItem{Key: component(f.Name()), Value: schema})
	}
	return addOrdered(root, all)
})

// ordered reads YAML, of which JSON is a part, and has its references point into the one document.
func ordered(text []byte, file string) (root yaml.MapSlice, err error) {
	if err := yaml.UnmarshalWithOptions(text, &root, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	repointOrdered(root, file)
	return root, nil
}

func repointOrdered(v any, file string) {
	switch v := v.(type) {
	case yaml.MapSlice:
		for i := range v {
			if ref, ok := v[i].Value.(string); ok && v[i].Key == "$ref" {
				v[i].Value = target(ref, file)
			}
			repointOrdered(v[i].Value, file)
		}
	case []any:
		for _, member := range v {
			repointOrdered(member, file)
		}
	}
}

// addOrdered puts schemas after those that are among the components.
func addOrdered(root, more yaml.MapSlice) (yaml.MapSlice, error) {
	for _, part := range root {
		components, ok := part.Value.(yaml.MapSlice)
		if part.Key != "components" || !ok {
			continue
		}
		for i := range components {
			if schemas, ok := components[i].Value.(yaml.MapSlice); ok && components[i].Key == "schemas" {
				components[i].Value = slices.Concat(schemas, more)
				return root, nil
			}
		}
	}
	return nil, errors.New("openapi: there are no components.schemas")
}
