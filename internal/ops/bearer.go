package ops

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// RequireBearer lets a request through to next only with one of the tokens in its Authorization header. Several tokens
// are valid side by side, so that one can be replaced without a gap; without any, nobody comes through. Others are
// answered by deny (nil: a bare 401), with WWW-Authenticate already set.
func RequireBearer(tokens []string, next http.Handler, deny http.HandlerFunc) http.Handler {
	var known [][sha256.Size]byte
	for _, t := range tokens {
		if t != "" {
			known = append(known, sha256.Sum256([]byte(t)))
		}
	}
	if deny == nil {
		deny = func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isKnown(Bearer(r), known) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="plusone"`)
			deny(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isKnown compares digests, which all have one length, and always all of them: how long it takes says neither how much
// of a token was right nor which one it was.
func isKnown(token string, known [][sha256.Size]byte) bool {
	sum := sha256.Sum256([]byte(token))
	found := 0
	for i := range known {
		found |= subtle.ConstantTimeCompare(sum[:], known[i][:])
	}
	return token != "" && found == 1
}

// Bearer is the token in a request's Authorization header; empty without one, or with two.
func Bearer(r *http.Request) string {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 {
		return "" // two of them leave it open which one a proxy looked at
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.Trim(token, " ")
}
