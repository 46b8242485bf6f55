package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// Preview says what other terms would have made of every referral of a program.
type Preview struct {
	Program   string
	Version   int   // the newest that is stored
	Referrals int64 // how many were looked at
	Of        int64 // how many there are
	// Present are the verdicts of today, each by the terms in force at its sign-up, and Under those by the other terms.
	Present, Under map[Outcome]int64
	Changed        map[Change]int64 // outcomes that differ
	Amounts        int64            // referrals whose outcome is the same and whose rewards differ
	// PresentReviewing and UnderReviewing are how many await a person's decision.
	PresentReviewing, UnderReviewing int64
	// PresentCost and UnderCost are what is owed in all, in minor units by currency.
	PresentCost, UnderCost map[money.Currency]int64
	Examples               []Example // a few of each change, the earliest
}

// Outcome is where a referral stands.
type Outcome struct {
	Status referral.Status
	Reason referral.Reason
}

// Change is from one outcome to another.
type Change struct{ From, To Outcome }

// Example is a referral that other terms make something else of.
type Example struct {
	ID int64
	Change
	Why                    string // the check that makes the difference; empty when there is none
	PresentOwed, UnderOwed []money.Amount
}

// PreviewOptions say how a preview goes about it.
type PreviewOptions struct {
	Workers int // how many pages are read at a time
	Page    int // how many referrals a page has
	// Until is when no further page is begun, those of the newest referrers coming first; zero: all are looked at.
	Until time.Time
	// Progress is told how many referrals have been looked at, of about how many. It is called by one at a time.
	Progress func(done, total int64)
}

// mostExamples is how many examples of one change are kept.
const mostExamples = 3

// ErrUnknownProgram says that no program of that name is stored.
var ErrUnknownProgram = errors.New("store: no program of that name is stored")

// Preview assesses every referral of the program that the terms name a second time (or as many as there is time for), as
// if they had been in force from the beginning, and compares that with what stands. It reads and changes nothing, a page at
// a time, each in one moment. What it keeps in memory does not grow with the number of referrals. Error: ErrUnknownProgram.
func (s *Database) Preview(ctx context.Context, terms referral.Terms, o PreviewOptions) (Preview, error) {
	q := db.New(s.pool)
	book, err := s.book(ctx, q)
	if err != nil {
		return Preview{}, explainSchema(err)
	}
	id := book.byName[terms.Program]
	if id == 0 {
		return Preview{}, fmt.Errorf("%w: %q", ErrUnknownProgram, terms.Program)
	}
	size, err := q.CountReferralsOf(ctx, id)
	if err != nil {
		return Preview{}, err
	}
	now, err := s.now(ctx, q)
	if err != nil {
		return Preview{}, err
	}
	newest := book.newest(id)
	p := &previewer{
		reader: s, program: id, book: book, newest: newest, terms: terms, now: now, options: o, total: size.Total,
		sum: newPreview(terms.Program, newest.number),
	}
	p.sum.Of = size.Total
	if size.Total > 0 {
		err = p.run(ctx, size.First, size.Last)
	}
	slices.SortFunc(p.sum.Examples, func(a, b Example) int { return cmp.Compare(a.ID, b.ID) })
	return p.sum, err
}

func newPreview(program string, version int) Preview {
	return Preview{
		Program: program, Version: version, Present: make(map[Outcome]int64), Under: make(map[Outcome]int64),
		Changed: make(map[Change]int64), PresentCost: make(map[money.Currency]int64), UnderCost: make(map[money.Currency]int64),
	}
}

// slicesOf is into how many ranges of referrers a preview is cut, for each that works on it: many, for some referrers
// have thousands of referrals, and most have none.
const slicesOf = 64

// run has several work on ranges of referrers, until all are done.
func (p *previewer) run(ctx context.Context, first, last int64) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	step := max(1, (last-first)/int64(p.options.Workers*slicesOf))
	ranges := make(chan [2]int64)
	var all sync.WaitGroup
	for range p.options.Workers {
		all.Go(func() {
			for r := range ranges {
				if err := p.slice(ctx, r[0], r[1]); err != nil {
					stop(err)
				}
			}
		})
	}
	for to := last; to >= first && ctx.Err() == nil; to -= step {
		select {
		case ranges <- [2]int64{max(first, to-step+1), to}:
		case <-ctx.Done():
		}
	}
	close(ranges)
	all.Wait()
	return context.Cause(ctx)
}

