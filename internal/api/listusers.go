package api

import (
	"context"
	"net/http"
	"strconv"
)

type userList struct {
	Users []listedJSON `json:"users"`
	Next  *string      `json:"next"` // the cursor of the next page
}

type listedJSON struct {
	UserID       string  `json:"user_id"`
	Username     *string `json:"username"`
	ReferralCode *string `json:"referral_code"`
	RegisteredAt *string `json:"registered_at"` // null: known from a payment or a code alone
}

// listUsers serves GET /v1/users.
func (a *API) listUsers(w http.ResponseWriter, r *http.Request) {
	q, err := readQuery(r.URL.RawQuery, []string{"limit", "cursor"})
	var limit int
	var after int64
	if err == nil {
		limit, err = readLimit(q)
	}
	if err == nil {
		after, err = readCursor(q)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	page, err := a.lists.ListUsers(ctx, after, limit+1) // one more tells whether there is a next page
	if err != nil {
		a.fail(w, r, err)
		return
	}
	list := userList{Users: make([]listedJSON, 0, len(page))}
	if len(page) > limit {
		page = page[:limit]
		next := strconv.FormatInt(page[limit-1].Number, 10)
		list.Next = &next
	}
	for _, u := range page {
		list.Users = append(list.Users, listedJSON{u.ID, orNull(u.Username), orNull(u.Code), stampOrNull(u.RegisteredAt)})
	}
	a.answer(w, r, list)
}
