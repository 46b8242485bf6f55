package reference

import (
	"fmt"
	"slices"
	"strings"
)

// schema is one schema as it is shown: a line that says what it is, and what is inside of it.
type schema struct {
	Type    string // "string", "array of", "one of"
	Ref     string // the name of the schema it refers to; empty for one that is written out
	Rules   []string
	Text    string
	Example string
	Members []member
	Parts   []part
}

// member is a property of an object.
type member struct {
	Name     string
	Required bool
	schema
}

// part is a schema that others are made of: each item, or one of several.
type part struct {
	Label string
	schema
}

// schemaPrefix begins the references to schemas that have a name and a place on the page.
const schemaPrefix = "#/components/schemas/"

// schema reads one. Whatever has a name is referred to, so that nothing is shown twice, and a tree has an end.
func (d document) schema(v any) schema {
	s := schema{Text: text(v, "description"), Example: exampleOf(v), Type: typeOf(v), Rules: rulesOf(v)}
	if ref := text(v, "$ref"); ref != "" {
		name, _, found := strings.Cut(strings.TrimPrefix(ref, schemaPrefix), "/")
		switch {
		case slices.Contains(d.within, ref):
			s.Type = "the same again"
			return s
		case found: // a part of a schema is shown in its place
			inner := document{d.root, append(slices.Clone(d.within), ref)}
			s = s.upon(inner.schema(at(d.root, pointer(ref)...)))
		case at(v, "properties") == nil:
			s.Ref = name
		default:
			s.Parts = append(s.Parts, part{"all of", schema{Ref: name}})
		}
	}
	required := make(map[string]bool)
	for _, name := range list(v, "required") {
		required[fmt.Sprint(name)] = true
	}
	for _, m := range members(v, "properties") {
		s.Members = append(s.Members, member{key(m), required[key(m)], d.schema(m.Value)})
	}
	if items := at(v, "items"); items != nil {
		s.Parts = append(s.Parts, part{"each", d.schema(items)})
	}
	for _, group := range []struct{ name, label string }{{"allOf", "and all of"}, {"oneOf", "one of"}, {"anyOf", "any of"}} {
		for _, alternative := range list(v, group.name) {
			if p := d.schema(alternative); p.says() {
				s.Parts = append(s.Parts, part{group.label, p})
			}
		}
	}
	return s.flat()
}

// upon is what a reference leads to, with what is said beside the reference.
func (s schema) upon(to schema) schema {
	if s.Text != "" {
		to.Text = s.Text
	}
	if to.Type == "" {
		to.Type = s.Type
	}
	for _, rule := range s.Rules {
		if !slices.Contains(to.Rules, rule) {
			to.Rules = append(to.Rules, rule)
		}
	}
	return to
}

// says is false for a schema of which nothing would be seen.
func (s schema) says() bool {
	return s.Type != "" || s.Ref != "" || s.Text != "" || len(s.Rules)+len(s.Members)+len(s.Parts) > 0
}

// flat has a list of something with a name, or without anything inside, take one line.
func (s schema) flat() schema {
	if len(s.Parts) != 1 || s.Parts[0].Label != "each" || s.Type != "array" {
		return s
	}
	each := s.Parts[0].schema
	s.Type = strings.TrimSpace("array of " + each.Type)
	s.Ref, s.Members, s.Parts = each.Ref, each.Members, each.Parts
	s.Rules = append(s.Rules, each.Rules...)
	if s.Text == "" {
		s.Text = each.Text
	}
	return s
}

// typeOf is the type in words; null is said as "or null".
func typeOf(v any) string {
	switch t := at(v, "type").(type) {
	case string:
		return t
	case []any:
		var all []string
		for _, one := range t {
			all = append(all, fmt.Sprint(one))
		}
		return strings.Join(all, " or ")
	}
	if at(v, "properties") != nil {
		return "object"
	}
	return ""
}

// bounds are the keywords whose value is said after their words.
var bounds = []struct{ keyword, words string }{
	{"format", "%v"}, {"const", "always %v"}, {"default", "default %v"}, {"minimum", "at least %v"}, {"maximum", "at most %v"},
	{"exclusiveMinimum", "more than %v"}, {"minLength", "at least %v long"}, {"maxLength", "at most %v long"}, {"minItems", "at least %v items"},
	{"maxItems", "at most %v items"}, {"pattern", "matches %v"},
}

// rulesOf are what a value must keep to, each in a few words.
func rulesOf(v any) (all []string) {
	if values := list(v, "enum"); len(values) > 0 {
		var names []string
		for _, value := range values {
			if value == "" {
				value = "(empty)"
			}
			names = append(names, fmt.Sprint(value))
		}
		all = append(all, "one of "+strings.Join(names, ", "))
	}
	for _, b := range bounds {
		if value := at(v, b.keyword); value != nil {
			all = append(all, fmt.Sprintf(b.words, value))
		}
	}
	return all
}
