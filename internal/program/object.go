package program

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/plusone-dev/plusone/internal/suggest"
)

// object is a mapping whose keys are taken one by one; those nobody took are unknown, and close refuses them.
// All methods but close do nothing on the nil object, which stands for a mapping that is absent or is none.
type object struct {
	value
	fields map[string]value
	order  []string // as in the file
	known  []string // as taken
}

// object reads a mapping; nil when the value is something else, which is then told by an example.
func (v value) object(example string) *object {
	n, ok := v.node.(ast.MapNode)
	if !ok {
		v.mustBe("a mapping such as " + example)
		return nil
	}
	o := &object{value: v, fields: map[string]value{}}
	for entries := n.MapRange(); entries.Next(); {
		t := entries.Key().GetToken()
		field := v.child(join(v.path, t.Value), v.r.place(t), entries.Value())
		if earlier, twice := o.fields[t.Value]; twice {
			field.refuseKey("is given twice, first on line %d: keep one", earlier.key.line)
			continue
		}
		o.fields[t.Value] = field
		o.order = append(o.order, t.Value)
	}
	return o
}

var simpleKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// join makes the path of a key. A key that would make the path unreadable is quoted and cut short.
func join(path, key string) string {
	if !simpleKey.MatchString(key) {
		key = shown(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// take gives the value of a key and marks the key as known; false when it is left out.
func (o *object) take(key string) (value, bool) {
	if o == nil {
		return value{}, false
	}
	o.known = append(o.known, key)
	v, ok := o.fields[key]
	return v, ok
}

// has says whether the file gives a key at all, whatever its value.
func (o *object) has(key string) bool { _, ok := o.fields[key]; return ok }

// takeList gives the entries of a list; none when the key is left out, has nothing after it, or is refused.
func (o *object) takeList(key, what string) (value, []value) {
	v, ok := o.take(key)
	if !ok || v.isNull() {
		return v, nil
	}
	entries, _ := v.list(what)
	return v, entries
}

func (o *object) takeObject(key, example string) *object {
	if v, ok := o.take(key); ok {
		return v.object(example)
	}
	return nil
}

func (o *object) takeNumber(key string, to *int, low, high int) {
	if v, ok := o.take(key); ok {
		if n, ok := v.number(low, high); ok {
			*to = n
		}
	}
}

func (o *object) takeDuration(key string, to *time.Duration, low time.Duration) {
	if v, ok := o.take(key); ok {
		if d, ok := v.duration(low); ok {
			*to = d
		}
	}
}

// takeChoice gives one of a few words; false when it is left out or another.
func (o *object) takeChoice(key string, choices ...string) (string, bool) {
	v, ok := o.take(key)
	if !ok {
		return "", false
	}
	word, ok := v.word("one of " + strings.Join(choices, ", "))
	if !ok {
		return "", false
	}
	if !slices.Contains(choices, word) {
		v.refuse("must be one of %s, not %s", strings.Join(choices, ", "), shown(word))
		return "", false
	}
	return word, true
}

// takeFlag reads true or false.
func (o *object) takeFlag(key string, to *bool) {
	v, ok := o.take(key)
	if !ok {
		return
	}
	if n, ok := v.node.(*ast.BoolNode); ok {
		*to = n.Value
		return
	}
	v.mustBe("true or false")
}

// close refuses the keys that nobody took. The nil object has none.
func (o *object) close() {
	if o == nil {
		return
	}
	for _, key := range o.order {
		if slices.Contains(o.known, key) {
			continue
		}
		hint := "the keys here are " + strings.Join(o.known, ", ")
		if near := suggest.Nearest(key, o.known); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		o.fields[key].refuseKey("unknown key: %s", hint)
	}
}
