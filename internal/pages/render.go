package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed templates
var templates embed.FS

// Page is what the frame shows around the content.
type Page struct {
	Title string // what the page is about; the name of the site follows it
	Site  string // "Referrals", "Console"
	Home  string // where the site's name leads; empty: nowhere
	Class string // of the body: "" for one column, "side" for navigation at the side

	Nav     []Link // the ways to go; none: no navigation
	Here    string // the Href of the one of Nav that this page belongs to
	SignOut string // where the form to sign out is posted; empty: none
	Notice  string // what was just done, told once at the top
	Content any    // for the page's own template
}

// Link is one way to go. Count is shown beside it when it is not zero.
type Link struct {
	Name, Href string
	Count      int64
}

// Message is a page that only says something: that there is nothing here, or that one has to sign in again.
type Message struct {
	Title, Text  string
	Action, Href string // one way to go on; none without a Href
}

// Set is a set of pages that are shown in the frame.
type Set struct {
	pages map[string]*template.Template
	log   *slog.Logger
}

// Parse reads the templates of pages from a folder. Each *.html is a page of that name that defines "content"; those that
// begin with "_", which go:embed takes only with "all:", define what several of them use. Beside funcs they know asset and
// number, and the template "chart".
func Parse(folder fs.FS, funcs template.FuncMap, log *slog.Logger) (*Set, error) {
	frame, err := template.New("frame").Funcs(common).Funcs(funcs).ParseFS(templates, "templates/frame.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	s := &Set{pages: make(map[string]*template.Template), log: log}
	if err := s.add(frame, templates, "templates/message.html"); err != nil {
		return nil, err
	}
	names, err := fs.Glob(folder, "*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.HasPrefix(name, "_") {
			if frame, err = frame.ParseFS(folder, name); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range names {
		if !strings.HasPrefix(name, "_") {
			if err := s.add(frame, folder, name); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

func (s *Set) add(frame *template.Template, folder fs.FS, name string) error {
	t, err := frame.Clone()
	if err != nil {
		return err
	}
	if t, err = t.ParseFS(folder, name); err != nil {
		return err
	}
	s.pages[strings.TrimSuffix(path.Base(name), ".html")] = t
	return nil
}

// Render answers with a page. It is made whole before any of it is sent: where that fails, nobody sees half of it.
func (s *Set) Render(w http.ResponseWriter, r *http.Request, status int, name string, p Page) {
	var b bytes.Buffer
	if err := s.write(&b, name, p); err != nil {
		s.log.ErrorContext(r.Context(), "a page could not be made", "page", name, "error", err)
		http.Error(w, "This page could not be made. The fault is ours, and it is in the log.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	send(w, r, status, b.Bytes(), nil)
}

// Tell answers with a message in the frame.
func (s *Set) Tell(w http.ResponseWriter, r *http.Request, status int, p Page, m Message) {
	p.Title, p.Content = m.Title, m
	s.Render(w, r, status, "message", p)
}

func (s *Set) write(b *bytes.Buffer, name string, p Page) error {
	t := s.pages[name]
	if t == nil {
		return fmt.Errorf("pages: there is no page %q", name)
	}
	return t.ExecuteTemplate(b, "frame", p)
}

// common are the functions that every template knows.
var common = template.FuncMap{
	"asset":  assetPath,
	"number": number,
}

// number is Number for templates, which count in int as well.
func number(n any) (string, error) {
	switch n := n.(type) {
	case int64:
		return Number(n), nil
	case int:
		return Number(int64(n)), nil
	case int32:
		return Number(int64(n)), nil
	}
	return "", fmt.Errorf("pages: number of a %T", n)
}

// Number writes a whole number with its thousands set apart: 1,234,567.
func Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "−", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