// previewer is a preview in the making.
type previewer struct {
	reader  *Database
	program int64
	book    *termsBook
	newest  version
	terms   referral.Terms
	now     time.Time
	options PreviewOptions
	total   int64

	mu  sync.Mutex
	sum Preview
}

// slice looks at the referrals of a range of referrers, a page at a time.
func (p *previewer) slice(ctx context.Context, first, last int64) error {
	after := [2]int64{first - 1, 1<<63 - 1}
	var split *places // of a referrer who has more referrals than a page
	for !p.late() {
		var seen []*compared
		more := false
		err := p.reader.oneMoment(ctx, func(q *db.Queries) error {
			rows, err := q.ListReferralsByReferrer(ctx, db.ListReferralsByReferrerParams{
				AfterReferrer: after[0], AfterID: after[1], Last: last, ProgramID: p.program, Most: int32(p.options.Page) + 1,
			})
			if err != nil || len(rows) == 0 {
				return err
			}
			more = len(rows) > p.options.Page
			rows, whole := wholeReferrers(rows, p.options.Page)
			end := rows[len(rows)-1]
			if split != nil && split.referrer != rows[0].ReferrerID {
				split = nil
			}
			if !whole && split == nil {
				split = &places{referrer: end.ReferrerID, next: make(map[int64]int)}
			}
			after = [2]int64{end.ReferrerID, end.ID}
			seen, err = p.compare(ctx, q, rows, split)
			return err
		})
		if err != nil {
			return err
		}
		if err := p.add(seen); err != nil || !more {
			return err
		}
	}
	return nil
}

// late says that no further page is to be begun.
func (p *previewer) late() bool {
	return !p.options.Until.IsZero() && !time.Now().Before(p.options.Until)
}

// wholeReferrers makes a page of rows, of which there is one more than it may have where there are more to come. It leaves
// off the last referrer who goes on beyond it, for the next page to begin with; whole says that none is cut in two.
func wholeReferrers(rows []db.Referral, size int) (page []db.Referral, whole bool) {
	if len(rows) <= size {
		return rows, true
	}
	beyond := rows[size].ReferrerID
	i := slices.IndexFunc(rows, func(r db.Referral) bool { return r.ReferrerID == beyond })
	if i == 0 {
		return rows[:size], false
	}
	return rows[:i], true
}

// compared is a referral as it stands, and as it would.
type compared struct{ present, under *item }

// compare assesses a page both ways.
func (p *previewer) compare(ctx context.Context, q *db.Queries, rows []db.Referral, split *places) ([]*compared, error) {
	all := make([]*compared, 0, len(rows))
	present := make([]*item, 0, len(rows))
	for _, r := range rows {
		c := &compared{present: &item{Referral: r, version: p.book.at(r.ProgramID, r.RegisteredAt)}}
		all, present = append(all, c), append(present, c.present)
	}
	past, err := readPast(ctx, q, present)
	if err != nil {
		return nil, err
	}
	if err := past.recall(ctx, q, present, loadSignals); err != nil {
		return nil, err
	}
	under, err := p.recallUnder(ctx, q, past, all)
	if err != nil {
		return nil, err
	}
	// The questions of both, where they differ: one history may serve for both terms where they look for the same.
	if err := loadPurchases(ctx, q, slices.Concat(present, under), func(*item) bool { return true }); err != nil {
		return nil, err
	}
	for _, c := range all {
		if p.sameSearch(c.present.version.terms) {
			c.under.history.Purchases = c.present.history.Purchases
		}
		c.present.verdict = referral.Assess(c.present.version.terms, c.present.history, p.now)
	}
	p.judge(all, past, split)
	return all, nil
}

