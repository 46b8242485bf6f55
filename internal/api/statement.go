package api

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/store"
)

type statementJSON struct {
	Transfers []lineJSON `json:"transfers"`
	Next      *string    `json:"next"` // the cursor of the next page
}

// lineJSON is what a transfer did to one account.
type lineJSON struct {
	ID     string      `json:"id"`
	UserID *string     `json:"user_id"` // null: they were erased
	Kind   ledger.Kind `json:"kind"`
	amountJSON

	At string `json:"at"`
	On onJSON `json:"on"`
}

// onJSON is what a transfer is about. What does not belong to its kind is absent.
type onJSON struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Side string `json:"side,omitempty"` // of a referral: whose reward
	For  string `json:"for,omitempty"`  // and what for
	Note string `json:"note,omitempty"` // of a redemption
}

// statement serves GET /v1/users/{user_id}/transfers.
func (a *API) statement(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("user_id")
	q, err := readQuery(r.URL.RawQuery, []string{"limit", "cursor"})
	var limit int
	var after store.Place
	if err == nil {
		limit, err = readLimit(q)
	}
	if err == nil {
		after, err = readPlace(q)
	}
	if err == nil && !fact.ValidUserID(id) {
		err = store.ErrNotFound
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	page, err := a.store.Statement(ctx, id, after, limit+1) // one more tells whether there is a next page
	if err != nil {
		a.fail(w, r, err)
		return
	}
	list := statementJSON{Transfers: make([]lineJSON, 0, len(page))}
	if len(page) > limit {
		page = page[:limit]
		next := writePlace(page[limit-1].Place)
		list.Next = &next
	}
	for _, l := range page {
		list.Transfers = append(list.Transfers, lineOf(l))
	}
	a.answer(w, r, list)
}

// lineIDs begin the ids of lines. Those of rewards are as events have them.
var lineIDs = map[store.Book]string{store.Rewards: "transfer-%d-%d", store.Credits: "credit-%d-%d", store.Redemptions: "redemption-%d"}

func lineOf(l store.Line) lineJSON {
	j := lineJSON{UserID: orNull(l.UserID), Kind: l.Kind, amountJSON: amountOf(l.Amount), At: stamp(l.At)}
	number := strconv.FormatInt(l.Of, 10)
	switch l.Book {
	case store.Rewards:
		j.ID = fmt.Sprintf(lineIDs[l.Book], l.Of, l.N)
		j.On = onJSON{Kind: "referral", ID: number, Side: string(l.Side), For: string(l.On)}
	case store.Credits:
		j.ID = fmt.Sprintf(lineIDs[l.Book], l.Of, l.N)
		j.On = onJSON{Kind: "payment", ID: l.Payment}
	case store.Redemptions:
		j.ID = fmt.Sprintf(lineIDs[l.Book], l.Of)
		if l.Reverses > 0 {
			number = strconv.FormatInt(l.Reverses, 10)
		}
		j.On = onJSON{Kind: "redemption", ID: number, Note: l.Note}
	}
	return j
}

// placeForm is what a cursor says, in a form that nobody should read anything into.
const placeForm = "%d.%d.%d.%d"

func writePlace(p store.Place) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, placeForm, p.At.UnixMicro(), p.Book, p.Of, p.N))
}

func readPlace(q url.Values) (store.Place, error) {
	s := q.Get("cursor")
	if s == "" {
		return store.Newest, nil
	}
	var p store.Place
	var micro int64
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		_, err = fmt.Sscanf(string(text), placeForm, &micro, &p.Book, &p.Of, &p.N)
	}
	p.At = time.UnixMicro(micro).UTC()
	if err != nil || writePlace(p) != s || p.At.Year() < 1 || p.At.Year() > 9998 || p.N < 0 || p.N > 1<<31-1 {
		return p, wrongParameter("cursor", notACursor)
	}
	return p, nil
}
