package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/program"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

// termsPage is one version of a program's terms, and the others there are.
type termsPage struct {
	Programs []store.AppliedVersion // the newest of each
	Versions []store.AppliedVersion // of this one, the newest first
	Shown    store.AppliedVersion
	Source   string
}

func (c *Console) programs(w http.ResponseWriter, r *http.Request) error {
	if _, err := readQuery(r); err != nil {
		return err
	}
	return c.showTerms(w, r, 0, 0)
}

func (c *Console) terms(w http.ResponseWriter, r *http.Request) error {
	id, err := numberOf(r, "program")
	if err != nil {
		return err
	}
	version, err := numberOf(r, "version")
	if err != nil {
		return err
	}
	return c.showTerms(w, r, id, int(version))
}

// showTerms shows a version; of no program, the newest of the one that sign-ups come to that name none.
func (c *Console) showTerms(w http.ResponseWriter, r *http.Request, id int64, version int) error {
	all, err := c.Store.AppliedTerms(r.Context())
	if err != nil {
		return err
	}
	var content termsPage
	for _, v := range all {
		if first := len(content.Programs) == 0 || content.Programs[len(content.Programs)-1].Program != v.Program; first {
			content.Programs = append(content.Programs, v)
			if id == 0 && (content.Shown.Program == 0 || v.Name == defaultProgram) {
				content.Shown = v
			}
		}
		if v.Program == id && v.Version == version {
			content.Shown = v
		}
	}
	if content.Shown.Program == 0 {
		return store.ErrNotFound
	}
	for _, v := range all {
		if v.Program == content.Shown.Program {
			content.Versions = append(content.Versions, v)
		}
	}
	if content.Source, err = c.Store.Terms(r.Context(), content.Shown.Program, content.Shown.Version); err != nil {
		return err
	}
	return c.show(w, r, "programs", c.page(r, "Program "+content.Shown.Name, herePrograms, content))
}

// defaultProgram is the program of sign-ups that name none.
const defaultProgram = "default"

// changePage is where terms are written.
type changePage struct {
	Source   string
	Problems []program.Problem
	Error    string
}

// change begins with the terms in force of a program.
func (c *Console) change(w http.ResponseWriter, r *http.Request) error {
	id, err := numberAlone(r, "program")
	if err != nil {
		return err
	}
	newest, err := c.newest(r)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(newest, func(v store.AppliedVersion) bool { return v.Program == id || id == 0 && v.Name == defaultProgram })
	if at < 0 {
		return store.ErrNotFound
	}
	source, err := c.Store.Terms(r.Context(), newest[at].Program, newest[at].Version)
	if err != nil {
		return err
	}
	return c.show(w, r, "change", c.page(r, "Change the terms", herePrograms, changePage{Source: source}))
}

// maxSource is how large the text of a program's terms may be.
const maxSource = 64 << 10

// readSource reads terms that were sent, or shows again what was written with all that is wrong with it.
func (c *Console) readSource(w http.ResponseWriter, r *http.Request) (source string, terms referral.Terms, ok bool, err error) {
	form, err := readForm(r, "source", "sure")
	if err != nil {
		return "", terms, false, err
	}
	source = strings.ReplaceAll(form.Get("source"), "\r\n", "\n") // forms send lines so
	content := changePage{Source: source}
	if len(source) > maxSource {
		content.Source, content.Error = source[:maxSource], "The terms are too long: 64 KiB at most."
	} else if terms, err = program.Parse("the terms", []byte(source)); err == nil {
		return source, terms, true, nil
	} else if bad, is := errors.AsType[*program.Error](err); is {
		content.Problems = bad.Problems
	} else {
		content.Error = err.Error()
	}
	c.set.Render(w, r, http.StatusUnprocessableEntity, "change", c.page(r, "Change the terms", herePrograms, content))
	return "", terms, false, nil
}

// previewPage says what other terms would have come to.
type previewPage struct {
	Source, Program string
	New             bool // there is no program of the name yet
	Preview         *store.Preview
	Part            bool // time was up before all were looked at
	Changed         int64
	Credits         bool // what is credited to buyers is not part of it
	Error           string
}

// How a preview goes about it: for some seconds, and beside everything else that the database is asked.
const (
	previewFor     = 5 * time.Second
	previewWorkers = 2
	previewAtOnce  = 1024
)

func (c *Console) preview(w http.ResponseWriter, r *http.Request) error {
	source, terms, ok, err := c.readSource(w, r)
	if err != nil || !ok {
		return err
	}
	content, err := c.previewOf(r.Context(), source, terms)
	if err != nil {
		return err
	}
	return c.show(w, r, "preview", c.page(r, "Preview", herePrograms, content))
}

func (c *Console) previewOf(ctx context.Context, source string, terms referral.Terms) (content previewPage, err error) {
	content = previewPage{Source: source, Program: terms.Program, Credits: terms.CreditPurchases}
	found, err := c.Store.Preview(ctx, terms, store.PreviewOptions{
		Workers: previewWorkers, Page: previewAtOnce, Until: time.Now().Add(previewFor),
	})
	if errors.Is(err, store.ErrUnknownProgram) {
		content.New = true
		return content, nil
	}
	if err != nil {
		return content, err
	}
	content.Preview = &found
	content.Part = content.Preview.Referrals < content.Preview.Of
	for _, n := range content.Preview.Changed {
		content.Changed += n
	}
	return content, nil
}

// apply makes terms the ones in force, once whoever asks has ticked that they mean it.
func (c *Console) apply(w http.ResponseWriter, r *http.Request) error {
	source, terms, ok, err := c.readSource(w, r)
	if err != nil || !ok {
		return err
	}
	if r.PostForm.Get("sure") != "yes" {
		c.set.Render(w, r, http.StatusBadRequest, "change", c.page(r, "Change the terms", herePrograms, changePage{
			Source: source, Error: "Preview the terms, and tick below that they are to be in force. Nothing was changed.",
		}))
		return nil
	}
	// Terms that are the first to look for people by their address or device have everybody traced before they hold. A
	// recorder in a test has no deadline to put off, and needs none.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(applyPatience + patience))
	applied, err := c.Store.ApplyProgram(r.Context(), []byte(source))
	if err != nil {
		return err
	}
	told := fmt.Sprintf("These terms of the program %s were in force already: nothing was changed.", terms.Program)
	if applied.Changed {
		told = fmt.Sprintf("Version %d of the program %s is in force, for sign-ups from now on.", applied.Version, terms.Program)
		c.Log.InfoContext(r.Context(), "terms were applied in the console", "program", terms.Program, "version", applied.Version, "by", c.by(r))
	}
	c.tell(r.Context(), told)
	newest, err := c.newest(r)
	if err != nil {
		return err
	}
	for _, v := range newest {
		if v.Name == terms.Program {
			return go303(w, r, herePrograms+"/"+strconv.FormatInt(v.Program, 10)+"/versions/"+strconv.Itoa(v.Version))
		}
	}
	return go303(w, r, herePrograms)
}
