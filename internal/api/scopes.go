package api

import (
	"context"
	"net/http"

	"github.com/plusone-dev/plusone/internal/ops"
	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/servicetoken"
)

// need lets a request through to next only with a token that has the scope, or a wider one, and tells next whose it is. Others
// are told which scope is needed: 401 is for a token that opens nothing, 403 for one that does not open this.
func (a *API) need(s servicetoken.Scope, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		who, err := a.tokens.Identify(ctx, ops.Bearer(r))
		cancel()
		switch {
		case err != nil:
			a.fail(w, r, err)
		case who.Scope == servicetoken.None:
			w.Header().Set("WWW-Authenticate", `Bearer realm="plusone"`)
			unauthorized(w, s)
		case who.Scope < s:
			w.Header().Set("WWW-Authenticate", `Bearer realm="plusone", error="insufficient_scope", scope="`+s.String()+`"`)
			outOfScope(w, s, who.Scope)
		default:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), askerKey{}, who)))
		}
	})
}

type askerKey struct{}

// askerOf is whose token a request was let through with.
func askerOf(r *http.Request) servicetoken.Identity {
	who, _ := r.Context().Value(askerKey{}).(servicetoken.Identity)
	return who
}

// variables are where the tokens come from that open a scope, beside `plusone token create`.
var variables = map[servicetoken.Scope]string{
	servicetoken.Read:  "PLUSONE_API_TOKEN or PLUSONE_ADMIN_TOKEN",
	servicetoken.Write: "PLUSONE_API_TOKEN or PLUSONE_ADMIN_TOKEN",
	servicetoken.Admin: "PLUSONE_ADMIN_TOKEN",
}

func unauthorized(w http.ResponseWriter, s servicetoken.Scope) {
	problem.Write(w, problem.Problem{
		Status: http.StatusUnauthorized, Reason: "unauthorized", Title: "A service token is needed",
		Detail: "Send one header `Authorization: Bearer <token>` with a service token of the scope " + s.String() +
			": one that `plusone token create` made and that is neither revoked nor expired, or one of " + variables[s] + ".",
	})
}

func outOfScope(w http.ResponseWriter, s, has servicetoken.Scope) {
	problem.Write(w, problem.Problem{
		Status: http.StatusForbidden, Reason: "scope", Title: "The token does not open this",
		Detail: "This needs a service token of the scope " + s.String() + ", and the one that was sent has the scope " + has.String() +
			". `plusone token create` makes one; those of " + variables[s] + " do as well.",
	})
}
