package program

import (
	"fmt"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// value is one value of the file, with the way that leads to it.
type value struct {
	r    *reader
	path string
	key  place // where its key stands; for an entry of a list, the entry itself
	at   place // where it begins; its key when there is nothing
	node ast.Node
}

// child makes the value under a key or an index.
func (v value) child(path string, key place, node ast.Node) value {
	c := value{r: v.r, path: path, key: key, at: key, node: node}
	if c.node != nil && c.node.Type() != ast.NullType {
		c.at = v.r.place(first(c.node))
	}
	return c
}

func (v value) refuse(format string, args ...any)    { v.r.refuse(v.at, v.path, format, args...) }
func (v value) refuseKey(format string, args ...any) { v.r.refuse(v.key, v.path, format, args...) }

// mustBe refuses a value of the wrong sort.
func (v value) mustBe(what string) {
	if v.isNull() {
		v.refuse("has no value: write %s, or take it out", what)
		return
	}
	v.refuse("must be %s, not %s", what, v.sort())
}

func (v value) isNull() bool { return v.node == nil || v.node.Type() == ast.NullType }

// sort names the sort of a value, and the value itself when it is short.
func (v value) sort() string {
	if digits, ok := v.numeral(); ok {
		return "the number " + digits
	}
	switch n := v.node.(type) {
	case *ast.StringNode:
		return "the text " + shown(n.Value)
	case *ast.LiteralNode:
		return "a block of text"
	case *ast.BoolNode:
		return n.GetToken().Value
	case *ast.SequenceNode:
		return "a list"
	case ast.MapNode:
		return "a mapping"
	}
	return "this"
}

// numeral is a number as the file writes it; false when the value is none.
func (v value) numeral() (string, bool) {
	switch n := v.node.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return cut(n.GetToken().Value), true
	}
	return "", false
}

// word reads a text, quoted or not.
func (v value) word(what string) (string, bool) {
	if n, ok := v.node.(*ast.StringNode); ok {
		return n.Value, true
	}
	v.mustBe(what)
	return "", false
}

// quoted reads a text in quotes; false when it is something else.
func (v value) quoted() (string, bool) {
	n, ok := v.node.(*ast.StringNode)
	if !ok {
		return "", false
	}
	t := n.GetToken().Type
	return n.Value, t == token.DoubleQuoteType || t == token.SingleQuoteType
}

// number reads a whole number between two bounds, written in digits alone: no 010 that is 8, no 0x10, no 1_000.
func (v value) number(low, high int) (int, bool) {
	if n, ok := v.node.(*ast.IntegerNode); ok {
		text := n.GetToken().Value
		if i, err := strconv.Atoi(text); err == nil && strconv.Itoa(i) == text && low <= i && i <= high {
			return i, true
		}
	}
	v.mustBe(fmt.Sprintf("a whole number from %d to %d", low, high))
	return 0, false
}

// duration reads a length of time of at least the bound; parseDuration holds the other end.
func (v value) duration(low time.Duration) (time.Duration, bool) {
	const what = "a duration such as 90d, 1h, 30m, 45s or 1d12h"
	if _, ok := v.node.(*ast.IntegerNode); ok {
		v.refuse("has no unit: write %s", what)
		return 0, false
	}
	text, ok := v.word(what)
	if !ok {
		return 0, false
	}
	d, err := parseDuration(text)
	switch {
	case err != nil:
		v.refuse("%s %s", shown(text), err)
	case d < low:
		v.refuse("must be more than nothing: write %s", what)
	default:
		return d, true
	}
	return 0, false
}

// list reads the entries of a list.
func (v value) list(what string) ([]value, bool) {
	n, ok := v.node.(*ast.SequenceNode)
	if !ok {
		v.mustBe(what)
		return nil, false
	}
	entries := make([]value, len(n.Values))
	for i, node := range n.Values {
		at := v.at
		if !n.IsFlowStyle && i < len(n.Entries) && n.Entries[i].Start != nil {
			at = v.r.place(n.Entries[i].Start) // the dash, for an entry that says nothing
		}
		entries[i] = v.child(v.path+"["+strconv.Itoa(i)+"]", at, node)
	}
	return entries, true
}
