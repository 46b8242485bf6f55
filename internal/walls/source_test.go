package walls

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ban is what the source of some packages must not name. A name is a package's path, a dot and what is taken from it.
type ban struct {
	in      []string
	imports []string
	names   []string
	why     string
}

// source is the files of a package, tests left out.
type source struct {
	fset  *token.FileSet
	files []*ast.File
}

// parse reads every file of a package, those for other systems too.
func parse(t *testing.T, name string) source {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(name), "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	s := source{fset: token.NewFileSet()}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(s.fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		s.files = append(s.files, f)
	}
	if len(s.files) == 0 {
		t.Fatalf("%s has no files", name)
	}
	return s
}

func (b ban) faults(s source) []string {
	var all []string
	add := func(at token.Pos, what string) {
		where := s.fset.Position(at)
		all = append(all, fmt.Sprintf("%s:%d: %s is banned here, for %s", where.Filename, where.Line, what, b.why))
	}
	for _, f := range s.files {
		called := make(map[string]string) // what a package is called in this file
		for _, spec := range f.Imports {
			p, _ := strconv.Unquote(spec.Path.Value) // the parser read it
			called[localName(spec, p)] = p
			if slices.ContainsFunc(b.imports, func(pattern string) bool { return matches(pattern, p) }) {
				add(spec.Pos(), "the package "+p)
			}
			if spec.Name != nil && spec.Name.Name == "." {
				add(spec.Pos(), "importing "+p+" without a name, which hides what is taken from it,")
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(b.names, called[x.Name]+"."+sel.Sel.Name) {
					add(sel.Pos(), x.Name+"."+sel.Sel.Name)
				}
			}
			return true
		})
	}
	return all
}

var version = regexp.MustCompile(`^v[0-9]+$`)

// localName is what a file calls a package: by the name given there, else by the end of its path.
func localName(spec *ast.ImportSpec, p string) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	if version.MatchString(path.Base(p)) {
		p = path.Dir(p)
	}
	return path.Base(p)
}
