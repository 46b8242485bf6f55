// Package usertoken knows by a token which of the business's users asks. The business's own backend signs it, a JWT: for
// one user, for a short time. Which algorithms count is decided by the keys that are configured, never by the token.
package usertoken

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/plusone-dev/plusone/internal/fact"
)

const (
	// MaxLife is how far ahead a token may end.
	MaxLife = 24 * time.Hour
	// Leeway is how far the clocks of two machines may differ.
	Leeway = 30 * time.Second

	minSecret = 32   // bytes of a secret for HS256: as many as the hash has (RFC 7518, section 3.2)
	maxToken  = 8192 // bytes of a token
)

// Config says whose signatures count. Without any key, nobody's do.
type Config struct {
	Secrets []string         // shared ones, for HS256, of at least 32 bytes; several, so that one can be replaced without a gap
	Keys    []byte           // a PEM file or a JWKS of public keys, for EdDSA (Ed25519) and RS256; nil: none
	Now     func() time.Time // nil: time.Now
}

// Verifier verifies tokens. A nil one has no keys. It may be used by several goroutines.
type Verifier struct {
	keys   []key
	parser *jwt.Parser
	now    func() time.Time
}

// New makes a Verifier. Errors say which key can not be used and why, without saying the key.
func New(c Config) (*Verifier, error) {
	var keys []key
	for i, s := range c.Secrets {
		if len(s) < minSecret {
			return nil, fmt.Errorf("user tokens: secret number %d is shorter than %d bytes: make one with `openssl rand -hex 32`", i+1, minSecret)
		}
		keys = append(keys, key{algorithm: jwt.SigningMethodHS256.Alg(), key: []byte(s)})
	}
	if c.Keys != nil {
		public, err := readKeys(c.Keys)
		if err != nil {
			return nil, fmt.Errorf("user tokens: %w", err)
		}
		keys = append(keys, public...)
	}
	now := c.Now
	if now == nil {
		now = time.Now
	}
	return &Verifier{keys: keys, now: now, parser: jwt.NewParser(
		jwt.WithValidMethods(algorithms(keys)), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(Leeway),
		jwt.WithTimeFunc(now), jwt.WithStrictDecoding(),
	)}, nil
}

// HasKeys says whether there is any key: whether anybody's token can be right.
func (v *Verifier) HasKeys() bool { return v != nil && len(v.keys) > 0 }

// ErrNoKeys says that there is no key that a token could be signed with.
var ErrNoKeys = errors.New("no key for user tokens is configured")

// Error says why a token does not count.
type Error struct {
	Reason string // a stable code: missing, malformed, signature, expired, early, claims
	Detail string // words for whoever made the token; they repeat nothing of it
}

func (e *Error) Error() string { return "user token: " + e.Detail }

// The reasons.
const (
	Missing   = "missing"
	Malformed = "malformed"
	Signature = "signature"
	Expired   = "expired"
	Early     = "early"
	Claims    = "claims"
)

// Reasons are all there are.
var Reasons = []string{Missing, Malformed, Signature, Expired, Early, Claims}

// Verify returns the business's id of the user that a token is for. Errors: ErrNoKeys; *Error.
func (v *Verifier) Verify(token string) (userID string, err error) {
	if !v.HasKeys() {
		return "", ErrNoKeys
	}
	if token == "" {
		return "", &Error{Missing, "there is none"}
	}
	if len(token) > maxToken {
		return "", &Error{Malformed, fmt.Sprintf("it is longer than %d bytes", maxToken)}
	}
	var claims jwt.RegisteredClaims
	if _, err := v.parser.ParseWithClaims(token, &claims, v.candidates); err != nil {
		return "", explain(err)
	}
	if claims.ExpiresAt.After(v.now().Add(MaxLife + Leeway)) {
		return "", &Error{Claims, fmt.Sprintf("exp is more than %d hours ahead", int(MaxLife.Hours()))}
	}
	if !fact.ValidUserID(claims.Subject) {
		return "", &Error{Claims, "sub must be your id of the user: 1 to 255 characters, none of them a control character"}
	}
	return claims.Subject, nil
}

// candidates are the keys that a token may be signed with: those of its algorithm, which is one that is allowed by then,
// and of its key id, where both have one.
func (v *Verifier) candidates(t *jwt.Token) (any, error) {
	if _, critical := t.Header["crit"]; critical {
		return nil, errors.New("crit") // extensions that must be understood, and are not (RFC 7515, section 4.1.11)
	}
	id, _ := t.Header["kid"].(string)
	var set jwt.VerificationKeySet
	for _, k := range v.keys {
		if k.algorithm == t.Method.Alg() && (id == "" || k.id == "" || k.id == id) {
			set.Keys = append(set.Keys, k.key)
		}
	}
	return set, nil
}

// explain says in plain words why a token does not count.
func explain(err error) *Error {
	for _, e := range []struct {
		is             error
		reason, detail string
	}{
		{jwt.ErrTokenMalformed, Malformed, "it is no JWT"},
		{jwt.ErrTokenSignatureInvalid, Signature, "no configured key has signed it with an algorithm of its own"},
		{jwt.ErrTokenUnverifiable, Signature, "no configured key is of its algorithm and key id"},
		{jwt.ErrTokenRequiredClaimMissing, Claims, "exp is missing"},
		{jwt.ErrTokenExpired, Expired, "it has expired"},
		{jwt.ErrTokenNotValidYet, Early, "it is not valid yet (nbf)"},
		{jwt.ErrTokenUsedBeforeIssued, Early, "it was issued in the future (iat)"},
	} {
		if errors.Is(err, e.is) {
			return &Error{e.reason, e.detail}
		}
	}
	return &Error{Claims, "its claims can not be read"}
}

// Of is the token that a request carries, in its only Authorization header; empty for none. The query is not looked at:
// what stands in a URL is written to logs.
func Of(r *http.Request) string {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.Trim(token, " ")
}
