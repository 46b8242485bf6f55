package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/store"
)

type userJSON struct {
	UserID         string       `json:"user_id"`
	Username       *string      `json:"username"`
	ReferralCode   *string      `json:"referral_code"`
	ReferredByCode *string      `json:"referred_by_code"`
	Balances       []amountJSON `json:"balances"`
	Standing       int          `json:"standing_referrals"`
	Tier           *string      `json:"tier"`
	Badges         []int        `json:"badges"`
	// NotReferred says why a sign-up with a code made no referral; absent otherwise.
	NotReferred string `json:"not_referred,omitempty"`
}

type amountJSON struct {
	Currency money.Currency `json:"currency"`
	Amount   string         `json:"amount"` // in the major unit
	Minor    int64          `json:"minor"`
}

func amountOf(a money.Amount) amountJSON {
	return amountJSON{Currency: a.Currency, Amount: a.Major(), Minor: a.Minor}
}

// user serves GET /v1/users/{user_id}.
func (a *API) user(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("user_id")
	if !fact.ValidUserID(id) {
		a.fail(w, r, store.ErrNotFound)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	u, err := a.store.User(ctx, id)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, userOf(u))
}

func userOf(u store.User) userJSON {
	j := userJSON{
		UserID: u.ID, Username: orNull(u.Username), ReferralCode: orNull(u.Code), ReferredByCode: orNull(u.ReferredBy),
		Balances: make([]amountJSON, 0, len(u.Balances)), Standing: u.Rank.Standing, Tier: orNull(u.Rank.Tier),
		Badges: append([]int{}, u.Rank.Badges...),
	}
	if u.UnknownCode {
		j.NotReferred = "unknown_code"
	}
	for _, b := range u.Balances {
		j.Balances = append(j.Balances, amountOf(b))
	}
	return j
}

// answer writes JSON.
func (a *API) answer(w http.ResponseWriter, r *http.Request, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		a.log.DebugContext(r.Context(), "an answer was not taken", "error", err)
	}
}
