package links

import (
	"net/http"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/crawler"
	"github.com/plusone-dev/plusone/internal/fact"
)

// visitor is who follows a link, as far as that is of any use: nobody is known by it.
type visitor struct {
	code    string // of the link; empty: it can be nobody's
	first   string // that their browser came with first; empty: none
	via     string // how the link was shared
	client  string // from where they come
	unasked string // why it is no person who followed the link, as an outcome; empty: it may be one
}

func (l *Links) visitor(r *http.Request) visitor {
	v := visitor{client: l.Clients.Of(r), unasked: unasked(r), first: firstCode(r)}
	v.code, _ = fact.ReadCode(r.PathValue("code"))
	if via := r.URL.Query().Get(viaParameter); isVia(via) {
		v.via = via
	}
	return v
}

// orElse is what the visit counts as: that nobody asked, or else something of the code's.
func (v visitor) orElse(outcome string) string {
	if v.unasked != "" {
		return v.unasked
	}
	return outcome
}

// codes are those to look for.
func (v visitor) codes() (all []string) {
	for _, code := range []string{v.code, v.first} {
		if code != "" {
			all = append(all, code)
		}
	}
	return all
}

// isVia says whether a text can be the name of a way to share.
func isVia(text string) bool {
	return text != "" && len(text) <= 20 && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" //nolint:dupword // it is an alphabet
}

// unasked says why a request is none of a person who followed a link: then it is not counted, and the browser is given nothing
// to keep. Otherwise any page could have its visitors keep a code, by a picture or a prefetch of a link that nobody sees.
func unasked(r *http.Request) string {
	for _, header := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		purpose := strings.ToLower(r.Header.Get(header))
		for _, early := range []string{"prefetch", "prerender", "preview"} {
			if strings.Contains(purpose, early) {
				return outcomePrefetched
			}
		}
	}
	switch dest := r.Header.Get("Sec-Fetch-Dest"); {
	case r.Method == http.MethodHead, crawler.Agent(r.UserAgent()):
		return outcomeCrawler
	case dest != "" && dest != "document":
		return outcomeEmbedded
	}
	return ""
}

// cookieName is the cookie in which a browser keeps the first code that it came with.
const cookieName = "plusone_ref"

// firstCode is what the browser keeps, if that can be a code.
func firstCode(r *http.Request) string {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	code, _ := fact.ReadCode(c.Value)
	return code
}

// cookie has a browser keep a code. It says nothing about the person: only whose link they followed.
func (l *Links) cookie(r *http.Request, code string, keep time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: code, Path: "/", MaxAge: int(keep / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: l.HTTPS || l.Clients.HTTPS(r),
	}
}
