package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/program"
	"github.com/plusone-dev/plusone/internal/servicetoken"
	"github.com/plusone-dev/plusone/internal/store"
)

// ProgramStore is what the API reads and writes of programs' terms.
type ProgramStore interface {
	Programs(ctx context.Context) ([]store.Program, error)
	ProgramNamed(ctx context.Context, name string) (store.Program, error)
	ApplyProgram(ctx context.Context, source []byte) (store.Applied, error)
}

const (
	routePrograms = "GET /v1/programs"
	routeProgram  = "GET /v1/programs/{name}"
	routeApply    = "POST /v1/programs"
	routePreview  = "POST /v1/programs/preview"
)

// Terms are the patterns of what is asked and done about terms with a body, as its requests carry them.
var Terms = []string{routeApply, routePreview}

const (
	maxProgram    = 64 << 10         // bytes: no program is so long
	applyPatience = 10 * time.Minute // the first terms that look at addresses have every user traced before they hold
)

// programRoutes adds its routes. Terms are what everybody is paid by: applying them needs the scope admin.
func (a *API) programRoutes(mux *http.ServeMux) {
	mux.Handle(routePrograms, a.need(servicetoken.Read, http.HandlerFunc(a.programs)))
	mux.Handle(routeProgram, a.need(servicetoken.Read, http.HandlerFunc(a.program)))
	mux.Handle(routePreview, a.need(servicetoken.Read, http.HandlerFunc(a.preview)))
	mux.Handle(routeApply, a.need(servicetoken.Admin, http.HandlerFunc(a.applyProgram)))
	mux.Handle("/v1/programs/{name}", a.need(servicetoken.Read, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		allow := "GET, HEAD"
		if r.PathValue("name") == "preview" {
			allow = "GET, HEAD, POST"
		}
		problem.MethodNotAllowed(w, allow)
	})))
}

type programsJSON struct {
	Programs []programJSON `json:"programs"`
}

type programJSON struct {
	Name          string        `json:"name"`
	Version       int           `json:"version"` // the newest
	EffectiveFrom string        `json:"effective_from"`
	Versions      []versionJSON `json:"versions"`
	Source        string        `json:"source,omitempty"` // of one program
}

type versionJSON struct {
	Version       int    `json:"version"`
	EffectiveFrom string `json:"effective_from"`
}

func programOf(p store.Program) programJSON {
	newest := p.Newest()
	j := programJSON{Name: p.Name, Version: newest.Number, EffectiveFrom: stamp(newest.EffectiveFrom), Source: p.Source}
	for _, v := range p.Versions {
		j.Versions = append(j.Versions, versionJSON{v.Number, stamp(v.EffectiveFrom)})
	}
	return j
}

// programs serves GET /v1/programs.
func (a *API) programs(w http.ResponseWriter, r *http.Request) {
	if _, err := readQuery(r.URL.RawQuery, nil); err != nil {
		a.fail(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	all, err := a.store.Programs(ctx)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	list := programsJSON{Programs: make([]programJSON, 0, len(all))}
	for _, p := range all {
		list.Programs = append(list.Programs, programOf(p))
	}
	a.answer(w, r, list)
}

// programName is what a program may be called; a name of another form is nobody's.
var programName = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

// program serves GET /v1/programs/{name}.
func (a *API) program(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	_, err := readQuery(r.URL.RawQuery, nil)
	if err == nil && !programName.MatchString(name) {
		err = errNoProgram
	}
	if err != nil {
		a.failProgram(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	p, err := a.store.ProgramNamed(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		err = errNoProgram
	}
	if err != nil {
		a.failProgram(w, r, err)
		return
	}
	a.answer(w, r, programOf(p))
}

type appliedJSON struct {
	Name          string `json:"name"`
	Version       int    `json:"version"`
	EffectiveFrom string `json:"effective_from"`
	Changed       bool   `json:"changed"`
}

// applyProgram serves POST /v1/programs. When whoever asked goes away it may stop midway, and then no terms have changed; what
// was done until then is done again by the next.
func (a *API) applyProgram(w http.ResponseWriter, r *http.Request) {
	source, err := readProgram(w, r)
	if err != nil {
		a.failProgram(w, r, err)
		return
	}
	// A recorder in a test has no deadline to put off, and needs none.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(applyPatience + patience))
	ctx, cancel := context.WithTimeout(r.Context(), applyPatience)
	defer cancel()
	applied, err := a.store.ApplyProgram(ctx, source)
	if err != nil {
		a.failProgram(w, r, err)
		return
	}
	status := http.StatusOK
	if applied.Changed {
		status = http.StatusCreated
		w.Header().Set("Location", "/v1/programs/"+applied.Program)
		a.log.InfoContext(r.Context(), "terms were applied", "program", applied.Program, "version", applied.Version,
			"effective_from", applied.EffectiveFrom.UTC(), "by", askerOf(r).Name)
	}
	a.answerAs(w, r, status, appliedJSON{applied.Program, applied.Version, stamp(applied.EffectiveFrom), applied.Changed})
}

// readProgram reads a body of YAML, and checks it.
func readProgram(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if _, err := readQuery(r.URL.RawQuery, nil); err != nil {
		return nil, err
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/yaml" && kind != "text/yaml" {
		return nil, errNotYAML
	}
	source, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxProgram))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, &tooLargeError{}
	}
	if err != nil {
		return nil, &badRequestError{detail: "The body could not be read to its end."}
	}
	_, err = program.Parse("program", source)
	return source, err
}

var (
	errNoProgram = errors.New("api: there is no such program")
	errNotYAML   = errors.New("api: the body is not said to be YAML")
)

// failProgram answers for an error about terms.
func (a *API) failProgram(w http.ResponseWriter, r *http.Request, err error) {
	var large *tooLargeError
	var wrong *program.Error
	switch {
	case errors.As(err, &wrong):
		problem.Write(w, problem.Problem{
			Status: http.StatusUnprocessableEntity, Reason: "wrong-terms", Title: "The terms can not be meant",
			Detail: "Nothing was changed. What is wrong is listed, in the order of the lines.", Errors: mistakes(wrong),
		})
	case errors.Is(err, errNoProgram), errors.Is(err, store.ErrUnknownProgram):
		problem.Write(w, problem.Problem{
			Status: http.StatusNotFound, Reason: "not-found", Title: "There is no such thing",
			Detail: "No program has that name. GET /v1/programs lists them; POST /v1/programs makes one.",
		})
	case errors.Is(err, errNotYAML):
		problem.Write(w, problem.Problem{
			Status: http.StatusUnsupportedMediaType, Reason: "unsupported-media-type", Title: "The body must be YAML",
			Detail: "Send the program as it is in its file, with the header `Content-Type: application/yaml` (or text/yaml).",
		})
	case errors.As(err, &large):
		tooLarge(w, maxProgram)
	default:
		a.fail(w, r, err)
	}
}

// mistakes are what is wrong with a program, each with its line.
func mistakes(e *program.Error) []problem.Error {
	all := make([]problem.Error, 0, len(e.Problems))
	for _, p := range e.Problems {
		all = append(all, problem.Error{Pointer: pointer(p.Path), Detail: p.Message, Line: p.Line, Column: p.Column})
	}
	return all
}

// pointer is a place such as rewards[0].to as a JSON Pointer.
func pointer(path string) string {
	if path == "" {
		return ""
	}
	return "/" + strings.NewReplacer("~", "~0", "/", "~1", ".", "/", "[", "/", "]", "").Replace(path)
}
