package main

import (
	"net/http"

	"github.com/plusone-dev/plusone/internal/pages"
	"github.com/plusone-dev/plusone/internal/pages/reference"
)

// reference is the page that says what is answered here, and what it is shown with.
func (h *host) reference() ([]part, error) {
	page, err := reference.New(h.log)
	h.http.Expect(http.MethodGet, reference.Route)
	return []part{{pages.AssetsPath, pages.Assets()}, {reference.Path, page}}, err
}
