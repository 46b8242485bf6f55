package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hangersOn are more of a crowd: tallies, and those who are on no leaderboard.
const hangersOn = `
insert into standings select n, 1, 3, 1, 0, n % 100, 0 from generate_series(101, 60000) n on conflict do nothing;
insert into earnings select n, 1, 'usd', n from generate_series(101, 60000) n on conflict do nothing;
insert into unlisted select n from generate_series(101, 60000, 7) n;
analyze`

// TestUsersAreReadByIndex runs what users ask in the midst of a crowd, in which one person has brought everybody, and looks at how
// PostgreSQL goes about it, with a plan for the values at hand and with one for any.
func TestUsersAreReadByIndex(t *testing.T) {
	w := newWorld(t, "")
	for _, fill := range []string{crowd, hangersOn} {
		if _, err := w.pool.Exec(w.ctx, fill); err != nil {
			t.Fatal(err)
		}
	}
	l := w.listen(t)
	for _, id := range []string{"stranger-1", "stranger-7", "stranger-59999", "nobody"} {
		page := Bringing{Limit: 50}
		for range 3 {
			_, list, err := w.api.ReferrerWith(w.ctx, id, page)
			if err != nil || len(list) != map[string]int{"stranger-1": 50}[id] {
				t.Fatalf("%s: %d referrals, %v", id, len(list), err)
			}
			if len(list) > 0 {
				page.Before = list[len(list)-1].ID
			}
		}
		if _, err := w.api.Referrer(w.ctx, id); err != nil {
			t.Fatal(err)
		}
		if _, err := w.api.OwnCode(w.ctx, id, []string{"e1", "e2", "nothing"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, code := range []string{"S7", "MISSING", ""} {
		if _, err := w.api.Validate(w.ctx, code); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.api.DrawCode(w.ctx, "default"); err != nil {
		t.Fatal(err)
	}
	for _, listed := range []bool{false, true} {
		if err := w.api.SetListed(w.ctx, "stranger-7", listed); err != nil {
			t.Fatal(err)
		}
	}
	looked := make(map[string]bool)
	for _, s := range l.heard {
		name, ok := strings.CutPrefix(s.sql, "-- name: ")
		if !ok {
			continue
		}
		looked[strings.Fields(name)[0]] = true
		for _, walk := range append(w.walks(t, s), w.genericWalks(t, s)...) {
			t.Errorf("%s %v: %s", strings.Fields(name)[0], s.args, walk)
		}
	}
	for _, name := range []string{"GetReferrer", "ListBrought", "GetStanding", "GetOwnCode", "GetCodeToValidate", "FindCodes", "Unlist", "Relist"} {
		if !looked[name] {
			t.Errorf("%s was not heard: %v", name, looked)
		}
	}
}

// genericWalks looks at a statement as walks does, with the plan that PostgreSQL makes for any values.
func (w *world) genericWalks(t *testing.T, s statement) (found []string) {
	t.Helper()
	tx, err := w.pool.Begin(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(w.ctx)
	values := make([]string, len(s.args))
	for i, a := range s.args {
		switch a := a.(type) {
		case []string:
			values[i] = "array['" + strings.Join(a, "','") + "']"
		case string:
			values[i] = "'" + strings.ReplaceAll(a, "'", "''") + "'"
		default:
			values[i] = fmt.Sprint(a)
		}
	}
	execute := "execute asked"
	if len(values) > 0 {
		execute += "(" + strings.Join(values, ", ") + ")"
	}
	if _, err := tx.Exec(w.ctx, "set local plan_cache_mode = force_generic_plan"); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(w.ctx, "prepare asked as "+s.sql); err != nil {
		t.Fatal(err)
	}
	var text string
	err = tx.QueryRow(w.ctx, "explain (analyze, format json) "+execute).Scan(&text)
	if _, errDone := tx.Exec(w.ctx, "deallocate asked"); err != nil || errDone != nil {
		t.Fatalf("%s: %v", execute, err)
	}
	for _, n := range nodes(t, text) {
		if touched := (n.Rows + n.Removed) * n.Loops; n.Relation != "" && touched > 500 {
			found = append(found, fmt.Sprintf("with a plan for any values, %s of %s looked at %.0f rows", n.Type, n.Relation, touched))
		}
	}
	return found
}

// nodes are the steps of a plan.
func nodes(t *testing.T, text string) (all []node) {
	t.Helper()
	var plans []struct{ Plan node }
	if err := json.Unmarshal([]byte(text), &plans); err != nil {
		t.Fatal(err)
	}
	var look func(n node)
	look = func(n node) {
		all = append(all, n)
		for _, below := range n.Plans {
			look(below)
		}
	}
	for _, p := range plans {
		look(p.Plan)
	}
	return all
}

// TestEveryCodeIsAsMuchWork: whether there is a code, and how often it was used, does not show in the time it takes to ask. There is
// one statement, and each of its steps runs as often.
func TestEveryCodeIsAsMuchWork(t *testing.T) {
	w := newWorld(t, "")
	if _, err := w.pool.Exec(w.ctx, crowd+"; insert into codes (code) values ('OWNERLESS'); update codes set max_uses = 3, granted = 3 where code = 'S9'"); err != nil {
		t.Fatal(err)
	}
	l := w.listen(t)
	var first []string
	for _, code := range []string{"S7", "S9", "OWNERLESS", "MISSING", ""} {
		before := len(l.heard)
		v, err := w.api.Validate(w.ctx, code)
		if err != nil || v.Known != strings.HasPrefix(code, "S") {
			t.Fatalf("%q: %+v, %v", code, v, err)
		}
		asked := l.heard[before:]
		if len(asked) != 1 {
			t.Fatalf("%q takes %d statements", code, len(asked))
		}
		var text string
		if err := w.pool.QueryRow(w.ctx, "explain (analyze, format json) "+asked[0].sql, asked[0].args...).Scan(&text); err != nil {
			t.Fatal(err)
		}
		var steps []string
		for _, n := range nodes(t, text) {
			steps = append(steps, fmt.Sprintf("%s of %q, %.0f times", n.Type, n.Relation, n.Loops))
		}
		if first == nil {
			first = steps
		}
		if diff := cmp.Diff(first, steps); diff != "" {
			t.Errorf("%q is other work:\n%s", code, diff)
		}
	}
	if !slices.Contains(first, `Index Scan of "users", 1 times`) || !slices.Contains(first, `Index Scan of "codes", 1 times`) {
		t.Errorf("the steps are %q", first)
	}
}
