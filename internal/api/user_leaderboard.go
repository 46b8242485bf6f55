package api

import (
	"fmt"
	"net/http"

	"github.com/plusone-dev/plusone/internal/publicname"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/usertoken"
)

// maxLeaders is how many places a page of the leaderboard has at most.
const maxLeaders = 100

type leaderboardJSON struct {
	Leaders []leaderJSON `json:"leaders"`
	You     ownPlaceJSON `json:"you"`
	Next    *string      `json:"next"` // the cursor of the next page
}

type leaderJSON struct {
	Rank      int    `json:"rank"`
	Name      string `json:"name"`
	Referrals int64  `json:"referrals"`
	You       bool   `json:"you"`
}

type ownPlaceJSON struct {
	Rank      *int   `json:"rank"` // null: no rewarded referral, or more than 1000 are before
	Name      string `json:"name"` // as others see it
	Referrals int64  `json:"referrals"`
	Listed    bool   `json:"listed"`
}

// leaderboard serves GET /referral/leaderboard, of the program of whoever asks.
func (a *API) leaderboard(w http.ResponseWriter, r *http.Request) error {
	q, err := readPageQuery(r, maxLeaders)
	if err != nil {
		return err
	}
	var after store.LeaderCursor
	if q.cursor != "" {
		n, err := numbersOf(q.cursor, 3)
		if err != nil {
			return err
		}
		after = store.LeaderCursor{Rank: int(n[0]), Referrals: n[1], Number: n[2]}
	}
	u, err := a.users.Store.Referrer(r.Context(), usertoken.UserOf(r.Context()))
	if err != nil {
		return err
	}
	leaders, err := a.users.Store.Leaderboard(r.Context(), u.Program, after, q.limit+1)
	if err != nil {
		return err
	}
	j := leaderboardJSON{Leaders: []leaderJSON{}}
	if j.You, err = a.ownPlace(r, u); err != nil {
		return err
	}
	if len(leaders) > q.limit {
		leaders = leaders[:q.limit]
		last := leaders[q.limit-1].Cursor()
		next := fmt.Sprintf("%d.%d.%d", last.Rank, last.Referrals, last.Number)
		j.Next = &next
	}
	for _, l := range leaders {
		j.Leaders = append(j.Leaders, leaderJSON{
			Rank: l.Rank, Name: publicname.Of(l.Username, l.Number), Referrals: l.Referrals, You: u.Number != 0 && l.Number == u.Number,
		})
	}
	a.answer(w, r, j)
	return nil
}

func (a *API) ownPlace(r *http.Request, u store.Referrer) (ownPlaceJSON, error) {
	j := ownPlaceJSON{Name: publicname.Of(u.Username, u.Number), Listed: u.Listed}
	if u.Number == 0 {
		return j, nil // nobody that plusone has heard of
	}
	rank, referrals, err := a.users.Store.RankOf(r.Context(), u.ID)
	if rank > 0 {
		j.Rank = &rank
	}
	j.Referrals = referrals
	return j, err
}

// setListed serves PUT and DELETE /referral/leaderboard/me: whoever asks wants to be on the leaderboard, or does not.
func (a *API) setListed(listed bool) userHandler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := noQuery(r); err != nil {
			return err
		}
		if err := a.users.Store.SetListed(r.Context(), usertoken.UserOf(r.Context()), listed); err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}
