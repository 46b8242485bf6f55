// Package links owns the links that people share: /r/{code} and a path of the business's own choice. Whoever follows one is
// sent on to the business's sign-up page, keeps the first code they came with, and is counted as a visit, which is
// published to the stream and never waited for. It writes nothing to the database, and knows nobody who follows a link.
package links

import (
	"context"
	_ "embed"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/limit"
	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/store"
)

// Store is what links read.
type Store interface {
	Links(ctx context.Context, codes []string) ([]store.Link, error)
}

// Config is what links need. Only the store must be there.
type Config struct {
	Store     Store
	SignUpURL string           // where visitors are sent on to; empty: nowhere, and they are told so
	Path      string           // what stands before the code in share links; empty: DefaultPath, which is served in any case
	HTTPS     bool             // strangers reach this over HTTPS, whatever the connection says
	Clients   limit.Clients    // tells visitors apart
	Visits    *Visits          // publishes visits; nil: none is counted
	PerMinute int              // how often a minute links from one address are looked up, and counted; 0: DefaultPerMinute
	Metrics   *Metrics         // nil: counted nowhere
	Log       *slog.Logger     // nil: discarded
	Now       func() time.Time // nil: time.Now
}

// DefaultPerMinute is how often a minute links from one address are looked up when nobody says. Many people may share
// one address, and those who are not looked up are sent on all the same.
const DefaultPerMinute = 120

// patience is how long the database may take to say whose a code is. Somebody is waiting for a page.
const patience = 2 * time.Second

// Links answers those who follow links.
type Links struct {
	Config

	signUp *url.URL // nil: none
	counts *limit.Buckets
	mux    *http.ServeMux
}

// New makes the handler of links. Error: what is wrong with the sign-up page or the path.
func New(c Config) (*Links, error) {
	l := &Links{Config: c}
	var err error
	if c.SignUpURL != "" {
		if l.signUp, err = ParseSignUpURL(c.SignUpURL); err != nil {
			return nil, err
		}
	}
	if l.Path == "" {
		l.Path = DefaultPath
	}
	if err := CheckPath(l.Path); err != nil {
		return nil, err
	}
	if l.PerMinute == 0 {
		l.PerMinute = DefaultPerMinute
	}
	if l.Now == nil {
		l.Now = time.Now
	}
	if l.Log == nil {
		l.Log = slog.New(slog.DiscardHandler)
	}
	if l.Metrics == nil {
		l.Metrics = NewMetrics(nil)
	}
	l.counts = limit.NewBuckets(l.PerMinute, time.Minute/time.Duration(l.PerMinute), l.Now)
	l.routes()
	return l, nil
}

func (l *Links) routes() {
	l.mux = http.NewServeMux()
	for _, path := range l.paths() {
		l.mux.HandleFunc("GET "+path+"{code}", l.follow)
		l.mux.HandleFunc(path+"{code}", methodNotAllowed)
	}
	l.mux.HandleFunc("GET "+scriptPath, serveScript)
	l.mux.HandleFunc(scriptPath, methodNotAllowed)
	l.mux.HandleFunc("/", problem.NotFound)
}

// paths are those that links begin with.
func (l *Links) paths() []string {
	if l.Path == DefaultPath {
		return []string{DefaultPath}
	}
	return []string{DefaultPath, l.Path}
}

// Mounts are the patterns under which links are to be served.
func (l *Links) Mounts() []string { return append(l.paths(), scriptPath) }

// Routes are the patterns of what is answered, as its requests carry them.
func (l *Links) Routes() (all []string) {
	for _, path := range l.paths() {
		all = append(all, "GET "+path+"{code}")
	}
	return append(all, "GET "+scriptPath)
}

// ServeHTTP answers.
func (l *Links) ServeHTTP(w http.ResponseWriter, r *http.Request) { l.mux.ServeHTTP(w, r) }

func methodNotAllowed(w http.ResponseWriter, _ *http.Request) {
	problem.MethodNotAllowed(w, "GET, HEAD")
}

// follow sends a visitor on. Whatever is wrong with the code, the database or the stream, they come to the sign-up page.
func (l *Links) follow(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")         // each visit is to be seen here
	h.Set("Referrer-Policy", "strict-origin")  // the sign-up page learns on which site the link stood, and not on which page
	h.Set("X-Robots-Tag", "noindex, nofollow") // a link is no page
	h.Set("X-Content-Type-Options", "nosniff")
	if l.signUp == nil {
		nowhere(w)
		return
	}
	v := l.visitor(r)
	a := l.look(r.Context(), v)
	if a.keep > 0 {
		http.SetCookie(w, l.cookie(r, v.code, a.keep))
	}
	l.count(v, a)
	via := v.via
	if a.ref != v.code {
		via = "" // it says how another link was shared
	}
	h.Set("Location", l.target(a.ref, via))
	w.WriteHeader(http.StatusFound)
}

// answer is what becomes of a visit.
type answer struct {
	ref     string        // the code that the sign-up page is told; empty: none
	keep    time.Duration // how long the browser is to keep the link's code; 0: not
	outcome string        // what the visit counts as; empty: it is to be counted
}

// look decides what becomes of a visit. The first code that a browser came with stands, for as long as it is somebody's: the referrer
// who brought them is the one who is owed, and a link that is put in front of them later can not take that away.
//
// Who comes too often is sent on without a look: neither can codes be tried out, nor does a flood reach the database.
// As when that is away, the sign-up page is told the code as it came, and the worker finds out whose it is.
func (l *Links) look(ctx context.Context, v visitor) answer {
	unsure := v.first
	if unsure == "" {
		unsure = v.code
	}
	if unsure == "" {
		return answer{outcome: v.orElse(outcomeUnknown)}
	}
	if _, ok := l.counts.Take(v.client); !ok {
		return answer{ref: unsure, outcome: v.orElse(outcomeLimited)}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found, err := l.Store.Links(ctx, v.codes())
	if err != nil {
		l.Log.WarnContext(ctx, "a link could not be looked up: its visitor was sent on with the code as it came", "error", err)
		return answer{ref: unsure, outcome: v.orElse(outcomeUnavailable)}
	}
	return v.decide(found)
}

// decide does so when it is known which codes are somebody's.
func (v visitor) decide(found []store.Link) answer {
	a := answer{outcome: v.orElse(outcomeUnknown)}
	var remember time.Duration
	for _, link := range found {
		if link.Code == v.code {
			a.ref, a.outcome, remember = v.code, v.unasked, link.Remember
		}
	}
	for _, link := range found {
		if link.Code == v.first && link.Remember > 0 {
			a.ref = v.first
			return a
		}
	}
	if v.unasked == "" {
		a.keep = remember
	}
	return a
}

// count has a visit counted, or notes why not.
func (l *Links) count(v visitor, a answer) {
	if a.outcome == "" && !l.Visits.add(fact.Visit{Code: v.code, Via: v.via, At: l.Now()}) {
		a.outcome = outcomeDropped
	}
	if a.outcome != "" { // else it is counted when the stream has it
		l.Metrics.note(a.outcome)
	}
}

//go:embed nowhere.html
var nowherePage []byte

// nowhere tells a visitor that the business has not said where its sign-up page is.
func nowhere(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write(nowherePage) // a visitor who is gone by now has no use for an error
}
