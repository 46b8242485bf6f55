package main

import "net/http"

// part is what answers at one pattern of the door for users, visitors and the business: "/", "/console/", "GET /r/{code}".
type part struct {
	pattern string
	handler http.Handler
}

// surface puts all that `plusone api` serves behind one door. The API is the part at "/": it answers where no other does.
func (h *host) surface(parts ...part) *http.ServeMux {
	mux := http.NewServeMux()
	for _, p := range parts {
		mux.Handle(p.pattern, p.handler)
	}
	return mux
}
