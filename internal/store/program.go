package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/program"
	"github.com/plusone-dev/plusone/internal/referral"
)

// Applied says what applying a program's terms did.
type Applied struct {
	Program       string
	Version       int
	EffectiveFrom time.Time
	Changed       bool // false when the terms were already in force
}

// ApplyProgram makes terms the ones in force for sign-ups from now on. It waits for the transactions that are deciding
// by the old ones, and is dated after them, so that no sign-up is ever decided by terms other than those of its time. The
// first terms that look for others by address or device have everybody traced before they hold.
func (s *Database) ApplyProgram(ctx context.Context, source []byte) (Applied, error) {
	terms, err := program.Parse("program", source)
	if err != nil {
		return Applied{}, err
	}
	if surroundings(terms) {
		if err := s.trace(ctx); err != nil {
			return Applied{}, explainSchema(err)
		}
	}
	applied := Applied{Program: terms.Program}
	err = s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		q := db.New(tx)
		if err := q.LockTermsExclusive(ctx); err != nil {
			return err
		}
		if err := q.EnsureProgram(ctx, terms.Program); err != nil {
			return err
		}
		p, err := q.GetProgram(ctx, terms.Program)
		if err != nil {
			return err
		}
		for _, name := range []string{"rewards", "purchases", "redemptions"} {
			if err := q.EnsureProgramAccount(ctx, db.EnsureProgramAccountParams{ProgramID: p.ID, Name: name}); err != nil {
				return err
			}
		}
		return s.addVersion(ctx, q, p.ID, terms, source, &applied)
	})
	return applied, explainSchema(err)
}

func (s *Database) addVersion(ctx context.Context, q *db.Queries, id int64, terms referral.Terms, source []byte, applied *Applied) error {
	versions, err := q.ListTermsVersions(ctx)
	if err != nil {
		return err
	}
	now, err := s.now(ctx, q)
	if err != nil {
		return err
	}
	for _, v := range versions {
		if v.ProgramID == id && int(v.Version) > applied.Version {
			applied.Version, applied.EffectiveFrom = int(v.Version), v.EffectiveFrom
		}
	}
	if applied.Version > 0 {
		current, err := q.GetTermsSource(ctx, db.GetTermsSourceParams{ProgramID: id, Version: int32(applied.Version)})
		if err != nil {
			return err
		}
		if old, err := program.Parse("program", []byte(current)); err == nil && reflect.DeepEqual(old, terms) {
			return nil
		}
	}
	// Sign-ups that are recorded keep the terms they were decided by, also those of a clock that is a little ahead; and
	// two versions of one moment would leave no one able to say which holds.
	latest, err := q.GetLatestSignUp(ctx)
	if err != nil {
		return err
	}
	for _, taken := range []time.Time{latest, applied.EffectiveFrom} {
		if !now.After(taken) {
			now = taken.Add(time.Microsecond)
		}
	}
	applied.Version++
	applied.EffectiveFrom, applied.Changed = now, true
	return q.InsertTerms(ctx, db.InsertTermsParams{
		ProgramID: id, Version: int32(applied.Version), EffectiveFrom: now, Source: string(source),
	})
}

// Program returns the newest terms of a program as they were applied. Error: ErrUnknownProgram.
func (s *Database) Program(ctx context.Context, name string) (source string, version int, effectiveFrom time.Time, err error) {
	q := db.New(s.pool)
	versions, err := q.ListTermsVersions(ctx)
	if err != nil {
		return "", 0, time.Time{}, explainSchema(err)
	}
	var found *db.ListTermsVersionsRow
	for i := range versions {
		if versions[i].Name == name {
			found = &versions[i]
		}
	}
	if found == nil {
		return "", 0, time.Time{}, fmt.Errorf("%w: there is no program named %q", ErrUnknownProgram, name)
	}
	source, err = q.GetTermsSource(ctx, db.GetTermsSourceParams{ProgramID: found.ProgramID, Version: found.Version})
	return source, int(found.Version), found.EffectiveFrom, err
}

// RewardCurrencies are the currencies in which any version of any program's terms grants something, in order.
func (s *Database) RewardCurrencies(ctx context.Context) ([]money.Currency, error) {
	b, err := s.book(ctx, db.New(s.pool))
	if err != nil {
		return nil, explainSchema(err)
	}
	all := make(map[money.Currency]bool)
	for _, versions := range b.byProgram {
		for _, v := range versions {
			promised := slices.Clone(v.terms.Rewards)
			for _, tier := range v.terms.Tiers {
				promised = append(promised, tier.Rewards...)
			}
			for _, r := range promised {
				for c := range r.Fixed {
					all[c] = true
				}
				for c := range v.terms.Qualify.Minimum {
					all[c] = all[c] || r.Percent > 0
				}
			}
		}
	}
	maps.DeleteFunc(all, func(_ money.Currency, granted bool) bool { return !granted })
	return slices.Sorted(maps.Keys(all)), nil
}

