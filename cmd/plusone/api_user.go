package main

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/plusone-dev/plusone/internal/api"
	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/limit"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/usertoken"
)

// publicFlags say what users and visitors meet: where, under whose signature, and behind which proxies.
type publicFlags struct {
	linkFlags

	PublicURL      string   `name:"public-url" env:"PLUSONE_PUBLIC_URL" placeholder:"URL" help:"Where strangers reach this: share links begin with it (default: http:// and where it listens)."`
	UserJWTSecret  []string `name:"user-jwt-secret" env:"PLUSONE_USER_JWT_SECRET" placeholder:"SECRET" help:"Secrets, separated by commas, that your backend signs users' tokens with (HS256); at least 32 bytes each."`
	UserJWTKeys    string   `name:"user-jwt-keys" env:"PLUSONE_USER_JWT_KEYS" placeholder:"FILE" help:"The public keys that verify users' tokens (EdDSA or RS256), in PEM or as a JWKS."`
	TrustedProxies []string `env:"PLUSONE_TRUSTED_PROXIES" placeholder:"CIDR" help:"The networks of your own proxies, separated by commas: X-Forwarded-For is believed from these alone."`
	Validations    int      `name:"validations-per-minute" env:"PLUSONE_VALIDATIONS_PER_MINUTE" default:"30" help:"How often a minute one address, and one user, may have a code validated (default ${default})."`
}

// userSecretFile is where plusone dev keeps the secret for users' tokens that it made.
const userSecretFile = "user-jwt-secret" //nolint:gosec // a name, not what is in it

func (f publicFlags) problems() (all []string) {
	if f.PublicURL != "" && !publicURL(f.PublicURL) {
		all = append(all, "--public-url (PLUSONE_PUBLIC_URL) must look like https://refer.example.com, without a query")
	}
	if f.Validations < 1 || f.Validations > 60_000 {
		all = append(all, "--validations-per-minute (PLUSONE_VALIDATIONS_PER_MINUTE) must be from 1 to 60000")
	}
	const secret = "--user-jwt-secret (PLUSONE_USER_JWT_SECRET)" //nolint:gosec // the name of a flag
	if bad := secretProblems(secret, f.UserJWTSecret); len(bad) > 0 {
		all = append(all, bad...)
	} else if _, err := usertoken.New(usertoken.Config{Secrets: f.UserJWTSecret}); err != nil {
		all = append(all, secret+": "+err.Error())
	}
	if f.UserJWTKeys != "" {
		if _, err := (publicFlags{UserJWTKeys: f.UserJWTKeys}).tokens(); err != nil {
			all = append(all, fmt.Sprintf("--user-jwt-keys (PLUSONE_USER_JWT_KEYS): %v", err))
		}
	}
	if _, err := f.clients(); err != nil {
		all = append(all, fmt.Sprintf("--trusted-proxies (PLUSONE_TRUSTED_PROXIES): %v", err))
	}
	all = append(all, f.linkFlags.problems()...)
	return all
}

// publicURL says whether a text can be what the addresses of pages begin with.
func publicURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" &&
		!strings.ContainsAny(text, "?#")
}

// option has the API answer users: from the database that is written to, so that they read what they did. Fallback is where
// they reach it when nobody says.
func (f publicFlags) option(h *host, primary *store.Database, desk *decide.Desk, fallback string) (api.Option, error) {
	tokens, err := f.tokens()
	if err != nil {
		return nil, err
	}
	clients, err := f.clients()
	if err != nil {
		return nil, err
	}
	if !tokens.HasKeys() {
		h.log.Info("users are not answered: there is no --user-jwt-secret (PLUSONE_USER_JWT_SECRET) and no --user-jwt-keys (PLUSONE_USER_JWT_KEYS)")
	}
	h.http.Expect(http.MethodGet, api.UserRoutes...)
	h.http.Expect(http.MethodPost, api.UserPosts...)
	h.http.Expect(http.MethodPut, api.UserPuts...)
	h.http.Expect(http.MethodDelete, api.UserDeletes...)
	var progress api.Progress
	if desk != nil {
		if progress, err = stream.NewLetters(h.nats); err != nil {
			return nil, err
		}
	}
	return api.WithUsers(api.Users{
		Progress: progress,
		Store:    primary, Tokens: tokens, Clients: clients, Desk: desk, PublicURL: f.public(fallback), LinkPath: f.LinkPath, PerMinute: f.Validations,
		Metrics: api.NewUserMetrics(h.reg),
	}), nil
}

// public is where strangers reach this, without a slash at the end; fallback is for when nobody says.
func (f publicFlags) public(fallback string) string {
	if f.PublicURL != "" {
		fallback = f.PublicURL
	}
	return strings.TrimRight(fallback, "/")
}

// tokens verifies users' tokens.
func (f publicFlags) tokens() (*usertoken.Verifier, error) {
	c := usertoken.Config{Secrets: f.UserJWTSecret}
	if f.UserJWTKeys != "" {
		text, err := os.ReadFile(f.UserJWTKeys)
		if err != nil {
			return nil, err
		}
		c.Keys = text
	}
	return usertoken.New(c)
}

// clients tells who asks apart by their addresses.
func (f publicFlags) clients() (limit.Clients, error) {
	networks := make([]netip.Prefix, 0, len(f.TrustedProxies))
	for _, text := range f.TrustedProxies {
		network, err := netip.ParsePrefix(text)
		if one, errAddr := netip.ParseAddr(text); err != nil && errAddr == nil {
			network, err = one.Prefix(one.BitLen())
		}
		if err != nil {
			return limit.Clients{}, fmt.Errorf("%q is no network such as 10.0.0.0/8", text)
		}
		networks = append(networks, network)
	}
	return limit.NewClients(networks...), nil
}
