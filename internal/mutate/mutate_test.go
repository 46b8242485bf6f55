package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A module with one function and a test that does not look at its boundary.
var module = map[string]string{
	"go.mod":      "module example.com/m\n\ngo 1.26\n",
	"m.go":        "package m\n\n// Small says whether n is.\nfunc Small(n int) bool { return n < 3 }\n",
	"m_test.go":   testThat("!Small(1) || Small(4)"),
	"mutants.txt": "# none\n",
}

// testThat is a test that fails when a condition holds.
func testThat(wrong string) string {
	return "package m\n\nimport \"testing\"\n\nfunc TestIt(t *testing.T) {\n\tif " + wrong + " {\n\t\tt.Fail()\n\t}\n}\n"
}

const (
	boundary = "m.go Small: n < 3 -> n <= 3"
	opposite = "m.go Small: n < 3 -> n >= 3"
	another  = "m.go Small: 3 -> (3 + 1)"
)

func TestMutate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change map[string]string
		args   []string
		code   int
		want   []string
	}{
		{
			name: "survivors are named, with the place", code: 1,
			want: []string{
				"survived  " + boundary + "\n          m.go:4:33", "survived  " + another, "3 mutants: 1 noticed, ",
				"2 ways to break the rules unseen, 0 mistakes",
			},
		},
		{
			name: "all are noticed, on one line or several", change: map[string]string{
				"m.go":      "package m\n\nvar list = []int{\n\t-1,\n}\n",
				"m_test.go": testThat("len(list) != 1 || list[0] != -1"),
			},
			want: []string{"3 mutants: 3 noticed, "},
		},
		{
			name:   "survivors that are listed are none",
			change: map[string]string{"mutants.txt": boundary + "\n    So it is.\n" + another + "\n    So it is.\n"},
			want:   []string{"2 survived, of which 2 mean the same"},
		},
		{
			name: "listed, and noticed", args: []string{"-only", ">= 3"}, change: map[string]string{"mutants.txt": opposite + "\n    So it is.\n"}, code: 1,
			want: []string{"1 mutants: 1 noticed", "listed as equivalent, and noticed  " + opposite, "0 ways to break the rules unseen, 1 mistakes"},
		},
		{
			name: "listed, and gone", code: 1,
			change: map[string]string{
				"m_test.go":   testThat("!Small(2) || Small(3)"),
				"mutants.txt": "m.go Large: 3\n    So it was.\nother.go Large: 3\n    In a file that is not looked at.\n",
			},
			want: []string{"listed as equivalent, and gone     m.go Large: 3\n", "1 mistakes"},
		},
		{
			name: "tests that run on have noticed, and what does not compile is no program", args: []string{"-timeout", "5s"},
			change: map[string]string{
				"m.go": "package m\n\nfunc Count(n int) (sum int) {\n\tfor n > 0 {\n\t\tn--\n\t\tsum++\n\t}\n\treturn sum\n}\n\n" +
					"var greeting = \"a\" + \"b\"\n",
				"m_test.go": testThat("Count(2) != 2 || greeting != \"ab\""),
			},
			want: []string{"ran on without end, 1 are no programs, 0 survived"},
		},
		{
			name: "functions of every shape", change: map[string]string{
				"m.go": `package m

type counter struct{ n int }

func (c *counter) add(all ...int) {
	for _, n := range all {
		c.n += n
	}
}

func (c counter) twice() (n int, ok bool) { return c.n * 2, c.n > 0 }

func (counter) unnamed(int) int { return 5 }

func of[T any](all []T) int { return len(all) - 1 }
`,
				"m_test.go": testThat(`func() bool {
	var c counter
	_, before := c.twice()
	c.add(1, 2)
	n, ok := c.twice()
	return c.n != 3 || before || n != 6 || !ok || c.unnamed(1) != 5 || of([]string{"a", "b"}) != 1 || (&counter{}).n != 0
}()`),
			},
			code: 1, want: []string{"survived  m.go twice: 0 -> (0 + 1)\n          m.go:11:67", "10 mutants: 9 noticed, "},
		},
		{
			name: "the tests do not pass as it is", code: 1, change: map[string]string{"m.go": "package m\n\nfunc Small(n int) bool { return n < 9 }\n"},
			want: []string{"the tests of example.com/m do not pass as it is"},
		},
		{
			name: "the original does not compile", code: 1, change: map[string]string{"m.go": "package m\n\nfunc Small(n int) bool { return m < 9 }\n"},
			want: []string{"undefined: m"},
		},
		{name: "no list", args: []string{"-equivalent", "none.txt"}, code: 1, want: []string{"no such file"}},
		{name: "no reason", change: map[string]string{"mutants.txt": boundary + "\n"}, code: 1, want: []string{"has no reason"}},
		{name: "no mutant", change: map[string]string{"mutants.txt": "  because\n"}, code: 1, want: []string{"mutants.txt:1: a reason without a mutant"}},
		{name: "listed twice", change: map[string]string{"mutants.txt": "a\n b\na\n c\n"}, code: 1, want: []string{"mutants.txt:3: a is listed already"}},
		{name: "no expression", args: []string{"-only", "("}, code: 2, want: []string{"missing closing )"}},
		{name: "no time", args: []string{"-timeout", "0"}, code: 2, want: []string{"must be more than nothing"}},
		{name: "no workers", args: []string{"-workers", "0"}, code: 2, want: []string{"must be more than nothing"}},
		{name: "help", args: []string{"-help"}, want: []string{"usage: go run ./internal/mutate"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range module {
				if other, ok := c.change[name]; ok {
					text = other
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			t.Chdir(dir)
			var out bytes.Buffer
			args := append(append([]string{"-equivalent", "mutants.txt"}, c.args...), ".")
			if code := run(t.Context(), args, &out, &out); code != c.code {
				t.Errorf("code %d, want %d", code, c.code)
			}
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("says nothing of %q", want)
				}
			}
			if t.Failed() {
				t.Log(out.String())
			}
		})
	}
	if code := run(t.Context(), nil, &bytes.Buffer{}, &bytes.Buffer{}); code != 2 {
		t.Errorf("without a package: code %d, want 2", code)
	}
}

// What follows -- is for the tests: here it leaves them all out, so that nothing is noticed.
func TestMutatePassesFlagsOn(t *testing.T) {
	dir := t.TempDir()
	for name, text := range module {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	var out bytes.Buffer
	code := run(t.Context(), []string{"-equivalent", "mutants.txt", ".", "--", "-test.run=^$"}, &out, &out)
	if code != 1 || !strings.Contains(out.String(), "3 ways") {
		t.Errorf("code %d: %s", code, out.String())
	}
}

// The list in the repository can be read: each of its mutants has its reason.
func TestEquivalentIsReadable(t *testing.T) {
	t.Parallel()
	all, err := readEquivalent("equivalent.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if _, err := os.Stat(filepath.Join("../..", e.file())); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
	}
}
