package walls

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A house in which some walls have holes: the checker is worth nothing unless it finds them.
var madeUp = graph{
	"internal/door":  {"internal/fact", "example.com/web"},
	"internal/fact":  {"internal/money"},
	"internal/money": nil,
	"internal/sneak": {"internal/store"},
	"internal/store": {"db", "internal/fact"},
	"internal/kit":   nil,
	"db":             {"example.com/sql/v5/conn"},
	"cmd/main":       {"internal/door", "internal/store", "internal/kit"},

	"example.com/web":         {"example.com/log"},
	"example.com/log":         nil,
	"example.com/sql/v5/conn": {"example.com/sql/v5"},
	"example.com/sql/v5":      {"example.com/sql/v5/conn"}, // a circle must not go on for ever
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		walls []wall
		doors []door
		want  []string
	}{
		"walls that hold": {
			walls: []wall{
				{of: "internal/door", never: []string{"db", "internal/store", "example.com/sql/..."}},
				{of: "internal/fact", only: []string{"internal/money"}},
				{of: "internal/money", only: []string{}},
				{of: "internal/money", never: []string{"internal/..."}},
			},
			doors: []door{{to: "db", by: []string{"internal/store"}}},
		},
		"a package that imports what it must not": {
			walls: []wall{{of: "internal/store", never: []string{"db"}, why: "so"}},
			want:  []string{"internal/store must not reach db, for so: internal/store → db"},
		},
		"a package that reaches it through another": {
			walls: []wall{{of: "internal/sneak", never: []string{"db"}, why: "so"}},
			want:  []string{"internal/sneak must not reach db, for so: internal/sneak → internal/store → db"},
		},
		"a package that reaches it through a library": {
			walls: []wall{{of: "internal/door", never: []string{"example.com/log"}, why: "so"}},
			want:  []string{"internal/door must not reach example.com/log, for so: internal/door → example.com/web → example.com/log"},
		},
		"all below a path": {
			walls: []wall{{of: "db", never: []string{"example.com/sql/..."}, why: "so"}},
			want: []string{
				"db must not reach example.com/sql/v5, for so: db → example.com/sql/v5/conn → example.com/sql/v5",
				"db must not reach example.com/sql/v5/conn, for so: db → example.com/sql/v5/conn",
			},
		},
		"a path that only begins alike": {
			walls: []wall{{of: "db", never: []string{"internal/mon/..."}}},
			want:  []string{"the wall of db: nothing is called internal/mon/..."},
		},
		"siblings": {
			walls: []wall{{of: "internal/fact", never: []string{"internal/..."}, why: "so"}},
			want:  []string{"internal/fact must not reach internal/money, for so: internal/fact → internal/money"},
		},
		"more than is allowed": {
			walls: []wall{{of: "internal/door", only: []string{"internal/fact", "internal/money"}, why: "so"}},
			want: []string{
				"internal/door must not reach example.com/log, for so: internal/door → example.com/web → example.com/log",
				"internal/door must not reach example.com/web, for so: internal/door → example.com/web",
			},
		},
		"anything, where nothing is allowed": {
			walls: []wall{{of: "internal/fact", only: []string{}, why: "so"}},
			want:  []string{"internal/fact must not reach internal/money, for so: internal/fact → internal/money"},
		},
		"a package that is imported by a stranger": {
			doors: []door{{to: "internal/kit", why: "so"}, {to: "internal/store", by: []string{"cmd/main"}, why: "so"}},
			want: []string{
				"cmd/main must not import internal/kit, for so",
				"internal/sneak must not import internal/store, for so",
			},
		},
		"rows about packages that are not there": {
			walls: []wall{{of: "internal/gone"}, {of: "db", never: []string{"internal/gone"}}},
			doors: []door{{to: "internal/gone"}},
			want: []string{
				"the wall of internal/gone: there is no such package",
				"the wall of db: nothing is called internal/gone",
				"the door to internal/gone: there is no such package",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, madeUp.faults(c.walls, c.doors)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	got, err := read([]byte(`
		{"ImportPath": "time", "Standard": true, "Imports": ["runtime"]}
		{"ImportPath": "example.com/log", "Imports": ["time"]}
		{"ImportPath": "github.com/plusone-dev/plusone/internal/door", "Imports": ["example.com/log", "time", "github.com/plusone-dev/plusone/db"]}
		{"ImportPath": "github.com/plusone-dev/plusone/db"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := graph{"example.com/log": nil, "internal/door": {"example.com/log", "db"}, "db": nil}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if g, err := read([]byte(`go: no such thing`)); err == nil {
		t.Errorf("what is not a list was read as %v", g)
	}
}

// The real graph has what the walls are about: an empty one would let everything pass.
func TestLoad(t *testing.T) {
	t.Parallel()
	g := load(t)
	for _, name := range []string{"internal/store", "internal/fact", "db"} {
		if g.reach("cmd/plusone")[name] == nil {
			t.Errorf("cmd/plusone does not reach %s: the graph is not the real one", name)
		}
	}
}
