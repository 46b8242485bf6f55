package imports

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// crowd is a file of so many rows.
func crowd(n int) string {
	var text strings.Builder
	text.WriteString("user_id,code,at\n")
	for i := range n {
		fmt.Fprintf(&text, "user%d,code%d,2026-01-01T00:00:00Z\n", i, i)
	}
	return text.String()
}

// sending is a file that was checked, and what became of it.
type sending struct {
	text    string
	checked Report
	took    []string // the keys of what was published
	sent    []int    // what it was told
}

func newSending(t *testing.T, n int) *sending {
	t.Helper()
	s := &sending{text: crowd(n)}
	s.checked = check(t, s.text, Codes, Fill{})
	if s.checked.Rows != n || len(s.checked.SHA256) != 64 {
		t.Fatalf("%+v", s.checked)
	}
	return s
}

func (s *sending) send(ctx context.Context, skip, size int) error {
	return Send(ctx, strings.NewReader(s.text), Codes, Fill{}, now, s.checked, Batch{
		Skip: skip, Size: size,
		Publish: func(ctx context.Context, rows []Row) error {
			if len(rows) == 0 || len(rows) > size || ctx.Err() != nil {
				return fmt.Errorf("%d rows, %w", len(rows), ctx.Err())
			}
			for _, row := range rows {
				s.took = append(s.took, row.Key)
			}
			return nil
		},
		Sent: func(rows int) error { s.sent = append(s.sent, rows); return nil },
	})
}

func TestSend(t *testing.T) {
	s := newSending(t, 10)
	if err := s.send(t.Context(), 0, 4); err != nil || !slices.Equal(s.sent, []int{4, 8, 10}) {
		t.Fatalf("%v, told %v", err, s.sent)
	}
	var want []string
	for _, row := range rows(t, s.text, Codes, Fill{}) {
		want = append(want, row.Key)
	}
	if !slices.Equal(s.took, want) {
		t.Errorf("published %v, want %v", s.took, want)
	}
	for skip := range 11 {
		s.took, s.sent = nil, nil
		if err := s.send(t.Context(), skip, 4); err != nil || !slices.Equal(s.took, want[skip:]) {
			t.Errorf("after %d rows: %v, published %v", skip, err, s.took)
		}
	}
	s.took = nil
	if err := s.send(t.Context(), 11, 4); !errors.Is(err, nil) || s.took != nil { // Resumes refuses it before
		t.Errorf("after more rows than there are: %v, published %v", err, s.took)
	}
}

// TestSendStops where it is told to, and says no more than is true.
func TestSendStops(t *testing.T) {
	s := newSending(t, 10)
	ctx, cancel := context.WithCancel(t.Context())
	no := errors.New("no")
	for name, c := range map[string]struct {
		publish func(n int) error
		note    func(n int) error
		want    error
		sent    int
	}{
		"the context ends":          {publish: func(int) error { cancel(); return nil }, want: context.Canceled, sent: 3},
		"the stream refuses":        {publish: func(n int) error { return at(n, 2, no) }, want: no, sent: 3},
		"it can not be noted":       {note: func(n int) error { return at(n, 2, no) }, want: no, sent: 6},
		"nothing stands in its way": {sent: 10},
	} {
		batches, notes, sent := 0, 0, 0
		run := t.Context()
		if c.want != nil && errors.Is(c.want, context.Canceled) {
			run = ctx
		}
		err := Send(run, strings.NewReader(s.text), Codes, Fill{}, now, s.checked, Batch{
			Size: 3,
			Publish: func(context.Context, []Row) error {
				if batches++; c.publish != nil {
					return c.publish(batches)
				}
				return nil
			},
			Sent: func(rows int) error {
				sent = rows
				if notes++; c.note != nil {
					return c.note(notes)
				}
				return nil
			},
		})
		if !errors.Is(err, c.want) || sent != c.sent {
			t.Errorf("%s: %v after %d rows", name, err, sent)
		}
	}
}

func at(n, when int, err error) error {
	if n == when {
		return err
	}
	return nil
}

// TestAFileThatChanges between the check and the sending is noticed, at the latest at its end.
func TestAFileThatChanges(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"a row more": func(text string) string { return text + "erin,abc,2026-01-01T00:00:00Z\n" },
		"a row less": func(text string) string { return text[:strings.LastIndex(text[:len(text)-1], "\n")+1] },
		"another":    func(text string) string { return strings.Replace(text, "user9", "user8", 1) },
		"a bad one":  func(text string) string { return strings.Replace(text, "code9", "c", 1) },
		"a header":   func(text string) string { return strings.Replace(text, "code", "cod", 1) },
		"an ending":  func(text string) string { return text + "\n" },
	} {
		s := newSending(t, 10)
		s.text = change(s.text)
		if err := s.send(t.Context(), 0, 4); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProgress(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users.csv.progress")
	if p, err := LoadProgress(file); p != nil || err != nil {
		t.Fatalf("%v, %v", p, err)
	}
	fill := Fill{At: "2026-01-01T00:00:00Z", By: "carol", Why: "imported"}
	p := NewProgress(Referrals, fill, Report{Rows: 10, SHA256: "ab"})
	for p.Sent = range 10 {
		if err := p.Save(file); err != nil {
			t.Fatal(err)
		}
		got, err := LoadProgress(file)
		if err != nil || *got != p {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if left, _ := filepath.Glob(file + "*"); len(left) != 1 {
		t.Errorf("it left %v behind", left)
	}
	fresh := NewProgress(Referrals, fill, Report{Rows: 10, SHA256: "ab"})
	if err := p.Resumes(fresh); err != nil {
		t.Error(err)
	}
	for says, other := range map[string]Progress{
		"--why":               NewProgress(Referrals, Fill{At: fill.At, By: "carol"}, Report{Rows: 10, SHA256: "ab"}),
		"--by":                NewProgress(Referrals, Fill{At: fill.At, Why: "imported"}, Report{Rows: 10, SHA256: "ab"}),
		"--at":                NewProgress(Referrals, Fill{By: "carol", Why: "imported"}, Report{Rows: 10, SHA256: "ab"}),
		"the kind":            NewProgress(Codes, fill, Report{Rows: 10, SHA256: "ab"}),
		"is not the one that": NewProgress(Referrals, fill, Report{Rows: 10, SHA256: "ac"}),
	} {
		if err := p.Resumes(other); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	for _, text := range []string{"", "{}", "user_id,code\n", `{"import":"users","sha256":"ab","rows":1,"sent":2}`, `[1]`} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadProgress(file); err == nil || !strings.Contains(err.Error(), "is not the progress of an import") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := p.Save(filepath.Join(t.TempDir(), "no", "where")); err == nil {
		t.Error("it was saved nowhere")
	}
}
