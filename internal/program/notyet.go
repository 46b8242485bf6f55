package program

import "github.com/goccy/go-yaml/ast"

// The keys below are a part of the format whose effect comes with a later version. Each may spell out what happens
// today; anything else is refused, for a business that reads its program must be able to believe it.

func (o *object) notYetUnlessPassedOver(key string) {
	const today = "first_at_minimum"
	v, ok := o.take(key)
	if !ok {
		return
	}
	word, ok := v.word(today)
	switch {
	case !ok || word == today:
	case word == "first":
		v.refuse("first is not yet supported: write %s", today)
	default:
		v.refuse("must be %s, not %s", today, shown(word))
	}
}

func (o *object) notYetUnlessFalse(key string) {
	v, ok := o.take(key)
	if !ok {
		return
	}
	n, ok := v.node.(*ast.BoolNode)
	switch {
	case !ok:
		v.mustBe("false")
	case n.Value:
		v.refuse("true is not yet supported: write false, or leave the key out")
	}
}

func (o *object) notYetUnlessEmpty(key string, empty func(ast.Node) bool) {
	if v, ok := o.take(key); ok && !v.isNull() && !empty(v.node) {
		v.refuseKey("not yet supported: leave the key out")
	}
}

func emptyList(node ast.Node) bool {
	n, ok := node.(*ast.SequenceNode)
	return ok && len(n.Values) == 0
}

func emptyMapping(node ast.Node) bool {
	n, ok := node.(*ast.MappingNode)
	return ok && len(n.Values) == 0
}

// notYet refuses a key whatever its value, and says whether it was there.
func (o *object) notYet(key, instead string) bool {
	v, ok := o.take(key)
	if ok {
		v.refuseKey("not yet supported: %s", instead)
	}
	return ok
}
