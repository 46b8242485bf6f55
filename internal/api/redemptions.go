package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/store"
)

type redemptionJSON struct {
	ID     string  `json:"id"`
	UserID *string `json:"user_id"` // null: they were erased
	amountJSON

	Note       *string `json:"note"`
	At         string  `json:"at"`
	By         string  `json:"by"` // the name of the token
	ReversedAt *string `json:"reversed_at"`
}

func redemptionOf(r store.Redemption) redemptionJSON {
	return redemptionJSON{
		ID: strconv.FormatInt(r.ID, 10), UserID: orNull(r.UserID), amountJSON: amountOf(r.Amount), Note: orNull(r.Note),
		At: stamp(r.At), By: r.By, ReversedAt: stampOrNull(r.ReversedAt),
	}
}

// keyHeader is the header that makes a request safe to send again.
const keyHeader = "Idempotency-Key"

// Limits of what is sent.
const (
	maxKey    = 255 // visible ASCII
	maxNote   = 500 // characters
	maxAmount = 30  // characters
)

// redeem serves POST /v1/redemptions.
func (a *API) redeem(w http.ResponseWriter, r *http.Request) {
	want, err := readSpending(w, r)
	if err != nil {
		a.failRedemption(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	done, again, err := a.store.Redeem(ctx, want)
	if err != nil {
		a.failRedemption(w, r, err)
		return
	}
	a.answerRedemption(w, r, done, ledger.Redeemed, again)
}

// reverse serves POST /v1/redemptions/{redemption_id}/reverse. It needs no key: a redemption is reversed once.
func (a *API) reverse(w http.ResponseWriter, r *http.Request) {
	const wanted = " The body may be empty, or a JSON object in UTF-8 with the text note."
	note := ""
	var err error
	if !empty(r) {
		var members map[string]json.RawMessage
		if members, err = readMembers(w, r, "", wanted, "note"); err == nil {
			note, err = readNote(members)
		}
	}
	id, ok := numberIn(r, "redemption_id")
	if err == nil && !ok {
		err = errNoRedemption
	}
	if err != nil {
		a.failRedemption(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	done, again, err := a.store.Reverse(ctx, id, note, askerOf(r).Name)
	if errors.Is(err, store.ErrNotFound) {
		err = errNoRedemption
	}
	if err != nil {
		a.failRedemption(w, r, err)
		return
	}
	a.answerRedemption(w, r, done, ledger.Reversed, again)
}

// empty says whether a request has no body, also where that shows only by reading it: one of no stated length may have none.
func empty(r *http.Request) bool {
	if r.ContentLength >= 0 {
		return r.ContentLength == 0
	}
	body := bufio.NewReader(r.Body)
	_, err := body.Peek(1)
	r.Body = struct {
		io.Reader
		io.Closer
	}{body, r.Body}
	return errors.Is(err, io.EOF)
}

// redemption serves GET /v1/redemptions/{redemption_id}.
func (a *API) redemption(w http.ResponseWriter, r *http.Request) {
	id, ok := numberIn(r, "redemption_id")
	if !ok {
		a.fail(w, r, errNoRedemption)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	found, err := a.store.Redemption(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		err = errNoRedemption
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, redemptionOf(found))
}

// errNoRedemption says that no redemption has the number that was asked for.
var errNoRedemption = errors.New("api: no such redemption")

func numberIn(r *http.Request, name string) (int64, bool) {
	id, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	return id, err == nil && id > 0
}

// answerRedemption says whether this request did it, or one before.
func (a *API) answerRedemption(w http.ResponseWriter, r *http.Request, done store.Redemption, kind ledger.Kind, again bool) {
	status := http.StatusOK
	switch {
	case again:
		w.Header().Set("Idempotency-Replayed", "true")
		a.spent.redeemed(resultReplayed)
	default:
		if kind == ledger.Redeemed {
			status = http.StatusCreated
			w.Header().Set("Location", "/v1/redemptions/"+strconv.FormatInt(done.ID, 10))
		}
		a.spent.redeemed(string(kind))
		a.spent.moved(kind, done.Amount)
		a.log.InfoContext(r.Context(), "credit was "+string(kind), "redemption", done.ID, "amount", done.Amount.String(), "token", askerOf(r).Name)
	}
	a.answerAs(w, r, status, redemptionOf(done))
}

// readSpending reads what is to be spent, whose, and under which key.
func readSpending(w http.ResponseWriter, r *http.Request) (want store.Spending, err error) {
	if want.Key, err = readKey(r); err != nil {
		return want, err
	}
	const wanted = " The body must be a JSON object in UTF-8: the texts user_id and currency, either the text amount or the number minor, and if you like the text note."
	members, err := readMembers(w, r, "", wanted, "user_id", "currency", "amount", "minor", "note")
	if err != nil {
		return want, err
	}
	if want.UserID, err = readText(members, "user_id"); err != nil {
		return want, err
	}
	if !fact.ValidUserID(want.UserID) {
		return want, wrongMember("user_id", "must be an id of at most 255 characters, none of them a control character.")
	}
	if want.Amount, err = readAmount(members); err != nil {
		return want, err
	}
	want.Note, err = readNote(members)
	want.By = askerOf(r).Name
	return want, err
}

func readKey(r *http.Request) (string, error) {
	keys := r.Header.Values(keyHeader)
	if len(keys) != 1 || keys[0] == "" || len(keys[0]) > maxKey || strings.ContainsFunc(keys[0], func(c rune) bool { return c < '!' || c > '~' }) {
		return "", wrongParameter(keyHeader, "is a header that must stand there once, with 1 to "+strconv.Itoa(maxKey)+
			" visible ASCII characters: a new one for each redemption, and the same one when you send it again.")
	}
	return keys[0], nil
}

// readText reads a member that must be there.
func readText(members map[string]json.RawMessage, name string) (string, error) {
	raw, ok := members[name]
	if !ok {
		return "", wrongMember(name, "is missing.")
	}
	var s string
	if json.Unmarshal(raw, &s) != nil || s == "" {
		return "", wrongMember(name, "must be a text that is not empty.")
	}
	return s, nil
}

// unknownCurrencyError says that a currency is not one in which anything is counted.
type unknownCurrencyError struct{}

func (*unknownCurrencyError) Error() string { return "api: unknown currency" }

func readAmount(members map[string]json.RawMessage) (none money.Amount, err error) {
	code, err := readText(members, "currency")
	if err != nil {
		return none, err
	}
	c := money.Currency(code)
	_, text := members["amount"]
	raw, minor := members["minor"]
	switch {
	case !c.Shaped():
		return none, wrongMember("currency", "must be a code in lower case, such as usd.")
	case !c.Known():
		return none, &unknownCurrencyError{}
	case text && minor:
		return none, wrongMember("minor", "must not stand beside amount: give one of them.")
	case minor:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil || n < 1 {
			return none, wrongMember("minor", "must be a whole number of the currency's minor unit, more than zero.")
		}
		return money.New(c, n), nil
	}
	s, err := readText(members, "amount")
	if err != nil {
		return none, err
	}
	amount, err := money.Parse(c, s)
	if err != nil || len(s) > maxAmount || amount.Minor < 1 {
		exp, _ := c.Exponent()
		return none, wrongMember("amount", "must be a decimal text such as \""+money.New(c, 1000).Major()+
			"\" in the currency's major unit, more than zero, with at most "+strconv.Itoa(exp)+" decimals.")
	}
	return amount, nil
}

// readNote reads what a redemption was for, if anybody says so.
func readNote(members map[string]json.RawMessage) (string, error) {
	raw, ok := members["note"]
	if !ok {
		return "", nil
	}
	var s string
	if json.Unmarshal(raw, &s) != nil || utf8.RuneCountInString(s) > maxNote || strings.ContainsFunc(s, unicode.IsControl) {
		return "", wrongMember("note", "must be a text of at most "+strconv.Itoa(maxNote)+" characters, none of them a control character.")
	}
	return strings.TrimSpace(s), nil
}

// failRedemption answers for an error, and counts it.
func (a *API) failRedemption(w http.ResponseWriter, r *http.Request, err error) {
	insufficient, short := errors.AsType[*store.InsufficientError](err)
	_, currency := errors.AsType[*unknownCurrencyError](err)
	_, bad := errors.AsType[*badRequestError](err)
	_, large := errors.AsType[*tooLargeError](err)
	result := resultRefused
	switch {
	case short:
		result = resultInsufficient
		problem.Write(w, problem.Problem{
			Status: http.StatusConflict, Reason: "insufficient-credit", Title: "There is not enough credit",
			Detail: "The user has " + insufficient.Have.String() + ". Nothing was spent.",
		})
	case errors.Is(err, store.ErrKeyReused):
		problem.Write(w, problem.Problem{
			Status: http.StatusUnprocessableEntity, Reason: "idempotency-key-reused", Title: "The key is another redemption's", Parameter: keyHeader,
			Detail: keyHeader + " was used before, with another user, amount or note. Nothing was spent. Make a new key for each redemption.",
		})
	case currency:
		problem.Write(w, problem.Problem{
			Status: http.StatusUnprocessableEntity, Reason: "unknown-currency", Title: "The currency is not known",
			Detail: "currency must be one of Stripe's, in lower case, or points.", Errors: []problem.Error{{Pointer: "/currency", Detail: "is not known"}},
		})
	case bad, large, errors.Is(err, store.ErrNotFound), errors.Is(err, errNoRedemption):
		a.failDecision(w, r, err)
	default:
		result = resultFailed
		a.fail(w, r, err)
	}
	a.spent.redeemed(result)
}
