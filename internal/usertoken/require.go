package usertoken

import (
	"context"
	"net/http"
)

// Deny answers a request without a token that counts; err says why, as Verify does.
type Deny func(w http.ResponseWriter, r *http.Request, err error)

// Require lets a request through to next only with a user's token, and tells it which user's (UserOf). Others are answered
// by deny, with WWW-Authenticate already set where a token would help.
func (v *Verifier) Require(next http.Handler, deny Deny) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		userID, err := v.Verify(Of(r))
		if err != nil {
			v.Challenge(w)
			deny(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(WithUser(r.Context(), userID)))
	})
}

// Challenge tells in an answer that a token would help, where one could.
func (v *Verifier) Challenge(w http.ResponseWriter) {
	if v.HasKeys() {
		w.Header().Set("WWW-Authenticate", `Bearer realm="plusone"`)
	}
}

type userKey struct{}

// WithUser is a context in which a user asks.
func WithUser(ctx context.Context, userID string) context.Context {
	return context.WithValue(ctx, userKey{}, userID)
}

// UserOf is the business's id of the user who asks; empty where nobody was required.
func UserOf(ctx context.Context) string {
	id, _ := ctx.Value(userKey{}).(string)
	return id
}
