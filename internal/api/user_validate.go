package api

import (
	"net/http"
	"strings"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/publicname"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/usertoken"
)

type validJSON struct {
	Valid     bool   `json:"valid"` // true
	Message   string `json:"message"`
	Referrer  byJSON `json:"referrer"`
	Remaining *int   `json:"remaining_uses"` // null: no maximum
}

type byJSON struct {
	Username *string `json:"username"`
	Email    *string `json:"email"` // masked
}

type invalidJSON struct {
	Valid   bool   `json:"valid"` // false
	Message string `json:"message"`
	Error   string `json:"error"`
}

// What is wrong with a code, in the words that callers know.
const (
	codeNotFound = "Code not found"
	codeUsedUp   = "Referral code has reached maximum uses"
	codeOwn      = "You can not use your own code"
)

// validate serves POST /referral/validate. Whoever asks may have a token, and needs none: visitors have no account yet.
func (a *API) validate(w http.ResponseWriter, r *http.Request) error {
	userID := ""
	if r.Header.Values("Authorization") != nil {
		var err error
		if userID, err = a.users.Tokens.Verify(usertoken.Of(r)); err != nil {
			a.users.Tokens.Challenge(w)
			a.denyUser(w, r, err)
			return nil
		}
	}
	if err := a.mayValidate(r, userID); err != nil {
		return err
	}
	if err := noQuery(r); err != nil {
		return err
	}
	body, err := readBody(w, r, fact.UserRegistered, "referral_code")
	if err != nil {
		return err
	}
	if body["referral_code"] == "" {
		return wrongMember("referral_code", "is missing.")
	}
	code, _ := fact.ReadCode(body["referral_code"]) // what can not be a code is asked about all the same, as ""
	v, err := a.users.Store.Validate(r.Context(), code)
	if err != nil {
		return err
	}
	outcome, answer := verdictOn(v, userID)
	a.users.Metrics.validations.WithLabelValues(outcome).Inc()
	a.answer(w, r, answer)
	return nil
}

// mayValidate holds whoever asks to how often their address may, and they themselves.
func (a *API) mayValidate(r *http.Request, userID string) error {
	by, key := limitedByClient, "address "+a.users.Clients.Of(r)
	wait, ok := a.users.validations.Take(key)
	if ok && userID != "" {
		by, key = limitedByUser, "user "+userID
		wait, ok = a.users.validations.Take(key)
	}
	if ok {
		return nil
	}
	a.users.Metrics.limited.WithLabelValues(routeValidate, by).Inc()
	a.users.Metrics.validations.WithLabelValues(outcomeLimited).Inc()
	return &limitedError{wait}
}

func verdictOn(v store.Validation, userID string) (outcome string, answer any) {
	invalid := func(why string) invalidJSON {
		return invalidJSON{Message: "Invalid referral code", Error: why}
	}
	switch {
	case !v.Known:
		return outcomeUnknown, invalid(codeNotFound)
	case userID != "" && v.Owner == userID:
		return outcomeOwn, invalid(codeOwn)
	case v.MaxUses > 0 && v.Uses >= v.MaxUses:
		return outcomeUsedUp, invalid(codeUsedUp)
	}
	valid := validJSON{Valid: true, Message: "Referral code is valid", Referrer: byJSON{
		Username: orNull(masked(v.Username)), Email: orNull(publicname.Mask(v.Email)),
	}}
	if v.MaxUses > 0 {
		remaining := v.MaxUses - v.Uses
		valid.Remaining = &remaining
	}
	return outcomeValid, valid
}

// masked is somebody's name as others are shown it: one that is an e-mail address must not give the address away.
func masked(username string) string {
	if strings.Contains(username, "@") {
		return publicname.Mask(username)
	}
	return username
}
