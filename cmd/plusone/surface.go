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
	known := make(map[string]bool)
	for _, p := range parts {
		if !known[p.pattern] { // what all pages are made with is brought by each kind of them
			mux.Handle(p.pattern, p.handler)
		}
		known[p.pattern] = true
	}
	return mux
}
