package reference

import (
	"bytes"
	"encoding/json"
	"html/template"
	"strings"

	"github.com/goccy/go-yaml"
)

// prose has text as the document writes it, in paragraphs with `code` in them, be HTML. Everything in it is escaped.
func prose(s string) template.HTML {
	var b strings.Builder
	for _, paragraph := range strings.Split(s, "\n\n") {
		if strings.TrimSpace(paragraph) != "" {
			b.WriteString("<p>" + string(inline(paragraph)) + "</p>")
		}
	}
	return template.HTML(b.String()) //nolint:gosec // made of escaped text alone
}

// inline does so for one line.
func inline(s string) template.HTML {
	var b strings.Builder
	for i, run := range strings.Split(s, "`") {
		if i%2 == 1 {
			b.WriteString("<code>" + template.HTMLEscapeString(run) + "</code>")
		} else {
			b.WriteString(template.HTMLEscapeString(run))
		}
	}
	return template.HTML(b.String()) //nolint:gosec // made of escaped text alone
}

// pretty indents what is JSON, and leaves everything else as it is.
func pretty(s string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(s), "", "  ") != nil {
		return s
	}
	return b.String()
}

// object is written as JSON with its members in their order.
type object node

// MarshalJSON is part of json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(key(m))
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.Value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// plain is a value whose objects are written in their order.
func plain(v any) any {
	switch v := v.(type) {
	case node:
		out := make(object, 0, len(v))
		for _, m := range v {
			out = append(out, yaml.MapItem{Key: m.Key, Value: plain(m.Value)})
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, one := range v {
			out = append(out, plain(one))
		}
		return out
	}
	return v
}
