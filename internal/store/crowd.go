package store

import (
	"context"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// Many people at a time, each question one statement: what a tool asks that compares a crowd with what it knows of it.
// The lists must be bounded by the caller.

// CodesOf are the codes that users hand out. Who has none, or is not known, is left out.
func (s *Database) CodesOf(ctx context.Context, users []string) (map[string]string, error) {
	rows, err := db.New(s.pool).ListCodesOfUsers(ctx, users)
	codes := make(map[string]string, len(rows))
	for _, r := range rows {
		if _, first := codes[r.ExternalID]; !first {
			codes[r.ExternalID] = r.Code
		}
	}
	return codes, explainSchema(err)
}

// Recorded returns those of the keys under which an event is recorded.
func (s *Database) Recorded(ctx context.Context, keys []string) ([]string, error) {
	found, err := db.New(s.pool).FindEvents(ctx, keys)
	return found, explainSchema(err)
}

// ReferralStanding is where a referral stands.
type ReferralStanding struct {
	Referee, Referrer string
	Status            referral.Status
	Reason            referral.Reason
}

// StandingsOf are those of referees.
func (s *Database) StandingsOf(ctx context.Context, referees []string) ([]ReferralStanding, error) {
	rows, err := db.New(s.pool).ListStandingsOfReferees(ctx, referees)
	all := make([]ReferralStanding, 0, len(rows))
	for _, r := range rows {
		all = append(all, ReferralStanding{r.Referee, r.Referrer, referral.Status(r.Status), referral.Reason(r.Reason)})
	}
	return all, explainSchema(err)
}

// Balance is what a user has in a currency.
type Balance struct {
	UserID string
	Amount money.Amount
}

// BalancesOf are those of users, where there are any.
func (s *Database) BalancesOf(ctx context.Context, users []string) ([]Balance, error) {
	rows, err := db.New(s.pool).ListBalancesOfUsers(ctx, users)
	all := make([]Balance, 0, len(rows))
	for _, r := range rows {
		all = append(all, Balance{r.ExternalID, money.New(money.Currency(r.Currency), r.Minor)})
	}
	return all, explainSchema(err)
}

// Posted is what was granted and revoked in a currency.
type Posted struct{ Granted, Revoked money.Amount }

// PostedFor sums up what was posted for the referrals of referees, by currency.
func (s *Database) PostedFor(ctx context.Context, referees []string) ([]Posted, error) {
	rows, err := db.New(s.pool).SumTransfersOfReferees(ctx, referees)
	all := make([]Posted, 0, len(rows))
	for _, r := range rows {
		c := money.Currency(r.Currency)
		all = append(all, Posted{money.New(c, r.Granted), money.New(c, r.Revoked)})
	}
	return all, explainSchema(err)
}
