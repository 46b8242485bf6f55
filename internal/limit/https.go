package limit

import (
	"net/http"
	"strings"
)

// HTTPS says whether a request came over HTTPS: to this process, or to a trusted proxy that says so in X-Forwarded-Proto.
func (c Clients) HTTPS(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	at, ok := address(r.RemoteAddr)
	if !ok || !c.trusts(at) {
		return false
	}
	// Of several proxies each may have added how it was reached: the first is the one that the client met.
	met, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	return strings.EqualFold(strings.TrimSpace(met), "https")
}
