package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/plusone-dev/plusone/internal/links"
	"github.com/plusone-dev/plusone/internal/pages"
	"github.com/plusone-dev/plusone/internal/pages/portal"
	"github.com/plusone-dev/plusone/internal/store"
)

// portalFlags say who may show the referrers' dashboard on pages of their own.
type portalFlags struct {
	EmbedOrigins []string `name:"embed-origins" env:"PLUSONE_EMBED_ORIGINS" placeholder:"ORIGIN" help:"The origins whose pages may show the dashboard in a frame and open it, separated by commas, such as https://shop.example. Without any it is never in a frame."`
}

func (f portalFlags) problems() (all []string) {
	for _, origin := range f.EmbedOrigins {
		if !isOrigin(origin) {
			all = append(all, fmt.Sprintf("--embed-origins (PLUSONE_EMBED_ORIGINS): %q is no origin such as https://shop.example, without a path", origin))
		}
	}
	return all
}

// isOrigin says whether a text is what browsers call the origin of a page, as they write it. It goes into a header, where
// a blank or a semicolon would begin something else.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && text == u.Scheme+"://"+u.Host &&
		text == strings.ToLower(text) && !strings.ContainsAny(text, " ;,'\"*")
}

// portal are the parts of the dashboard, and what all pages are made with. Users are known by the same tokens as to the API, which is
// also who gives a code to somebody who has none.
func (f portalFlags) portal(h *host, primary *store.Database, public publicFlags, fallback string, answers http.Handler) ([]part, error) {
	tokens, err := public.tokens()
	if err != nil {
		return nil, err
	}
	base := public.public(fallback)
	handler, err := portal.New(portal.Config{
		Store: primary, Tokens: tokens, Embedders: f.EmbedOrigins, Secure: strings.HasPrefix(base, "https://"), Log: h.log,
		Share: func(code string) string { return links.ShareURL(base, public.LinkPath, code) },
		Make:  func(ctx context.Context, token string) bool { return makeCode(ctx, answers, token) },
	})
	if err != nil {
		return nil, err
	}
	h.http.Expect(http.MethodGet, portal.Routes...)
	h.http.Expect(http.MethodPost, portal.Posts...)
	return []part{{pages.AssetsPath, pages.Assets()}, {portal.Path, handler}, {portal.Path + "/", handler}}, nil
}

// makeCode asks the API, in a user's name, for their code: whoever has none is given one by that.
func makeCode(ctx context.Context, answers http.Handler, token string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/referral/code", http.NoBody)
	if err != nil {
		return false
	}
	r.Header.Set("Authorization", "Bearer "+token)
	var w statusOnly
	answers.ServeHTTP(&w, r)
	return w.status == 0 || w.status == http.StatusOK
}

// statusOnly takes an answer of which nothing but the status matters.
type statusOnly struct {
	header http.Header
	status int
}

func (w *statusOnly) Header() http.Header {
	if w.header == nil {
		w.header = make(http.Header)
	}
	return w.header
}
func (w *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
func (w *statusOnly) WriteHeader(status int)      { w.status = status }
