// Package reference shows what plusone answers over HTTP, as docs/api describes it: for people. It reads the document and
// nothing else.
package reference

import (
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"

	openapi "github.com/plusone-dev/plusone/docs/api"
	"github.com/plusone-dev/plusone/internal/pages"
	"github.com/plusone-dev/plusone/internal/problem"
)

// Path is where the page is served.
const Path = "/reference"

// Route is the pattern of the page, as its requests carry it.
const Route = "GET " + Path

//go:embed templates/*.html
var templates embed.FS

// view is what the page shows.
type view struct {
	Title, Text string
	Server      string
	Schemes     []scheme
	Groups      []group
	Schemas     []named
}

// scheme is a way to show who one is.
type scheme struct{ Name, How, Text string }

// named is a schema that others refer to.
type named struct {
	Name string
	schema
}

// New makes the page's handler. It needs no token: there is nothing in it that the project does not publish.
func New(log *slog.Logger) (http.Handler, error) {
	root, err := openapi.Ordered()
	if err != nil {
		return nil, err
	}
	v := document{root: root}.view()
	folder, err := fs.Sub(templates, "templates")
	if err != nil {
		return nil, err
	}
	set, err := pages.Parse(folder, template.FuncMap{"prose": prose, "inline": inline, "pretty": pretty, "lower": strings.ToLower}, log)
	if err != nil {
		return nil, err
	}
	page := pages.Page{Title: v.Title, Site: "API reference", Home: Path, Class: "side", Nav: v.ways(), Content: v}
	mux := http.NewServeMux()
	mux.HandleFunc(Route, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=300")
		set.Render(w, r, http.StatusOK, "reference", page)
	})
	mux.HandleFunc(Path, func(w http.ResponseWriter, _ *http.Request) { problem.MethodNotAllowed(w, "GET, HEAD") })
	return pages.Guard{}.Wrap(mux), nil
}

// view reads the whole document.
func (d document) view() view {
	v := view{Title: text(d.root, "info", "title"), Text: text(d.root, "info", "description"), Groups: d.groups()}
	for _, s := range list(d.root, "servers") {
		v.Server = text(s, "url")
	}
	for _, s := range members(d.root, "components", "securitySchemes") {
		how := "Authorization: Bearer …"
		if text(s.Value, "type") == "apiKey" {
			how = text(s.Value, "name") + ": …"
		}
		v.Schemes = append(v.Schemes, scheme{key(s), how, text(s.Value, "description")})
	}
	for _, s := range members(d.root, "components", "schemas") {
		v.Schemas = append(v.Schemas, named{key(s), d.schema(s.Value)})
	}
	return v
}

// ways are the parts of the page.
func (v view) ways() []pages.Link {
	all := []pages.Link{{Name: "Tokens", Href: "#tokens"}}
	for _, g := range v.Groups {
		if len(g.Operations) > 0 {
			all = append(all, pages.Link{Name: strings.ToUpper(g.Name[:1]) + g.Name[1:], Href: "#" + g.Name, Count: int64(len(g.Operations))})
		}
	}
	return append(all, pages.Link{Name: "Schemas", Href: "#schemas", Count: int64(len(v.Schemas))})
}
