package api

import (
	"github.com/plusone-dev/plusone/internal/limit"
	"github.com/plusone-dev/plusone/internal/usertoken"
)

// Users is what the API needs to answer the business's users, each for themselves.
type Users struct {
	Tokens    *usertoken.Verifier // whose tokens count
	Clients   limit.Clients       // who asks without one
	PublicURL string              // what share links begin with, without a slash at the end
	LinkPath  string              // what stands between that and the code; empty: "/r/"
}

// WithUsers has the API answer users.
func WithUsers(u Users) Option { return func(a *API) { a.users = u } }
