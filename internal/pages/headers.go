package pages

import (
	"net/http"
	"strings"
)

// Guard is who may put pages into a frame, and keeps everything else out of them.
type Guard struct {
	// Embedders are the origins whose pages may show ours in a frame ("https://shop.example"); nobody's without any.
	Embedders []string
}

// Wrap sets the headers of pages about people: no script and no style but our own files, no frame but the embedders', no
// address told to others, and nothing kept by a cache.
func (g Guard) Wrap(next http.Handler) http.Handler {
	policy := g.policy()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		if len(g.Embedders) == 0 {
			h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
		}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin") // not no-referrer, under which a form's Origin is null even to ourselves
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// policy is the Content-Security-Policy. Nothing inline is allowed, neither script nor style.
func (g Guard) policy() string {
	ancestors := "'none'"
	if len(g.Embedders) > 0 {
		ancestors = "'self' " + strings.Join(g.Embedders, " ")
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors " + ancestors
}