// version is one version of a program's terms, read.
type version struct {
	number             int
	rewards, purchases ledger.Account // what is granted and credited comes from these
	from               time.Time
	terms              referral.Terms
}

// termsBook is every version of every program, as one transaction sees them.
type termsBook struct {
	byProgram map[int64][]version // by rising version
	byName    map[string]int64
	fallback  int64 // the program of sign-ups that name none
	tracing   bool  // terms that look for others by address or device are about to be applied: see trace
}

// named is the program of a name; none is the default one. Zero when there is no such program.
func (b *termsBook) named(name string) int64 {
	if name == "" {
		return b.fallback
	}
	return b.byName[name]
}

// nameOf is the name of a program.
func (b *termsBook) nameOf(id int64) string {
	for name, n := range b.byName {
		if n == id {
			return name
		}
	}
	return ""
}

// any says whether a version of any program's terms is such.
func (b *termsBook) any(such func(referral.Terms) bool) bool {
	for _, versions := range b.byProgram {
		for _, v := range versions {
			if such(v.terms) {
				return true
			}
		}
	}
	return false
}

// at is the version in force at a time: the one with the greatest date not after it, or the first of all.
func (b *termsBook) at(programID int64, t time.Time) version {
	all := b.byProgram[programID]
	best := all[0]
	for _, v := range all[1:] {
		if !v.from.After(t) && !v.from.Before(best.from) {
			best = v
		}
	}
	return best
}

// newest is the version in force for sign-ups of today.
func (b *termsBook) newest(programID int64) version {
	all := b.byProgram[programID]
	return all[len(all)-1]
}

// termsCache keeps versions that were parsed once: they never change.
type termsCache struct {
	mu     sync.Mutex
	parsed map[[2]int64]referral.Terms
}

// defaultProgram is the program of sign-ups that name none.
const defaultProgram = "default"

// book reads which versions there are, and the text of those not seen before.
func (s *Database) book(ctx context.Context, q *db.Queries) (*termsBook, error) {
	rows, err := q.ListTermsVersions(ctx)
	if err != nil {
		return nil, err
	}
	return s.bookOf(ctx, q, rows)
}

func (s *Database) bookOf(ctx context.Context, q *db.Queries, rows []db.ListTermsVersionsRow) (*termsBook, error) {
	b := &termsBook{byProgram: make(map[int64][]version), byName: make(map[string]int64)}
	for _, r := range rows {
		terms, err := s.termsOf(ctx, q, r.ProgramID, r.Version)
		if err != nil {
			return nil, err
		}
		b.byName[r.Name] = r.ProgramID
		b.tracing = b.tracing || r.Tracing
		if r.Name == defaultProgram {
			b.fallback = r.ProgramID
		}
		b.byProgram[r.ProgramID] = append(b.byProgram[r.ProgramID], version{
			number: int(r.Version), rewards: ledger.Account(r.RewardsAccount), purchases: ledger.Account(r.PurchasesAccount), from: r.EffectiveFrom, terms: terms,
		})
	}
	if b.fallback == 0 {
		return nil, ErrNoProgram
	}
	return b, nil
}

func (s *Database) termsOf(ctx context.Context, q *db.Queries, programID int64, v int32) (referral.Terms, error) {
	key := [2]int64{programID, int64(v)}
	s.terms.mu.Lock()
	terms, ok := s.terms.parsed[key]
	s.terms.mu.Unlock()
	if ok {
		return terms, nil
	}
	source, err := q.GetTermsSource(ctx, db.GetTermsSourceParams{ProgramID: programID, Version: v})
	if err != nil {
		return terms, err
	}
	if terms, err = program.Parse("program", []byte(source)); err != nil {
		return terms, fmt.Errorf("store: version %d of the terms can not be read by this release: %w", v, errors.Join(ErrNoProgram, err))
	}
	s.terms.mu.Lock()
	defer s.terms.mu.Unlock()
	if s.terms.parsed == nil {
		s.terms.parsed = make(map[[2]int64]referral.Terms)
	}
	s.terms.parsed[key] = terms
	return terms, nil
}

// now is the time by the database's clock, which all workers share.
func (s *Database) now(ctx context.Context, q *db.Queries) (time.Time, error) {
	if s.clock != nil {
		return s.clock().UTC().Truncate(time.Microsecond), nil
	}
	return q.GetNow(ctx)
}
