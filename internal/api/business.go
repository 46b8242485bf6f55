package api

import (
	"context"
	"net/http"

	"github.com/plusone-dev/plusone/internal/servicetoken"
	"github.com/plusone-dev/plusone/internal/store"
)

// Business is what the API reads and writes for the business beside users and referrals: who may ask, and the books of the
// ledger.
type Business interface {
	servicetoken.Table
	Statement(ctx context.Context, userID string, after store.Place, limit int) ([]store.Line, error)
	Redeem(ctx context.Context, want store.Spending) (r store.Redemption, again bool, err error)
	Redemption(ctx context.Context, id int64) (store.Redemption, error)
	Reverse(ctx context.Context, id int64, note, by string) (r store.Redemption, again bool, err error)
}

// Spends are the patterns of what spends credit, as its requests carry them.
var Spends = []string{routeRedeem, routeReverse}

const (
	routeUsers           = "GET /v1/users"
	routeStatement       = "GET /v1/users/{user_id}/transfers"
	routeRedeem          = "POST /v1/redemptions"
	routeRedemption      = "GET /v1/redemptions/{redemption_id}"
	routeReverse         = "POST /v1/redemptions/{redemption_id}/reverse"
	routeExportReferrals = "GET /v1/export/referrals"
	routeExportTransfers = "GET /v1/export/transfers"
)

// business adds its routes.
func (a *API) business(mux *http.ServeMux) {
	for pattern, handler := range map[string]http.HandlerFunc{
		routeUsers:           a.listUsers,
		routeStatement:       a.statement,
		routeRedemption:      a.redemption,
		routeExportReferrals: a.exportReferrals,
		routeExportTransfers: a.exportTransfers,
	} {
		mux.Handle(pattern, a.need(servicetoken.Read, handler))
	}
	mux.Handle(routeRedeem, a.need(servicetoken.Write, http.HandlerFunc(a.redeem)))
	mux.Handle(routeReverse, a.need(servicetoken.Write, http.HandlerFunc(a.reverse)))
}
