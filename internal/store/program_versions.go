package store

import (
	"context"
	"time"

	"github.com/plusone-dev/plusone/db"
)

// TermsVersion is one version of a program's terms.
type TermsVersion struct {
	Number        int
	EffectiveFrom time.Time // sign-ups from then on are judged by it, until the next
}

// Program is a program as it is stored.
type Program struct {
	Name     string
	Versions []TermsVersion // rising; one at least
	Source   string         // the YAML of the last of them; empty in a list
}

// Newest is the version for sign-ups from now on.
func (p Program) Newest() TermsVersion { return p.Versions[len(p.Versions)-1] }

// Programs lists all programs, the earliest first. There are a handful.
func (s *Database) Programs(ctx context.Context) ([]Program, error) {
	rows, err := db.New(s.pool).ListTermsVersions(ctx)
	var all []Program
	for _, r := range rows { // by program, by rising version
		if len(all) == 0 || all[len(all)-1].Name != r.Name {
			all = append(all, Program{Name: r.Name})
		}
		p := &all[len(all)-1]
		p.Versions = append(p.Versions, TermsVersion{int(r.Version), r.EffectiveFrom.UTC()})
	}
	return all, explainSchema(err)
}

// ProgramNamed reads one program, with the YAML that stands. Error: ErrNotFound.
func (s *Database) ProgramNamed(ctx context.Context, name string) (Program, error) {
	var found Program
	err := s.oneMoment(ctx, func(q *db.Queries) error {
		rows, err := q.ListTermsVersions(ctx)
		if err != nil {
			return err
		}
		var id int64
		for _, r := range rows {
			if r.Name == name {
				id, found.Name = r.ProgramID, r.Name
				found.Versions = append(found.Versions, TermsVersion{int(r.Version), r.EffectiveFrom.UTC()})
			}
		}
		if id == 0 {
			return ErrNotFound
		}
		found.Source, err = q.GetTermsSource(ctx, db.GetTermsSourceParams{ProgramID: id, Version: int32(found.Newest().Number)})
		return err
	})
	return found, explainSchema(err)
}
