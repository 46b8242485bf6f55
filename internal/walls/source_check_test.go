package walls

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBanFaults(t *testing.T) {
	t.Parallel()
	b := ban{
		imports: []string{"math/rand/...", "os"},
		names:   []string{"time.Now", "example.com/dice/v2.Roll"},
		why:     "so",
	}
	for name, c := range map[string]struct {
		source string
		want   []string
	}{
		"nothing":                 {`import "time"; var x = time.Second`, nil},
		"a call":                  {`import "time"; var x = time.Now()`, []string{"x.go:1: time.Now is banned here, for so"}},
		"not called, handed on":   {`import "time"; var x = time.Now`, []string{"x.go:1: time.Now is banned here, for so"}},
		"under another name":      {`import t "time"; var x = t.Now().Unix()`, []string{"x.go:1: t.Now is banned here, for so"}},
		"without a name":          {`import . "time"; var x = Now()`, []string{"x.go:1: importing time without a name, which hides what is taken from it, is banned here, for so"}},
		"deep in a function":      {`import "time"; func f() { go func() { _ = []any{time.Now()} }() }`, []string{"x.go:1: time.Now is banned here, for so"}},
		"of a path with version":  {`import "example.com/dice/v2"; var x = dice.Roll()`, []string{"x.go:1: dice.Roll is banned here, for so"}},
		"a field of that name":    {`var clock struct{ Now int }; var x = clock.Now`, nil},
		"another package's":       {`import time "example.com/time"; var x = time.Now()`, nil},
		"a package":               {`import "os"`, []string{"x.go:1: the package os is banned here, for so"}},
		"a package below":         {`import _ "math/rand/v2"`, []string{"x.go:1: the package math/rand/v2 is banned here, for so"}},
		"a package named similar": {`import "os/exec"`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := source{fset: token.NewFileSet()}
			f, err := parser.ParseFile(s.fset, "x.go", "package x; "+c.source, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			s.files = []*ast.File{f}
			if diff := cmp.Diff(c.want, b.faults(s)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
