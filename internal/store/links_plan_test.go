package store

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestALinkIsOneIndexedSelect holds that to follow a link costs one question, which looks at a few rows, whatever the codes are.
func TestALinkIsOneIndexedSelect(t *testing.T) {
	w := newWorld(t, "")
	if _, err := w.pool.Exec(w.ctx, crowd); err != nil {
		t.Fatal(err)
	}
	if _, err := w.api.Links(w.ctx, []string{"S7"}); err != nil { // the terms are known from here on
		t.Fatal(err)
	}
	l := w.listen(t)
	for _, tt := range []struct{ codes, want []string }{
		{[]string{"S4711"}, []string{"S4711"}},
		{[]string{"S4711", "S59999"}, []string{"S4711", "S59999"}},
		{[]string{"NOBODY23"}, nil},
		{[]string{"NOBODY23", "S1"}, []string{"S1"}},
		{[]string{"' or 1=1 --"}, nil},
	} {
		before := len(l.heard)
		found, err := w.api.Links(w.ctx, tt.codes)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, link := range found {
			got = append(got, link.Code)
			if link.Remember != 30*24*time.Hour {
				t.Errorf("%s is remembered for %s", link.Code, link.Remember)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, want %v", tt.codes, got, tt.want)
		}
		if n := len(l.heard) - before; n != 1 {
			t.Errorf("%v: %d statements", tt.codes, n)
		}
	}
	for _, s := range l.heard {
		if !strings.HasPrefix(s.sql, "-- name: ListLinked") {
			t.Errorf("another question: %s", s.sql)
		}
		for _, walk := range w.walksBeyond(t, s, 4) {
			t.Error(walk)
		}
	}
}
