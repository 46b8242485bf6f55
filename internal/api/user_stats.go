package api

import (
	"net/http"
	"strconv"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/usertoken"
)

type statsJSON struct {
	UserID         string         `json:"user_id"`
	Username       *string        `json:"username"`
	ReferralCode   *string        `json:"referral_code"`
	ShareURL       *string        `json:"share_url"`
	TotalUses      int64          `json:"total_uses"`
	RemainingUses  *int64         `json:"remaining_uses"` // null: no maximum
	MaxUses        *int64         `json:"max_uses"`
	Currency       money.Currency `json:"currency"` // of the plain numbers
	TotalEarned    decimal        `json:"total_earned"`
	Earned         []amountJSON   `json:"earned"`
	CurrentBalance decimal        `json:"current_balance"`
	Balances       []amountJSON   `json:"balances"`
	ReferredByCode *string        `json:"referred_by_code"`
	ByStatus       byStatusJSON   `json:"by_status"`
	Funnel         funnelJSON     `json:"funnel"`
	Tier           *tierJSON      `json:"tier"` // null: the program has none
	Badges         []int          `json:"badges"`
	NextBadge      *int           `json:"next_badge"`
	Referrals      []broughtJSON  `json:"referrals"`
	Next           *string        `json:"next"` // the cursor of the next page
}

type byStatusJSON struct {
	Pending   int64 `json:"pending"`
	Qualified int64 `json:"qualified"`
	Rewarded  int64 `json:"rewarded"`
	Cancelled int64 `json:"cancelled"`
}

// funnelJSON counts each stage with those that came further.
type funnelJSON struct {
	Visits    int64 `json:"visits"`
	SignUps   int64 `json:"sign_ups"`
	Qualified int64 `json:"qualified"`
	Rewarded  int64 `json:"rewarded"`
}

type tierJSON struct {
	Name  *string       `json:"name"` // null: not in one yet
	From  int           `json:"from"` // how many referrals it begins with
	Count int           `json:"standing_referrals"`
	Next  *nextTierJSON `json:"next"` // null: there is no further one
}

type nextTierJSON struct {
	Name    string `json:"name"`
	From    int    `json:"from"`
	Missing int    `json:"missing"` // how many more referrals it takes
}

type broughtJSON struct {
	ID           string          `json:"id"`
	UserID       *string         `json:"user_id"` // null: they were erased
	Username     *string         `json:"username"`
	Status       referral.Status `json:"status"`
	Reason       *string         `json:"reason"`
	UnderReview  bool            `json:"under_review"`
	BonusEarned  decimal         `json:"bonus_earned"`
	Bonuses      []amountJSON    `json:"bonuses"`
	AttributedAt string          `json:"attributed_at"`
}

// stats serves GET /referral/stats.
func (a *API) stats(w http.ResponseWriter, r *http.Request) error {
	q, err := readPageQuery(r, maxLimit)
	if err != nil {
		return err
	}
	page := store.Bringing{Limit: q.limit + 1} // one more tells whether there is a next page
	if q.cursor != "" {
		before, err := numbersOf(q.cursor, 1)
		if err != nil || before[0] == 0 {
			return errCursor
		}
		page.Before = before[0]
	}
	u, list, err := a.users.Store.ReferrerWith(r.Context(), usertoken.UserOf(r.Context()), page)
	if err != nil {
		return err
	}
	j := a.statsOf(u)
	if len(list) > q.limit {
		list = list[:q.limit]
		next := strconv.FormatInt(list[q.limit-1].ID, 10)
		j.Next = &next
	}
	for _, b := range list {
		j.Referrals = append(j.Referrals, broughtJSON{
			ID: strconv.FormatInt(b.ID, 10), UserID: orNull(b.Referee), Username: orNull(masked(b.Username)), Status: b.Status,
			Reason: orNull(string(b.Reason)), UnderReview: b.Reviewing, BonusEarned: inCurrency(b.Bonus, u.Currency),
			Bonuses: amountsOf(b.Bonus), AttributedAt: stamp(b.AttributedAt),
		})
	}
	a.answer(w, r, j)
	return nil
}

func (a *API) statsOf(u store.Referrer) statsJSON {
	by := u.Standing.ByStatus
	j := statsJSON{
		UserID: u.ID, Username: orNull(u.Username), ReferralCode: orNull(u.Code), TotalUses: u.Uses, Currency: u.Currency,
		TotalEarned: inCurrency(u.Standing.Earned, u.Currency), Earned: amountsOf(u.Standing.Earned),
		CurrentBalance: inCurrency(u.Balances, u.Currency), Balances: amountsOf(u.Balances), ReferredByCode: orNull(u.ReferredBy),
		ByStatus: byStatusJSON{by[referral.Pending], by[referral.Qualified], by[referral.Rewarded], by[referral.Cancelled]},
		Funnel: funnelJSON{
			u.Standing.Visits, u.Standing.SignUps, by[referral.Qualified] + by[referral.Rewarded], by[referral.Rewarded],
		},
		Tier: tierOf(u.Place), Badges: append([]int{}, u.Place.Badges...), Referrals: []broughtJSON{},
	}
	if u.Place.NextBadge > 0 {
		j.NextBadge = &u.Place.NextBadge
	}
	if u.Code != "" {
		j.ShareURL = orNull(a.users.shareURL(u.Code))
	}
	if u.MaxUses > 0 {
		remaining := max(u.MaxUses-u.Uses, 0)
		j.MaxUses, j.RemainingUses = &u.MaxUses, &remaining
	}
	return j
}

func tierOf(p store.Progress) *tierJSON {
	if !p.Tiered {
		return nil
	}
	j := &tierJSON{Name: orNull(p.Tier), From: p.From, Count: p.Standing}
	if p.NextFrom > 0 {
		j.Next = &nextTierJSON{Name: p.Next, From: p.NextFrom, Missing: p.NextFrom - p.Standing}
	}
	return j
}
