package main

import (
	"net/http"

	"github.com/plusone-dev/plusone/internal/pages"
	"github.com/plusone-dev/plusone/internal/pages/reference"
)

// reference is the page that says what is answered here.
func (h *host) reference() (part, error) {
	page, err := reference.New(h.log)
	h.http.Expect(http.MethodGet, reference.Route)
	return part{reference.Path, page}, err
}

// assets are what pages are shown with. They are the same for all.
func assets() part { return part{pages.AssetsPath, pages.Assets()} }
