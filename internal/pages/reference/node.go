package reference

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// node is an object of the document, its members in their order.
type node = yaml.MapSlice

// document finds its way through the document.
type document struct {
	root   node
	within []string // the references that are being followed: a schema may be a part of itself
}

// at follows names from an object; nil where there is nothing.
func at(v any, names ...string) any {
	for _, name := range names {
		n, _ := v.(node)
		v = nil
		for _, member := range n {
			if member.Key == name {
				v = member.Value
			}
		}
	}
	return v
}

func text(v any, names ...string) string {
	s, _ := at(v, names...).(string)
	return strings.TrimSpace(s)
}

func members(v any, names ...string) node {
	n, _ := at(v, names...).(node)
	return n
}

func list(v any, names ...string) []any {
	all, _ := at(v, names...).([]any)
	return all
}

func key(member yaml.MapItem) string { return fmt.Sprint(member.Key) }

// resolve is what an object refers to, or the object itself.
func (d document) resolve(v any) any {
	for range 8 { // no chain is so long
		ref := text(v, "$ref")
		if ref == "" {
			return v
		}
		v = at(d.root, pointer(ref)...)
	}
	return v
}

// pointer are the names of a reference into the document.
func pointer(ref string) []string {
	names := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
	for i, name := range names {
		names[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
	}
	return names
}
