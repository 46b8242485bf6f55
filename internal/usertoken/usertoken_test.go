package usertoken_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"github.com/plusone-dev/plusone/internal/usertoken"
)

const (
	secret = "the secret of the tests, of more than 32 bytes"
	other  = "another secret, of somebody else, of 32 bytes too"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

// claims are those of a token that counts, with changes. A nil value takes a claim away.
func claims(changes map[string]any) jwt.MapClaims {
	c := jwt.MapClaims{"sub": "alice", "iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix()}
	for name, value := range changes {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	return c
}

func sign(t testing.TB, method jwt.SigningMethod, key any, c jwt.MapClaims, header map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, c)
	for name, value := range header {
		token.Header[name] = value
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func verifier(t testing.TB, c usertoken.Config) *usertoken.Verifier {
	t.Helper()
	c.Now = clock
	v, err := usertoken.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mustRefuse(t testing.TB, v *usertoken.Verifier, token, reason string) {
	t.Helper()
	userID, err := v.Verify(token)
	var bad *usertoken.Error
	if !errors.As(err, &bad) || userID != "" {
		t.Fatalf("it is %q's: %v", userID, err)
	}
	if bad.Reason != reason {
		t.Errorf("the reason is %q, want %q: %v", bad.Reason, reason, err)
	}
}

func TestClaims(t *testing.T) {
	v := verifier(t, usertoken.Config{Secrets: []string{secret}})
	at := func(d time.Duration) int64 { return noon.Add(d).Unix() }
	for name, tt := range map[string]struct {
		changes map[string]any
		reason  string // empty: it counts
	}{
		"as it should be":                   {nil, ""},
		"without iat":                       {map[string]any{"iat": nil}, ""},
		"more claims":                       {map[string]any{"aud": "anybody", "iss": "us", "admin": true}, ""},
		"an id of any signs":                {map[string]any{"sub": "böb'; drop table users; --"}, ""},
		"ends just now":                     {map[string]any{"exp": at(-29 * time.Second)}, ""},
		"expired":                           {map[string]any{"exp": at(-31 * time.Second)}, usertoken.Expired},
		"expired long ago":                  {map[string]any{"exp": 1}, usertoken.Expired},
		"without exp":                       {map[string]any{"exp": nil}, usertoken.Claims},
		"exp is no number":                  {map[string]any{"exp": "tomorrow"}, usertoken.Malformed},
		"a day":                             {map[string]any{"exp": at(24 * time.Hour)}, ""},
		"too long a life":                   {map[string]any{"exp": at(24*time.Hour + 31*time.Second)}, usertoken.Claims},
		"for ever":                          {map[string]any{"exp": int64(1) << 40}, usertoken.Claims},
		"so far ahead that time runs over":  {map[string]any{"exp": 1e300}, ""},
		"not valid yet":                     {map[string]any{"nbf": at(31 * time.Second)}, usertoken.Early},
		"valid in a moment":                 {map[string]any{"nbf": at(29 * time.Second)}, ""},
		"issued in the future":              {map[string]any{"iat": at(31 * time.Second)}, usertoken.Early},
		"nobody's":                          {map[string]any{"sub": nil}, usertoken.Claims},
		"an empty sub":                      {map[string]any{"sub": ""}, usertoken.Claims},
		"a sub that is no text":             {map[string]any{"sub": 7}, usertoken.Malformed},
		"a sub with a line break":           {map[string]any{"sub": "alice\n"}, usertoken.Claims},
		"a sub with U+0000":                 {map[string]any{"sub": "a\x00b"}, usertoken.Claims},
		"a sub that is too long":            {map[string]any{"sub": strings.Repeat("x", 256)}, usertoken.Claims},
		"a sub as long as it may be":        {map[string]any{"sub": strings.Repeat("ä", 255)}, ""},
		"a token longer than a header":      {map[string]any{"more": strings.Repeat("x", 9000)}, usertoken.Malformed},
		"another user's name in user_id":    {map[string]any{"user_id": "bob"}, ""},
		"exp in milliseconds, as by habit":  {map[string]any{"exp": noon.Add(time.Hour).UnixMilli()}, usertoken.Claims},
		"exp before 1970, and nbf after it": {map[string]any{"exp": -5, "nbf": 5}, usertoken.Expired},
	} {
		t.Run(name, func(t *testing.T) {
			c := claims(tt.changes)
			token := sign(t, jwt.SigningMethodHS256, []byte(secret), c, nil)
			if name == "so far ahead that time runs over" {
				if userID, err := v.Verify(token); err == nil {
					t.Errorf("it is %q's", userID)
				}
				return
			}
			if tt.reason != "" {
				mustRefuse(t, v, token, tt.reason)
				return
			}
			if userID, err := v.Verify(token); err != nil || userID != c["sub"] {
				t.Errorf("it is %q's: %v", userID, err)
			}
		})
	}
}

func TestNoJWT(t *testing.T) {
	v := verifier(t, usertoken.Config{Secrets: []string{secret}})
	good := sign(t, jwt.SigningMethodHS256, []byte(secret), claims(nil), nil)
	for token, reason := range map[string]string{
		"": usertoken.Missing, "x": usertoken.Malformed, "..": usertoken.Malformed, "a.b.c": usertoken.Malformed, "{}": usertoken.Malformed,
		good + ".": usertoken.Malformed, good + "=": usertoken.Malformed, good[:len(good)-1]: usertoken.Malformed, " " + good: usertoken.Malformed,
		good[:len(good)-3]: usertoken.Signature, strings.Repeat(".", 9000): usertoken.Malformed,
	} {
		mustRefuse(t, v, token, reason)
	}
}

// keyFile makes a file of public keys in PEM.
func keyFile(t testing.TB, public ...any) []byte {
	t.Helper()
	var text []byte
	for _, p := range public {
		der, err := x509.MarshalPKIXPublicKey(p)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})...)
	}
	return text
}

func edKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// unsigned is a token without a signature, as those who try make them.
func unsigned(t testing.TB, alg string, header map[string]any) string {
	t.Helper()
	h := map[string]any{"alg": alg, "typ": "JWT"}
	for name, value := range header {
		h[name] = value
	}
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	return part(h) + "." + part(claims(nil)) + "."
}

func TestAlgorithms(t *testing.T) {
	ed, rs := edKey(t), rsaKey(t, 2048)
	rsPEM := keyFile(t, rs.Public())
	shared := verifier(t, usertoken.Config{Secrets: []string{secret}})
	edOnly := verifier(t, usertoken.Config{Keys: keyFile(t, ed.Public())})
	rsOnly := verifier(t, usertoken.Config{Keys: rsPEM})
	all := verifier(t, usertoken.Config{Secrets: []string{secret}, Keys: keyFile(t, ed.Public(), rs.Public())})
	hs256 := sign(t, jwt.SigningMethodHS256, []byte(secret), claims(nil), nil)
	eddsa := sign(t, jwt.SigningMethodEdDSA, ed, claims(nil), nil)
	rs256 := sign(t, jwt.SigningMethodRS256, rs, claims(nil), nil)
	for _, ok := range []struct {
		v     *usertoken.Verifier
		token string
	}{{shared, hs256}, {edOnly, eddsa}, {rsOnly, rs256}, {all, hs256}, {all, eddsa}, {all, rs256}} {
		if userID, err := ok.v.Verify(ok.token); err != nil || userID != "alice" {
			t.Errorf("%q, %v", userID, err)
		}
	}
	for name, bad := range map[string]struct {
		v     *usertoken.Verifier
		token string
	}{
		"EdDSA where a secret is":          {shared, eddsa},
		"RS256 where a secret is":          {shared, rs256},
		"HS256 where EdDSA is":             {edOnly, hs256},
		"RS256 where EdDSA is":             {edOnly, rs256},
		"EdDSA where RS256 is":             {rsOnly, eddsa},
		"HS256 where RS256 is":             {rsOnly, hs256},
		"the RSA key's file as a secret":   {rsOnly, sign(t, jwt.SigningMethodHS256, rsPEM, claims(nil), nil)},
		"the same, trimmed":                {rsOnly, sign(t, jwt.SigningMethodHS256, []byte(strings.TrimSpace(string(rsPEM))), claims(nil), nil)},
		"the same, with a secret as well":  {all, sign(t, jwt.SigningMethodHS256, rsPEM, claims(nil), nil)},
		"the Ed25519 key as a secret":      {all, sign(t, jwt.SigningMethodHS256, []byte(ed.Public().(ed25519.PublicKey)), claims(nil), nil)},
		"no signature":                     {all, unsigned(t, "none", nil)},
		"no signature, in another case":    {all, unsigned(t, "nOnE", nil)},
		"no signature where HS256 is":      {shared, unsigned(t, "HS256", nil)},
		"no signature, no algorithm":       {shared, unsigned(t, "", nil)},
		"HS512 with the same secret":       {shared, sign(t, jwt.SigningMethodHS512, []byte(secret), claims(nil), nil)},
		"RS512 with the same key":          {rsOnly, sign(t, jwt.SigningMethodRS512, rs, claims(nil), nil)},
		"PS256 with the same key":          {rsOnly, sign(t, jwt.SigningMethodPS256, rs, claims(nil), nil)},
		"another secret":                   {shared, sign(t, jwt.SigningMethodHS256, []byte(other), claims(nil), nil)},
		"another Ed25519 key":              {edOnly, sign(t, jwt.SigningMethodEdDSA, edKey(t), claims(nil), nil)},
		"another RSA key":                  {rsOnly, sign(t, jwt.SigningMethodRS256, rsaKey(t, 2048), claims(nil), nil)},
		"a key that it brings along":       {rsOnly, sign(t, jwt.SigningMethodRS256, rsaKey(t, 2048), claims(nil), map[string]any{"jwk": map[string]any{"kty": "RSA"}})},
		"what must be understood, and not": {shared, sign(t, jwt.SigningMethodHS256, []byte(secret), claims(nil), map[string]any{"crit": []string{"b64"}, "b64": false})},
	} {
		t.Run(name, func(t *testing.T) { mustRefuse(t, bad.v, bad.token, usertoken.Signature) })
	}
}

func TestSeveralSecrets(t *testing.T) {
	v := verifier(t, usertoken.Config{Secrets: []string{secret, other}})
	for _, s := range []string{secret, other} {
		if userID, err := v.Verify(sign(t, jwt.SigningMethodHS256, []byte(s), claims(nil), nil)); err != nil || userID != "alice" {
			t.Errorf("%q, %v", userID, err)
		}
	}
}

func TestMint(t *testing.T) {
	v := verifier(t, usertoken.Config{Secrets: []string{secret}})
	token, err := usertoken.Mint(secret, "bob", noon, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if userID, err := v.Verify(token); err != nil || userID != "bob" {
		t.Errorf("%q, %v", userID, err)
	}
}

func jwks(t testing.TB, keys ...jose.JSONWebKey) []byte {
	t.Helper()
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestJWKS(t *testing.T) {
	one, two, rs := edKey(t), edKey(t), rsaKey(t, 2048)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, usertoken.Config{Keys: jwks(t,
		jose.JSONWebKey{Key: one.Public(), KeyID: "one", Algorithm: "EdDSA", Use: "sig"},
		jose.JSONWebKey{Key: two.Public(), KeyID: "two"},
		jose.JSONWebKey{Key: rs.Public(), KeyID: "rs", Algorithm: "RS256"},
		jose.JSONWebKey{Key: ec.Public(), KeyID: "encrypting", Use: "enc"}, // for other uses: left out
	)})
	for kid, key := range map[string]ed25519.PrivateKey{"one": one, "two": two} {
		if _, err := v.Verify(sign(t, jwt.SigningMethodEdDSA, key, claims(nil), map[string]any{"kid": kid})); err != nil {
			t.Errorf("%s: %v", kid, err)
		}
		if _, err := v.Verify(sign(t, jwt.SigningMethodEdDSA, key, claims(nil), nil)); err != nil {
			t.Errorf("%s, which does not say so: %v", kid, err)
		}
	}
	if _, err := v.Verify(sign(t, jwt.SigningMethodRS256, rs, claims(nil), map[string]any{"kid": "rs"})); err != nil {
		t.Error(err)
	}
	for name, token := range map[string]string{
		"another's key id":         sign(t, jwt.SigningMethodEdDSA, one, claims(nil), map[string]any{"kid": "two"}),
		"a key id that nobody has": sign(t, jwt.SigningMethodEdDSA, one, claims(nil), map[string]any{"kid": "three"}),
		"a key for another use":    sign(t, jwt.SigningMethodES256, ec, claims(nil), map[string]any{"kid": "encrypting"}),
	} {
		t.Run(name, func(t *testing.T) { mustRefuse(t, v, token, usertoken.Signature) })
	}
}

// TestKeysThatAreRefused: a mistake in the configuration is found at the start, and no key is quoted.
func TestKeysThatAreRefused(t *testing.T) {
	ed := edKey(t)
	private, err := x509.MarshalPKCS8PrivateKey(ed)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GODEBUG", "rsa1024min=0")
	for name, tt := range map[string]struct {
		config usertoken.Config
		says   string
	}{
		"a short secret":        {usertoken.Config{Secrets: []string{secret, "short-secret"}}, "secret number 2 is shorter than 32 bytes"},
		"an empty secret":       {usertoken.Config{Secrets: []string{""}}, "secret number 1"},
		"no key":                {usertoken.Config{Keys: []byte("\n")}, "the file has no key"},
		"an empty set":          {usertoken.Config{Keys: []byte(`{"keys":[]}`)}, "the file has no key"},
		"nonsense":              {usertoken.Config{Keys: []byte("hello")}, "the file has no key"},
		"half a set":            {usertoken.Config{Keys: []byte(`{"keys":[`)}, "the JWKS can not be read"},
		"a private key":         {usertoken.Config{Keys: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})}, "only public keys belong here"},
		"a private key, as JWK": {usertoken.Config{Keys: jwks(t, jose.JSONWebKey{Key: ed, KeyID: "x"})}, "private key"},
		"a secret, as JWK":      {usertoken.Config{Keys: jwks(t, jose.JSONWebKey{Key: []byte(secret), KeyID: "x"})}, "shared secret"},
		"an EC key":             {usertoken.Config{Keys: keyFile(t, ec.Public())}, "Ed25519 and RSA"},
		"an EC key, as JWK":     {usertoken.Config{Keys: jwks(t, jose.JSONWebKey{Key: ec.Public(), KeyID: "x"})}, "Ed25519 and RSA"},
		"a small RSA key":       {usertoken.Config{Keys: keyFile(t, rsaKey(t, 1024).Public())}, "1024 bits"},
		"a broken key":          {usertoken.Config{Keys: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")})}, "can not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := usertoken.New(tt.config)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("it says %v, want %q", err, tt.says)
			}
			if strings.Contains(err.Error(), "short-secret") || strings.Contains(err.Error(), secret) {
				t.Errorf("it quotes a secret: %v", err)
			}
		})
	}
}

