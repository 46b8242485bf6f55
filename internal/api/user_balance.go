package api

import (
	"net/http"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/usertoken"
)

type balanceJSON struct {
	Credits  decimal        `json:"credits"` // in the currency
	Currency money.Currency `json:"currency"`
	Balances []amountJSON   `json:"balances"`
}

// balance serves GET /user/balance.
func (a *API) balance(w http.ResponseWriter, r *http.Request) error {
	if err := noQuery(r); err != nil {
		return err
	}
	u, err := a.users.Store.Referrer(r.Context(), usertoken.UserOf(r.Context()))
	if err != nil {
		return err
	}
	a.answer(w, r, balanceJSON{
		Credits: inCurrency(u.Balances, u.Currency), Currency: u.Currency, Balances: amountsOf(u.Balances),
	})
	return nil
}
