package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/store"
)

// referralUnplacedCommand lists what waits for another fact.
type referralUnplacedCommand struct {
	databaseFlags
	dataFlag
	Kind   string `enum:",payment,refund,dispute,sign_up,attribution" default:"" help:"Only one kind: payment, refund, dispute, sign_up or attribution."`
	Limit  int    `default:"50" help:"How many at most (default ${default})."`
	Cursor string `help:"Where to go on: what the list before ended with."`
	JSON   bool   `help:"Print JSON."`
}

// mostUnplaced is how many one list may have.
const mostUnplaced = 10_000

// unplacedList is what is printed as JSON.
type unplacedList struct {
	Counts    map[store.UnplacedKind]int `json:"counts"`
	CountedTo int                        `json:"counted_to"` // a count of this is this or more
	Unplaced  []unplacedItem             `json:"unplaced"`
	Next      *string                    `json:"next"` // the cursor of the next list
}

type unplacedItem struct {
	Kind     store.UnplacedKind `json:"kind"`
	Since    *time.Time         `json:"since"` // null: nothing says
	Objects  []string           `json:"objects,omitempty"`
	Customer string             `json:"customer,omitempty"`
	Currency money.Currency     `json:"currency,omitempty"` // unknown of what has no purchase
	Minor    int64              `json:"minor,omitempty"`
	UserID   string             `json:"user_id,omitempty"`
	Code     string             `json:"code,omitempty"`
	Missing  string             `json:"missing"`
}

// Run prints how many wait, and one page of them.
func (c *referralUnplacedCommand) Run(ctx context.Context, std streams) error {
	if c.Limit < 1 || c.Limit > mostUnplaced {
		return refuse([]string{fmt.Sprintf("--limit must be from 1 to %d", mostUnplaced)})
	}
	return c.withDatabase(ctx, c.databaseFlags, func(db *store.Database) error {
		list, err := c.list(ctx, db)
		if errors.Is(err, store.ErrBadCursor) {
			return refuse([]string{"--cursor must be what the list before ended with, of the same --kind"})
		}
		if err != nil {
			return err
		}
		if c.JSON {
			out := json.NewEncoder(std.out)
			out.SetIndent("", "  ")
			return out.Encode(list)
		}
		printUnplaced(std.out, list)
		return nil
	}, store.ReadOnly())
}

func (c *referralUnplacedCommand) list(ctx context.Context, db *store.Database) (list unplacedList, err error) {
	list = unplacedList{CountedTo: store.UnplacedMost, Unplaced: []unplacedItem{}}
	if list.Counts, err = db.CountUnplaced(ctx); err != nil {
		return list, err
	}
	page, next, err := db.Unplaced(ctx, store.UnplacedPage{Kind: store.UnplacedKind(c.Kind), After: c.Cursor, Limit: c.Limit})
	if err != nil {
		return list, err
	}
	for _, u := range page {
		item := unplacedItem{
			Kind: u.Kind, Objects: u.Objects, Customer: u.Customer, Currency: u.Amount.Currency, Minor: u.Amount.Minor,
			UserID: u.UserID, Code: u.Code, Missing: missing(u),
		}
		if !u.Since.IsZero() {
			item.Since = &u.Since
		}
		list.Unplaced = append(list.Unplaced, item)
	}
	if next != "" {
		list.Next = &next
	}
	return list, nil
}

// missing says what would give it its place.
func missing(u store.Unplaced) string {
	switch u.Kind {
	case store.UnplacedPayment:
		if u.Customer == "" {
			return "who bought: no object names a user (client_reference_id, or metadata.user_id), and there is no Stripe customer"
		}
		_, id := payment.SplitKey(u.Customer)
		return "whose customer " + id + " is: put user_id into its metadata, or say so as stripe_customer_id of a sign-up"
	case store.UnplacedRefund, store.UnplacedDispute:
		return "the purchase: no paid session, invoice or PaymentIntent that names a user has come for it"
	case store.UnplacedSignUp, store.UnplacedAttribution:
		return "somebody whose code is " + u.Code
	}
	return ""
}

func printUnplaced(w io.Writer, list unplacedList) {
	counts := make([]string, 0, len(list.Counts))
	for _, kind := range store.UnplacedKinds() {
		n := strconv.Itoa(list.Counts[kind])
		if list.Counts[kind] >= list.CountedTo {
			n += " or more"
		}
		counts = append(counts, fmt.Sprintf("%s: %s", kind, n))
	}
	fmt.Fprintf(w, "%s\n\n", strings.Join(counts, ", "))
	if len(list.Unplaced) == 0 {
		fmt.Fprintln(w, "Nothing waits.")
		return
	}
	t := newTable(w)
	t.AppendHeader(table.Row{"What", "Since", "Amount", "Who or what", "Missing"})
	for _, u := range list.Unplaced {
		since := "-"
		if u.Since != nil {
			since = u.Since.Format(time.RFC3339)
		}
		t.AppendRow(table.Row{u.Kind, since, u.amount(), u.subject(), u.Missing})
	}
	t.Render()
	if list.Next != nil {
		fmt.Fprintf(w, "\nThere are more: --cursor '%s'\n", *list.Next)
	}
}

func (u unplacedItem) amount() string {
	switch {
	case u.Minor == 0:
		return "-"
	case u.Currency == "":
		return fmt.Sprintf("%d minor units", u.Minor)
	}
	return amount(string(u.Currency), u.Minor)
}

// subject is whom or what it is about: Stripe's objects, or the person.
func (u unplacedItem) subject() string {
	if len(u.Objects) > 0 {
		return strings.Join(u.Objects, " ")
	}
	if u.UserID == "" {
		return "somebody who was erased"
	}
	return u.UserID
}
