package reference

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/goccy/go-yaml"
)

// group is the operations of one tag.
type group struct {
	Name, Text string
	Operations []operation
}

// operation is one method of one path.
type operation struct {
	ID, Method, Path, Summary, Text string
	Security                        []string // names of what opens it; none: nothing is needed
	Curl                            string
	Parameters                      []parameter
	Body                            *body
	Answers                         []answer
}

type parameter struct {
	Name, In, Text string
	Required       bool
	Schema         schema
}

type body struct {
	Text     string
	Required bool
	Contents []content
}

type answer struct {
	Status, Text string
	Headers      []parameter
	Contents     []content
}

// content is a body of one type.
type content struct {
	Type    string
	Schema  schema
	Example string
}

// methods are those of a path, in the order in which they are shown.
var methods = []string{"get", "put", "post", "patch", "delete"}

// groups are all operations by their tag, in the order of the document.
func (d document) groups() []group {
	var all []group
	place := make(map[string]int)
	for _, tag := range list(d.root, "tags") {
		place[text(tag, "name")] = len(all)
		all = append(all, group{Name: text(tag, "name"), Text: text(tag, "description")})
	}
	for _, path := range members(d.root, "paths") {
		for _, method := range methods {
			op := at(path.Value, method)
			if op == nil {
				continue
			}
			for _, tag := range list(op, "tags") {
				if i, ok := place[fmt.Sprint(tag)]; ok {
					all[i].Operations = append(all[i].Operations, d.operation(method, path, op))
				}
			}
		}
	}
	return all
}

func (d document) operation(method string, path yaml.MapItem, op any) operation {
	o := operation{
		ID: text(op, "operationId"), Method: strings.ToUpper(method), Path: key(path), Summary: text(op, "summary"), Text: text(op, "description"),
	}
	for _, way := range list(op, "security") {
		for _, scheme := range members(way) {
			o.Security = append(o.Security, key(scheme))
		}
	}
	for _, p := range append(list(path.Value, "parameters"), list(op, "parameters")...) {
		o.Parameters = append(o.Parameters, d.parameter(d.resolve(p)))
	}
	if b := d.resolve(at(op, "requestBody")); b != nil {
		required, _ := at(b, "required").(bool)
		o.Body = &body{Text: text(b, "description"), Required: required, Contents: d.contents(b)}
	}
	for _, r := range members(op, "responses") {
		response := d.resolve(r.Value)
		a := answer{Status: key(r), Text: text(response, "description"), Contents: d.contents(response)}
		for _, h := range members(response, "headers") {
			header := d.parameter(d.resolve(h.Value))
			header.Name = key(h)
			a.Headers = append(a.Headers, header)
		}
		o.Answers = append(o.Answers, a)
	}
	o.Curl = d.curl(o)
	return o
}

func (d document) parameter(p any) parameter {
	required, _ := at(p, "required").(bool)
	out := parameter{Name: text(p, "name"), In: text(p, "in"), Text: text(p, "description"), Required: required, Schema: d.schema(at(p, "schema"))}
	if out.Text == "" {
		out.Text = out.Schema.Text
	}
	if example := exampleOf(p); example != "" {
		out.Schema.Rules = append(out.Schema.Rules, "such as "+example)
	}
	return out
}

func (d document) contents(of any) (all []content) {
	for _, c := range members(of, "content") {
		all = append(all, content{Type: key(c), Schema: d.schema(at(c.Value, "schema")), Example: exampleOf(c.Value)})
	}
	return all
}

// curl is how to send a request by hand, as far as the document says what goes into it.
func (d document) curl(o operation) string {
	server := "http://127.0.0.1:8080"
	for _, s := range list(d.root, "servers") {
		server = text(s, "url")
		break
	}
	words := []string{"curl"}
	if o.Method != http.MethodGet {
		words[0] += " -X " + o.Method
	}
	words[0] += " '" + server + o.Path + "'"
	for _, name := range o.Security {
		scheme := at(d.root, "components", "securitySchemes", name)
		switch {
		case text(scheme, "scheme") == "bearer":
			words = append(words, `-H "Authorization: Bearer $TOKEN"`)
		case text(scheme, "in") == "header":
			words = append(words, "-H '"+text(scheme, "name")+": …'")
		}
	}
	for _, p := range o.Parameters {
		if p.In == "header" && p.Required {
			words = append(words, "-H '"+p.Name+": …'")
		}
	}
	if o.Body != nil && len(o.Body.Contents) > 0 {
		words = append(words, o.Body.Contents[0].words()...)
	}
	return strings.Join(words, " \\\n  ")
}

// words are how curl is told to send it.
func (c content) words() []string {
	body := "--data-binary @body"
	if c.Example != "" && !strings.ContainsAny(c.Example, "'\n") {
		body = "-d '" + c.Example + "'"
	}
	return []string{"-H 'Content-Type: " + c.Type + "'", body}
}

// exampleOf is an example as it would be sent: text as it is, everything else as JSON.
func exampleOf(v any) string {
	example := at(v, "example")
	if all := list(v, "examples"); example == nil && len(all) > 0 {
		example = all[0]
	}
	switch example := example.(type) {
	case nil:
		return ""
	case string:
		return strings.TrimSpace(example)
	}
	out, err := json.Marshal(plain(example))
	if err != nil {
		return "" // of what was read from YAML
	}
	return string(out)
}