// recallUnder makes the histories as the other terms look at them, and says which of them need purchases of their own.
func (p *previewer) recallUnder(ctx context.Context, q *db.Queries, past past, all []*compared) (search []*item, err error) {
	var signals []*item
	for _, c := range all {
		c.under = &item{Referral: c.present.Referral, version: version{terms: p.terms}, history: c.present.history}
		if !p.sameSearch(c.present.version.terms) {
			search = append(search, c.under)
		}
		if c.present.version.terms.Fraud != p.terms.Fraud {
			signals = append(signals, c.under)
		}
	}
	look := loadSignals
	if surroundings(p.terms) && !p.book.any(surroundings) {
		look = searchSignals
	}
	return search, past.recall(ctx, q, signals, look)
}

// sameSearch says whether the other terms look for the same purchases.
func (p *previewer) sameSearch(t referral.Terms) bool {
	return t.Refunds == p.terms.Refunds && reflect.DeepEqual(t.Qualify, p.terms.Qualify)
}

// add takes a page into the sums.
func (p *previewer) add(seen []*compared) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range seen {
		if err := p.sum.add(c); err != nil {
			return err
		}
	}
	if p.options.Progress != nil {
		p.options.Progress(p.sum.Referrals, p.total)
	}
	return nil
}

func (s *Preview) add(c *compared) error {
	from, to := outcomeOf(c.present.verdict), outcomeOf(c.under.verdict)
	s.Referrals++
	s.Present[from]++
	s.Under[to]++
	if err := errors.Join(addRewards(s.PresentCost, c.present.verdict), addRewards(s.UnderCost, c.under.verdict)); err != nil {
		return err
	}
	if len(c.present.verdict.Reviewing) > 0 {
		s.PresentReviewing++
	}
	if len(c.under.verdict.Reviewing) > 0 {
		s.UnderReviewing++
	}
	change := Change{from, to}
	if from == to {
		if sameRewards(c.present.verdict.Rewards, c.under.verdict.Rewards) {
			return nil
		}
		s.Amounts++
	} else {
		s.Changed[change]++
	}
	s.keep(Example{
		ID: c.present.ID, Change: change, Why: because(c.present.verdict, c.under.verdict),
		PresentOwed: owedOf(c.present.verdict), UnderOwed: owedOf(c.under.verdict),
	})
	return nil
}

// keep keeps an example, if it is one of the earliest of its change.
func (s *Preview) keep(e Example) {
	worst, n := -1, 0
	for i, k := range s.Examples {
		if k.Change != e.Change {
			continue
		}
		n++
		if worst < 0 || k.ID > s.Examples[worst].ID {
			worst = i
		}
	}
	switch {
	case n < mostExamples:
		s.Examples = append(s.Examples, e)
	case e.ID < s.Examples[worst].ID:
		s.Examples[worst] = e
	}
}

func outcomeOf(v referral.Verdict) Outcome { return Outcome{v.Status, v.Reason} }

func addRewards(sums map[money.Currency]int64, v referral.Verdict) error {
	for _, r := range v.Rewards {
		sum, err := money.AddMinor(sums[r.Amount.Currency], r.Amount.Minor)
		if err != nil {
			return fmt.Errorf("store: what the rewards come to: %w", err)
		}
		sums[r.Amount.Currency] = sum
	}
	return nil
}

func sameRewards(a, b []referral.Reward) bool {
	sums := make(map[referral.Reward]int)
	for _, r := range a {
		sums[r]++
	}
	for _, r := range b {
		sums[r]--
	}
	for _, n := range sums {
		if n != 0 {
			return false
		}
	}
	return true
}

func owedOf(v referral.Verdict) (all []money.Amount) {
	for _, r := range v.Rewards {
		all = append(all, r.Amount)
	}
	return all
}

// because is the check that keeps a referral from more under the other terms, or the one that does so today and would
// not: empty where only what it is worth differs.
func because(present, under referral.Verdict) string {
	if c := lastFailed(under); c != nil {
		return c.Name + ": " + c.Detail
	}
	if failed := lastFailed(present); failed != nil {
		for _, c := range under.Checks {
			if c.Name == failed.Name {
				return c.Name + ": " + c.Detail
			}
		}
	}
	return ""
}

func lastFailed(v referral.Verdict) *referral.Check {
	for i := range slices.Backward(v.Checks) {
		if !v.Checks[i].OK {
			return &v.Checks[i]
		}
	}
	return nil
}
