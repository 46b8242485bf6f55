package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	openapi "github.com/plusone-dev/plusone/docs/api"
)

const routeDocument = "GET /openapi.json"

// Open are the patterns of what needs no token, as its requests carry them.
var Open = []string{routeDocument}

// document serves GET /openapi.json: what is answered here, for machines. It needs no token: there is nothing in it that
// the project does not publish.
func (a *API) document(w http.ResponseWriter, r *http.Request) {
	text, err := openapi.Document()
	if err != nil {
		a.fail(w, r, err)
		return
	}
	sum := sha256.Sum256(text)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}
