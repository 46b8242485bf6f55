package imports

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// now is when the tests' files are imported.
var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// check reads a whole file.
func check(t testing.TB, text string, kind Kind, fill Fill) Report {
	t.Helper()
	report, err := Check(t.Context(), strings.NewReader(text), kind, fill, now, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func lines(r Report) (text string) {
	for _, p := range r.Problems {
		text += p.In("file.csv") + "\n"
	}
	return text
}

// TestBadFiles holds what is said of each to the letter. The kind is what the name begins with.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.csv")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	kinds := map[string]Kind{"users": Users, "codes": Codes, "referrals": Referrals}
	for _, file := range files {
		name, _, _ := strings.Cut(filepath.Base(file), "_")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := lines(check(t, string(text), kinds[name], Fill{Why: "imported"}))
		golden := strings.TrimSuffix(file, "csv") + "golden"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got == "" || got != string(want) {
			t.Errorf("of %s it says:\n%swant:\n%s", file, got, want)
		}
	}
}

// TestBadHeaders has files whose first line can not be understood, among them such as editors would mend.
func TestBadHeaders(t *testing.T) {
	const ok = ",a,2026-01-01T00:00:00Z\n"
	for text, want := range map[string]string{
		"":                    "file.csv:1:1: the file is empty: its first line must name the columns, such as user_id,code,at\n",
		"\xef\xbb\xbf":        "file.csv:1:1: the file is empty: its first line must name the columns, such as user_id,code,at\n",
		"\r\n\r\n":            "file.csv:1:1: the file is empty: its first line must name the columns, such as user_id,code,at\n",
		"\xff\xfeu\x00":       "file.csv:1:1: the file is UTF-16: save it as CSV in UTF-8\n",
		"\xfe\xff\x00u":       "file.csv:1:1: the file is UTF-16: save it as CSV in UTF-8\n",
		"user_id;code;at\n":   "file.csv:1:1: columns must have commas between them, as of RFC 4180\n",
		"user_id\tcode\tat\n": "file.csv:1:1: columns must have commas between them, as of RFC 4180\n",
		"user_id,code,time\n": "file.csv:1:1: the column at is missing: add it, or say --at TIME for all rows; without either, the same row would be another event each time\n" +
			"file.csv:1:14: unknown column \"time\": there are user_id, code, program, at\n",
		"usr_id,code,at\n": "file.csv:1:1: unknown column \"usr_id\": did you mean user_id?\nfile.csv:1:1: the column user_id is missing\n",
		"user_id, code,at": "file.csv:1:1: the column code is missing\nfile.csv:1:9: unknown column \" code\": did you mean code?\n",
		"user_id,code,at,code,": "file.csv:1:17: the column code is there twice, also as number 2: keep one\n" +
			"file.csv:1:22: the column has no name: remove it, or name it one of user_id, code, program, at\n",
		"user_id,code,at,\xe4" + ok: "file.csv:1:17: the file is not UTF-8: save it as CSV in UTF-8\n" +
			"file.csv:1:19: unknown column \"a\": did you mean at?\nfile.csv:1:21: unknown column \"2026-01-01T00:00:00Z\": there are user_id, code, program, at\n",
		`user_id,co"de,at`:                     "file.csv:1:11: a cell with a quote (\") in it must stand in quotes, and that quote be doubled\n",
		`user_id,"` + strings.Repeat("x", 1e5): "file.csv:1:1: the row is longer than 64 KiB: is a quote not closed? Nothing after it was read\n",
	} {
		report := check(t, text, Codes, Fill{})
		if got := lines(report); got != want {
			t.Errorf("of %.40q it says:\n%swant:\n%s", text, got, want)
		}
	}
	got := lines(check(t, "user_id,referral_code,at,registered_at,by\n", Referrals, Fill{Why: "imported"}))
	if want := "file.csv:1:26: the column registered_at means the same as at, number 3: keep one\n"; got != want {
		t.Errorf("it says %s", got)
	}
}

// TestManyProblemsAreCounted keeps fifty, and goes on counting.
func TestManyProblemsAreCounted(t *testing.T) {
	report := check(t, "user_id,code,at\n"+strings.Repeat("a,b,c\n", 5000)+"a,abc,2026-01-01T00:00:00Z\n", Codes, Fill{})
	if len(report.Problems) != maxProblems || report.More != 2*5000-maxProblems || report.Rows != 1 || report.SHA256 != "" {
		t.Errorf("%d problems, %d more, %d rows, %q", len(report.Problems), report.More, report.Rows, report.SHA256)
	}
}

// endless is a text that never ends.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

// TestAQuoteThatIsNeverClosed is not read to its end.
func TestAQuoteThatIsNeverClosed(t *testing.T) {
	more := &endless{}
	file := io.MultiReader(strings.NewReader("user_id,code,at\na,abc,2026-01-01T00:00:00Z\n\"b"), more)
	report, err := Check(t.Context(), file, Codes, Fill{}, now, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(report); got != "file.csv:3:1: the row is longer than 64 KiB: is a quote not closed? Nothing after it was read\n" {
		t.Errorf("it says %s", got)
	}
	if more.read > 2*maxRow {
		t.Errorf("it read %d bytes", more.read)
	}
}

// TestWhatRowsAreFilledWith is checked before any file is read.
func TestWhatRowsAreFilledWith(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		fill Fill
		want string
	}{
		{Users, Fill{}, ""},
		{Users, Fill{At: "2026-01-01T00:00:00Z"}, ""},
		{Users, Fill{At: "yesterday"}, "registered_at"},
		{Users, Fill{At: "2027-01-01T00:00:00Z"}, "registered_at"},
		{Codes, Fill{At: "2026-01-01"}, "at"},
		{Referrals, Fill{By: "carol", Why: "imported"}, ""},
		{Referrals, Fill{By: strings.Repeat("x", 256), Why: "im\nported", At: "never"}, "at by why"},
	} {
		var names []string
		for _, p := range c.fill.Check(c.kind, now) {
			names = append(names, p.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s with %+v: %s", c.kind.Name, c.fill, got)
		}
	}
}
