package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

// whyJSON is a referral with everything it rests on.
type whyJSON struct {
	referralJSON
	Terms     termsJSON      `json:"terms"`
	Window    windowJSON     `json:"window"`
	Due       *string        `json:"due"`
	Place     placeJSON      `json:"place"`
	Facts     factsJSON      `json:"facts"`
	Transfers []transferJSON `json:"transfers"`
}

type termsJSON struct {
	Version int    `json:"version"`
	From    string `json:"effective_from"`
}

type windowJSON struct {
	From  string `json:"from"`
	Until string `json:"until"`
}

type placeJSON struct {
	Ordinal *int `json:"ordinal"` // null: it has none
	Refused bool `json:"refused"`
	Of      *int `json:"of"` // null: the code has no maximum
}

type factsJSON struct {
	SignUps        []signUpJSON      `json:"sign_ups"`
	Attributions   []attributionJSON `json:"attributions"`
	Decisions      []decisionJSON    `json:"decisions"`
	Purchases      []purchaseJSON    `json:"purchases"`
	MorePurchases  bool              `json:"more_purchases"`
	Signals        []signalJSON      `json:"signals"`
	VerifiedAt     *string           `json:"verified_at"`
	RefereeErased  *string           `json:"referee_erased_at"`
	ReferrerErased *string           `json:"referrer_erased_at"`
}

type signUpJSON struct {
	Code   *string `json:"code"`
	At     string  `json:"at"`
	Event  string  `json:"event"`
	Stands bool    `json:"stands"`
}

type attributionJSON struct {
	Code    string  `json:"code"`
	Program *string `json:"program"` // null: nobody has the code
	By      string  `json:"by"`
	Why     string  `json:"why"`
	At      string  `json:"at"`
	Event   string  `json:"event"`
	Stands  bool    `json:"stands"`
}

type decisionJSON struct {
	Verdict referral.DecisionVerdict `json:"verdict"`
	By      string                   `json:"by"`
	Why     string                   `json:"why"`
	At      string                   `json:"at"`
	Event   string                   `json:"event"`
	Stands  bool                     `json:"stands"`
}

type signalJSON struct {
	Kind    referral.SignalKind `json:"kind"`
	At      string              `json:"at"`
	Count   int                 `json:"count,omitempty"` // of sign-ups, where they are counted
	Flagged bool                `json:"flagged"`
}

type transferJSON struct {
	N        int            `json:"n"`
	Kind     string         `json:"kind"`
	To       referral.Party `json:"to"`
	On       string         `json:"on"`
	UserID   *string        `json:"user_id"`
	Currency money.Currency `json:"currency"`
	Amount   string         `json:"amount"` // in the major unit
	Minor    int64          `json:"minor"`
	At       string         `json:"at"`
	Event    string         `json:"event"`
}

// errNoReferral says that no referral has the number that was asked for.
var errNoReferral = errors.New("api: no such referral")

// referral serves GET /v1/referrals/{referral_id}.
func (a *API) referral(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("referral_id"), 10, 64)
	if err != nil || id < 1 {
		a.fail(w, r, errNoReferral)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	v, err := a.store.Why(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		err = errNoReferral
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, whyOf(v))
}

func whyOf(v store.Why) whyJSON {
	j := whyJSON{
		referralJSON: referralOf(v.Referral), Terms: termsJSON{v.Terms, stamp(v.TermsFrom)},
		Window: windowJSON{stamp(v.From), stamp(v.Until)}, Due: stampOrNull(v.Due), Place: placeOf(v),
		Facts: factsOf(v), Transfers: make([]transferJSON, 0, len(v.Transfers)),
	}
	for _, t := range v.Transfers {
		j.Transfers = append(j.Transfers, transferJSON{
			N: t.N, Kind: string(t.Kind), To: t.To, On: string(t.On), UserID: orNull(t.UserID), Currency: t.Amount.Currency,
			Amount: t.Amount.Major(), Minor: t.Amount.Minor, At: stamp(t.At), Event: t.Event,
		})
	}
	return j
}

func placeOf(v store.Why) (j placeJSON) {
	if v.Slot.Granted() {
		n := int(v.Slot)
		j.Ordinal = &n
	}
	j.Refused = v.Slot == referral.SlotRefused
	if v.MaxUses > 0 {
		j.Of = &v.MaxUses
	}
	return j
}

func factsOf(v store.Why) factsJSON {
	j := factsJSON{
		SignUps: make([]signUpJSON, 0, len(v.SignUps)), Attributions: make([]attributionJSON, 0, len(v.Attributions)),
		Decisions: make([]decisionJSON, 0, len(v.Decisions)), Purchases: make([]purchaseJSON, 0, len(v.Purchases)),
		MorePurchases: v.Partial, Signals: make([]signalJSON, 0, len(v.Signals)), VerifiedAt: stampOrNull(v.VerifiedAt),
		RefereeErased: stampOrNull(v.RefereeErased), ReferrerErased: stampOrNull(v.ReferrerErased),
	}
	for _, s := range v.SignUps {
		j.SignUps = append(j.SignUps, signUpJSON{orNull(s.Code), stamp(s.At), s.Event, s.Stands})
	}
	for _, a := range v.Attributions {
		j.Attributions = append(j.Attributions, attributionJSON{a.Code, orNull(a.Program), a.By, a.Why, stamp(a.At), a.Event, a.Stands})
	}
	for _, d := range v.Decisions {
		j.Decisions = append(j.Decisions, decisionJSON{d.Verdict, d.By, d.Why, stamp(d.At), d.Event, d.Stands})
	}
	for _, p := range v.Purchases {
		j.Purchases = append(j.Purchases, purchaseOf(p))
	}
	for _, s := range v.Signals {
		j.Signals = append(j.Signals, signalJSON{s.Kind, stamp(s.At), s.Count, slices.Contains(v.Flags, s.Kind)})
	}
	return j
}
