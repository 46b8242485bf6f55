package main

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sample = `package p

type point struct{ x, y int }

var table = []int{7, 8}

func f(a, b int, ok bool) (n int) {
	if a < b && !ok {
		n = -a
	}
	switch {
	case a == 1:
		n++
	}
	switch b {
	case 2, 3:
		return max(a, b)
	}
	for a > 0 {
		a -= b
	}
	println(point{x: a, y: b})
	return n
}

func g(a, b time) int {
	for {
		if a.Before(b.zero()) {
			break
		}
	}
	return cmp.Or(a.x, b.x)
}
`

// Every kind of break, where it is and under which name.
func TestMutantsOf(t *testing.T) {
	t.Parallel()
	found, err := mutantsOf("p/p.go", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(`
table: without 7
table: without 8
table: 7 -> (7 + 1)
table: 8 -> (8 + 1)
f: a < b && !ok -> (a < b && !ok) && false
f: a < b && !ok -> (a < b && !ok) || true
f: a < b && !ok -> a < b || !ok
f: a < b && !ok -> a < b
f: a < b && !ok -> !ok
f: a < b -> a <= b
f: a < b -> a >= b
f: !ok -> ok
f: n = -a -> _ = -a
f: -a -> a
f: a == 1 -> (a == 1) && false
f: a == 1 -> (a == 1) || true
f: a == 1 -> a != 1
f: 1 -> (1 + 1)
f: n++ -> n--
f: without n++
f: without 2
f: without 3
f: 2 -> (2 + 1)
f: 3 -> (3 + 1)
f: max -> min
f: a > 0 -> (a > 0) && false
f: a > 0 -> a >= 0
f: a > 0 -> a <= 0
f: 0 -> (0 + 1)
f: a -= b -> a += b
f: a -= b -> _ = b
f: without println(point{x: a, y: b})
f: without x: a
f: without y: b
g: a.Before(b.zero()) -> (a.Before(b.zero())) && false
g: a.Before(b.zero()) -> (a.Before(b.zero())) || true
g: a.Before(b.zero()) -> a.After(b.zero())
g: a.Before(b.zero()) -> !a.After(b.zero())
g: without break
g: without a.x
g: without b.x
`), "\n")
	var got []string
	for _, m := range found {
		got = append(got, strings.TrimPrefix(m.name, "p/p.go "))
		if _, err := parser.ParseFile(token.NewFileSet(), "p.go", m.broken(), parser.AllErrors); err != nil {
			t.Errorf("%s gives what can not be read: %v\n%s", m.name, err, m.broken())
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if at := found[4].place; at != "8:5" {
		t.Errorf("the first of f is at %s, want 8:5", at)
	}
}

// Two breaks that read the same in one function have names of their own, so that one entry of the list excuses one.
func TestNamesAreUnique(t *testing.T) {
	t.Parallel()
	found, err := mutantsOf("p.go", []byte("package p\n\nfunc f() (int, int) { return 1, 1 }\n"))
	if err != nil || len(found) != 2 || found[0].name != "p.go f: 1 -> (1 + 1)" || found[1].name != "p.go f: 1 -> (1 + 1) (2)" {
		t.Errorf("got %v, %v", found, err)
	}
}

func TestNamesStayShort(t *testing.T) {
	t.Parallel()
	long := "package p\n\nvar s = f(\n" + strings.Repeat("\taVeryLongNameIndeed,\n", 20) + ") == 1\n"
	found, err := mutantsOf("p.go", []byte(long))
	if err != nil || len(found) == 0 || len(found[0].name) > 250 || strings.Contains(found[0].name, "\n") {
		t.Errorf("got %v, %v", found, err)
	}
}
