package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// AssetsPath is where the assets are served. Their names change with their contents, so nobody ever asks for one twice.
const AssetsPath = "/assets/"

//go:embed assets
var files embed.FS

// vendored is the style sheet that ours stands upon; its version and its licence are in its head. It goes into a cascade
// layer, so that every rule of ours wins over it without fighting for specificity.
const (
	vendored = "simple.min.css"
	sheet    = "plusone.css"
)

// ours are the parts of our sheet, which is sent as one.
var ours = []string{sheet, "portal.css"}

// asset is one file, as it is sent.
type asset struct {
	path, kind    string
	plain, packed []byte
}

// assets are all files by their names, the sheets being one.
var assets = sync.OnceValue(func() map[string]asset {
	entries, err := files.ReadDir("assets")
	if err != nil {
		panic(err) // they are part of the program
	}
	all := make(map[string]asset)
	for _, e := range entries {
		if e.Name() == vendored || (e.Name() != sheet && slices.Contains(ours, e.Name())) {
			continue
		}
		body := mustRead(e.Name())
		if e.Name() == sheet {
			body = style()
		}
		sum := sha256.Sum256(body)
		all[e.Name()] = asset{
			path: AssetsPath + hex.EncodeToString(sum[:6]) + "-" + e.Name(), kind: kindOf(e.Name()), plain: body, packed: pack(body, gzip.BestCompression),
		}
	}
	return all
})

// style is the whole sheet.
func style() []byte {
	all := fmt.Appendf(nil, "@layer vendor {\n%s\n}\n", mustRead(vendored))
	for _, name := range ours {
		all = append(all, mustRead(name)...)
	}
	return all
}

func mustRead(name string) []byte {
	body, err := files.ReadFile("assets/" + name)
	if err != nil {
		panic(err)
	}
	return body
}

func kindOf(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	panic("pages: what is " + name + "?")
}

// assetPath is where an asset is served. It panics on one that there is not: templates name them, and tests render those.
func assetPath(name string) string {
	a, ok := assets()[name]
	if !ok {
		panic("pages: there is no asset " + name)
	}
	return a.path
}

// Assets serves what AssetsPath leads to, to be kept for good by whoever asked.
func Assets() http.Handler {
	byPath := make(map[string]asset)
	for _, a := range assets() {
		byPath[a.path] = a
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		a, ok := byPath[r.URL.Path]
		if !ok {
			h.Set("Cache-Control", "no-store")
			http.Error(w, "There is no such file. It may be of another version of plusone: load the page anew.", http.StatusNotFound)
			return
		}
		h.Set("Content-Type", a.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		send(w, r, http.StatusOK, a.plain, a.packed)
	})
}

// pack compresses. A buffer does not fail.
func pack(body []byte, level int) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		panic(err) // no such level
	}
	_, _ = z.Write(body)
	_ = z.Close()
	return b.Bytes()
}

// send answers with a body, compressed for those who can read it. packed is the body compressed; nil: it is done here.
func send(w http.ResponseWriter, r *http.Request, status int, body, packed []byte) {
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	if accepts(r, "gzip") && len(body) > 1<<10 {
		if packed == nil {
			packed = pack(body, gzip.BestSpeed)
		}
		h.Set("Content-Encoding", "gzip")
		body = packed
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// accepts says whether a request names a coding without refusing it.
func accepts(r *http.Request, coding string) bool {
	for _, line := range r.Header.Values("Accept-Encoding") {
		for part := range strings.SplitSeq(line, ",") {
			name, quality, _ := strings.Cut(part, ";")
			quality = strings.ReplaceAll(quality, " ", "")
			if strings.EqualFold(strings.TrimSpace(name), coding) && strings.TrimRight(quality, "0.") != "q=" {
				return true
			}
		}
	}
	return false
}
