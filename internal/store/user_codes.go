package store

import (
	"context"
	"errors"
	"slices"

	"github.com/plusone-dev/plusone/db"
)

// OwnCode is what is known of the code that somebody hands out.
type OwnCode struct {
	Username   string
	Code       string // empty: they have none yet
	Registered bool   // their sign-up is known, which gives a code to whoever has none
	Program    string // in which they would get one
	Recorded   []string
}

// OwnCode reads the code that somebody hands out, by the business's id, and which of some events are recorded, by their
// keys: both at one moment. It is empty for somebody who is not known.
func (s *Database) OwnCode(ctx context.Context, userID string, events []string) (OwnCode, error) {
	var row db.GetOwnCodeRow
	var versions []db.ListTermsVersionsRow
	err := s.atOnce(ctx,
		func(q *db.Queries) (err error) {
			row, err = q.GetOwnCode(ctx, db.GetOwnCodeParams{ExternalID: userID, Keys: events})
			return err
		},
		func(q *db.Queries) (err error) { versions, err = q.ListTermsVersions(ctx); return err },
	)
	if err != nil {
		return OwnCode{}, explainSchema(err)
	}
	own := OwnCode{Username: row.Username, Code: row.Code, Registered: row.RegisteredAt != nil, Recorded: row.Recorded, Program: defaultProgram}
	for _, v := range versions {
		if v.ProgramID == row.ProgramID {
			own.Program = v.Name
		}
	}
	return own, nil
}

// drawAttempts is how often a code is drawn before all that are left are taken to be few.
const drawAttempts = 16

// ErrNoCodeLeft says that no free code was found: the codes of a program are too short for so many people.
var ErrNoCodeLeft = errors.New("store: every code that was drawn is taken: give the program longer ones")

// DrawCode draws a code that nobody has, of the length of a program's newest terms. It is not reserved: somebody else may be
// given it first.
func (s *Database) DrawCode(ctx context.Context, program string) (string, error) {
	q := db.New(s.pool)
	book, err := s.book(ctx, q)
	if err != nil {
		return "", explainSchema(err)
	}
	id := book.named(program)
	if len(book.byProgram[id]) == 0 {
		return "", ErrNotFound
	}
	length := book.newest(id).terms.Codes.Length
	drawn := make([]string, drawAttempts)
	for i := range drawn {
		drawn[i] = RandomCode("", length, 0)
	}
	rows, err := q.FindCodes(ctx, drawn)
	if err != nil {
		return "", explainSchema(err)
	}
	for _, code := range drawn {
		if !slices.ContainsFunc(rows, func(r db.FindCodesRow) bool { return r.Code == code }) {
			return code, nil
		}
	}
	return "", ErrNoCodeLeft
}

// Validation is what is to be said of a code.
type Validation struct {
	Known           bool   // somebody has it who was not erased
	Owner           string // the business's id; never shown to strangers
	Username, Email string // the owner's; empty for none
	MaxUses, Uses   int    // MaxUses 0: no maximum
}

// Validate reads what is to be said of a code. It asks one question, which looks for as much whether there is such a code or
// not. Text that can not be a code is to be asked about as "".
func (s *Database) Validate(ctx context.Context, code string) (Validation, error) {
	row, err := db.New(s.pool).GetCodeToValidate(ctx, code)
	if err != nil || !row.Owned || row.Erased {
		return Validation{}, explainSchema(err)
	}
	return Validation{
		Known: true, Owner: row.Owner, Username: row.Username, Email: row.Email, MaxUses: int(row.MaxUses), Uses: int(row.Granted),
	}, nil
}

// SetListed says whether somebody wants to be on the leaderboard, by the business's id. Error: ErrNotFound for nobody.
func (s *Database) SetListed(ctx context.Context, userID string, listed bool) error {
	q := db.New(s.pool)
	change := q.Unlist
	if listed {
		change = q.Relist
	}
	known, err := change(ctx, userID)
	if err == nil && known == 0 {
		err = ErrNotFound
	}
	return explainSchema(err)
}