func TestRequire(t *testing.T) {
	v := verifier(t, usertoken.Config{Secrets: []string{secret}})
	good := sign(t, jwt.SigningMethodHS256, []byte(secret), claims(nil), nil)
	for name, tt := range map[string]struct {
		target  string
		headers []string
		ok      bool
	}{
		"the token":        {"/", []string{"Bearer " + good}, true},
		"a scheme's case":  {"/", []string{"bearer  " + good + " "}, true},
		"none":             {"/", nil, false},
		"in the query":     {"/?access_token=" + good + "&token=" + good, nil, false},
		"two headers":      {"/", []string{"Bearer " + good, "Bearer " + good}, false},
		"another scheme":   {"/", []string{"Basic " + good}, false},
		"no scheme":        {"/", []string{good}, false},
		"two in a header":  {"/", []string{"Bearer " + good + ", Bearer " + good}, false},
		"an empty one":     {"/", []string{"Bearer "}, false},
		"another's secret": {"/", []string{"Bearer " + sign(t, jwt.SigningMethodHS256, []byte(other), claims(nil), nil)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, keys := range []*usertoken.Verifier{v, nil, {}} {
				var got string
				var denied error
				r := httptest.NewRequest(http.MethodGet, tt.target, nil)
				r.Header["Authorization"] = tt.headers
				w := httptest.NewRecorder()
				keys.Require(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = usertoken.UserOf(r.Context()) }),
					func(_ http.ResponseWriter, _ *http.Request, err error) { denied = err }).ServeHTTP(w, r)
				if keys != v {
					if !errors.Is(denied, usertoken.ErrNoKeys) || got != "" || w.Header().Get("WWW-Authenticate") != "" {
						t.Errorf("without keys: %q, %v, %v", got, denied, w.Header())
					}
					continue
				}
				if ok := got == "alice"; ok != tt.ok || (denied == nil) != tt.ok || (w.Header().Get("WWW-Authenticate") == "") != tt.ok {
					t.Errorf("%q, %v, %v", got, denied, w.Header())
				}
			}
		})
	}
	if got := usertoken.UserOf(t.Context()); got != "" {
		t.Errorf("somebody asks who did not: %q", got)
	}
}
