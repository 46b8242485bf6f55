package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/money"
)

// Redeeming spends credit. It is the one thing that is written beside the worker, because whoever asks has to know at once
// whether there is enough. It locks one row, the balance, which workers lock last: so nobody waits for one another in turn.

// Spending asks for credit to be spent.
type Spending struct {
	Key    string // of the request: the same one again is the same redemption
	UserID string // the business's own id
	Amount money.Amount
	Note   string
	By     string // the name of the token
}

// Redemption is credit that was spent.
type Redemption struct {
	ID         int64
	UserID     string // empty: they were erased
	Amount     money.Amount
	Note       string
	By         string
	At         time.Time
	ReversedAt time.Time // zero: it stands
}

// ErrKeyReused says that a key was used before, for another redemption.
var ErrKeyReused = errors.New("store: the key is another redemption's")

// InsufficientError says that somebody has less than is to be spent.
type InsufficientError struct{ Have money.Amount }

func (e *InsufficientError) Error() string { return fmt.Sprintf("store: there is only %s", e.Have) }

// errTogether says that a request with the same key, about somebody else's credit, was faster by a moment.
var errTogether = errors.New("store: recorded at the same moment")

// Redeem spends credit, once for each key: again says that it had been spent before. Errors: ErrNotFound for somebody who is
// not known, *InsufficientError, ErrKeyReused.
func (s *Database) Redeem(ctx context.Context, want Spending) (r Redemption, again bool, err error) {
	for range 3 { // what was recorded at the same moment is found by the next look
		err = s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			r, again, err = s.redeem(ctx, db.New(tx), want)
			return err
		})
		if !errors.Is(err, errTogether) {
			break
		}
	}
	return r, again, explainSchema(err)
}

func (s *Database) redeem(ctx context.Context, q *db.Queries, want Spending) (r Redemption, again bool, err error) {
	who, err := q.GetRedeemer(ctx, want.UserID)
	switch {
	case errors.Is(err, pgx.ErrNoRows) || err == nil && !who.Known:
		return r, false, ErrNotFound
	case err != nil:
		return r, false, err
	case who.Account == 0:
		return r, false, ErrNoProgram
	}
	have, err := q.LockBalance(ctx, db.LockBalanceParams{UserID: who.ID, Currency: string(want.Amount.Currency)})
	if unlessNone(err) != nil {
		return r, false, err
	}
	// Only now, with the balance locked: a request of the same key that was faster has been committed.
	before, err := q.GetRedemptionByKey(ctx, want.Key)
	if err == nil {
		r = redemptionOf(before.Redemption, before.ExternalID, before.ReversedAt)
		if before.Redemption.UserID != who.ID || r.Amount != want.Amount || r.Note != want.Note {
			return Redemption{}, false, ErrKeyReused
		}
		return r, true, nil
	}
	if unlessNone(err) != nil {
		return r, false, err
	}
	if have < want.Amount.Minor {
		return r, false, &InsufficientError{money.New(want.Amount.Currency, have)}
	}
	r, err = s.spend(ctx, q, who, want)
	return r, false, err
}

// spend writes a redemption of somebody whose balance is locked and large enough.
func (s *Database) spend(ctx context.Context, q *db.Queries, who db.GetRedeemerRow, want Spending) (Redemption, error) {
	now, err := s.now(ctx, q)
	if err != nil {
		return Redemption{}, err
	}
	r := Redemption{UserID: want.UserID, Amount: want.Amount, Note: want.Note, By: want.By, At: now}
	r.ID, err = q.InsertRedemption(ctx, db.InsertRedemptionParams{
		Kind: string(ledger.Redeemed), Key: &want.Key, UserID: who.ID, Debit: who.ID, Credit: who.Account,
		Currency: string(want.Amount.Currency), Minor: want.Amount.Minor, Note: orNil(want.Note), MadeBy: want.By, At: now,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Redemption{}, errTogether
	}
	if err != nil {
		return Redemption{}, err
	}
	return r, q.ChangeBalance(ctx, db.ChangeBalanceParams{UserID: who.ID, Currency: string(want.Amount.Currency), Minor: -want.Amount.Minor})
}

// Redemption reads one. Error: ErrNotFound.
func (s *Database) Redemption(ctx context.Context, id int64) (Redemption, error) {
	return findRedemption(ctx, db.New(s.pool), id)
}

func findRedemption(ctx context.Context, q *db.Queries, id int64) (Redemption, error) {
	row, err := q.GetRedemption(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Redemption{}, explainSchema(err)
	}
	return redemptionOf(row.Redemption, row.ExternalID, row.ReversedAt), nil
}

// Reverse gives back what was spent, the whole of it and once: again says that it had been given back before. Error:
// ErrNotFound.
func (s *Database) Reverse(ctx context.Context, id int64, note, by string) (r Redemption, again bool, err error) {
	err = s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		r, again, err = s.reverse(ctx, db.New(tx), id, note, by)
		return err
	})
	return r, again, explainSchema(err)
}

func (s *Database) reverse(ctx context.Context, q *db.Queries, id int64, note, by string) (r Redemption, again bool, err error) {
	row, err := q.GetRedemption(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, false, ErrNotFound
	}
	if err != nil {
		return r, false, err
	}
	spent := row.Redemption
	have, err := q.LockBalance(ctx, db.LockBalanceParams{UserID: spent.UserID, Currency: spent.Currency})
	if err == nil {
		_, err = money.AddMinor(have, spent.Minor)
	}
	if err != nil {
		return r, false, err
	}
	now, err := s.now(ctx, q)
	if err != nil {
		return r, false, err
	}
	_, err = q.InsertRedemption(ctx, db.InsertRedemptionParams{
		Kind: string(ledger.Reversed), Reverses: &id, UserID: spent.UserID, Debit: spent.Credit, Credit: spent.Debit,
		Currency: spent.Currency, Minor: spent.Minor, Note: orNil(note), MadeBy: by, At: now,
	})
	if errors.Is(err, pgx.ErrNoRows) { // given back by now, at the latest since the balance was waited for
		r, err = findRedemption(ctx, q, id)
		return r, true, err
	}
	if err != nil {
		return r, false, err
	}
	return redemptionOf(spent, row.ExternalID, &now), false, q.ChangeBalance(ctx, db.ChangeBalanceParams{
		UserID: spent.UserID, Currency: spent.Currency, Minor: spent.Minor,
	})
}

func redemptionOf(row db.Redemption, userID string, reversedAt *time.Time) Redemption {
	return Redemption{
		ID: row.ID, UserID: userID, Amount: money.New(money.Currency(row.Currency), row.Minor), Note: deref(row.Note), By: row.MadeBy,
		At: row.At.UTC(), ReversedAt: derefTime(reversedAt),
	}
}

// orNil is a text that a column need not have.
func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
