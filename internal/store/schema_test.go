package store

import (
	"errors"
	"testing"

	"github.com/plusone-dev/plusone/internal/program"
)

// TestADatabaseWithoutASchema is told what to do about it, whatever is asked first.
func TestADatabaseWithoutASchema(t *testing.T) {
	w := newWorld(t, "")
	if _, err := w.pool.Exec(w.ctx, "drop schema public cascade; create schema public"); err != nil {
		t.Fatal(err)
	}
	d := NewDatabase(w.pool)
	_, counts := d.Counts(w.ctx)
	_, _, _, shown := d.Program(w.ctx, "default") //nolint:dogsled // only the error is wanted
	_, applied := d.ApplyProgram(w.ctx, program.Default())
	for what, err := range map[string]error{"check": d.Check(w.ctx), "audit": counts, "program show": shown, "program apply": applied} {
		if !errors.Is(err, ErrSchema) || !Transient(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
