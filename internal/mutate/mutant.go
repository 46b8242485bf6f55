package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
)

// mutant is the source of one file with one thing wrong.
type mutant struct {
	pkg    *target
	file   string // its path, from the top of the module
	place  string // line and column
	name   string // file, function and what is wrong; it stays the same when lines are added above
	change change
	source []byte // of the file before
	in     *function
}

// function is a function that a mutant is in, if it can have copies: see batch.
type function struct {
	name       string
	start, end int    // from the word func to the last brace
	named      int    // where the name ends
	body       int    // where the first statement would go
	call       string // what a call begins with: the receiver
	arguments  string // what it is called with
	returns    bool
}

// change puts a text in place of the bytes from start to end.
type change struct {
	start, end int
	text       string
}

// broken is the source with the change made.
func (m mutant) broken() []byte {
	return slices.Concat(m.source[:m.change.start], []byte(m.change.text), m.source[m.change.end:])
}

// finder walks one file and notes every mutant of it.
type finder struct {
	fset   *token.FileSet
	source []byte
	path   []ast.Node // from the file down to the node that is looked at
	found  []mutant
	file   string
	count  map[string]int
}

// mutantsOf are all mutants of a file, in the order of the source.
func mutantsOf(file string, source []byte) ([]mutant, error) {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f := &finder{fset: fset, source: source, file: file, count: make(map[string]int)}
	ast.Inspect(tree, func(n ast.Node) bool {
		if n == nil {
			f.path = f.path[:len(f.path)-1]
			return true
		}
		f.look(n)
		f.path = append(f.path, n)
		return true
	})
	return f.found, nil
}

func (f *finder) offset(p token.Pos) int { return f.fset.Position(p).Offset }

func (f *finder) text(n ast.Node) string {
	return string(f.source[f.offset(n.Pos()):f.offset(n.End())])
}

// parent is the node that the one looked at is a part of.
func (f *finder) parent() ast.Node {
	if len(f.path) == 0 {
		return nil
	}
	return f.path[len(f.path)-1]
}

// put notes the mutant in which a text stands in place of a node.
func (f *finder) put(n ast.Node, format string, args ...any) {
	after := fmt.Sprintf(format, args...)
	f.note(n, change{f.offset(n.Pos()), f.offset(n.End()), after}, oneLine(f.text(n))+" -> "+oneLine(after))
}

// drop notes the mutant without what lies between two places, named after a node.
func (f *finder) drop(n ast.Node, start, end int) {
	f.note(n, change{start: start, end: end}, "without "+oneLine(f.text(n)))
}

func (f *finder) note(n ast.Node, c change, what string) {
	at := f.fset.Position(n.Pos())
	name := fmt.Sprintf("%s %s: %s", f.file, f.where(), what)
	f.count[name]++
	if again := f.count[name]; again > 1 { // the same thing wrong in another place of the function
		name += fmt.Sprintf(" (%d)", again)
	}
	f.found = append(f.found, mutant{
		file: f.file, place: fmt.Sprintf("%d:%d", at.Line, at.Column), name: name, change: c, source: f.source, in: f.function(c),
	})
}

// function is the one that a change lies in the body of; nil when there is none, or it can not be called by what it is
// called with.
func (f *finder) function(c change) *function {
	if len(f.path) < 2 {
		return nil
	}
	d, ok := f.path[1].(*ast.FuncDecl)
	if !ok || d.Body == nil || c.start <= f.offset(d.Body.Lbrace) || d.Name.Name == "init" || d.Name.Name == "main" {
		return nil
	}
	in := &function{
		name: d.Name.Name, start: f.offset(d.Type.Func), end: f.offset(d.End()), named: f.offset(d.Name.End()),
		body: f.offset(d.Body.Lbrace) + 1, returns: d.Type.Results != nil,
	}
	if d.Recv != nil {
		names, ok := f.names(d.Recv)
		if !ok {
			return nil
		}
		in.call = names + "."
	}
	in.arguments, ok = f.names(d.Type.Params)
	if !ok {
		return nil
	}
	return in
}

// names are those of parameters, as they are handed on; false when one has none.
func (f *finder) names(fields *ast.FieldList) (string, bool) {
	var all []string
	for _, field := range fields.List {
		if len(field.Names) == 0 {
			return "", false
		}
		for _, name := range field.Names {
			if name.Name == "_" {
				return "", false
			}
			text := name.Name
			if _, variadic := field.Type.(*ast.Ellipsis); variadic {
				text += "..."
			}
			all = append(all, text)
		}
	}
	return strings.Join(all, ", "), true
}

// where is the name of the function, or of the variable outside of any, that the node belongs to.
func (f *finder) where() string {
	for _, n := range f.path {
		switch d := n.(type) {
		case *ast.FuncDecl:
			return d.Name.Name
		case *ast.ValueSpec:
			return d.Names[0].Name
		}
	}
	return "-"
}

// oneLine makes a text fit for a name: on one line, and not too long.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 100 {
		text = string(runes[:60]) + " ... " + string(runes[len(runes)-35:])
	}
	return text
}
