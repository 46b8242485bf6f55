package program_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/goccy/go-yaml/lexer"
	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/program"
)

// FuzzParse holds that no file brings Parse down, that a refusal always says where, that an accepted program comes
// back from Marshal as it was, and that the YAML library dropped nothing of it unseen.
func FuzzParse(f *testing.F) {
	f.Add(program.Default())
	f.Add([]byte("{}"))
	f.Add([]byte(everything))
	for _, c := range slices.Concat(refusals, termRefusals) {
		f.Add([]byte(c.source))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		terms, err := program.Parse("p.yaml", source)
		if again, err2 := program.Parse("p.yaml", source); !cmp.Equal(terms, again) || message(err) != message(err2) {
			t.Fatalf("two answers: %+v, %v and %+v, %v", terms, err, again, err2)
		}
		if err != nil {
			checkRefusal(t, err)
			return
		}
		back, err := program.Parse("p.yaml", program.Marshal(terms))
		if err != nil || !cmp.Equal(terms, back) {
			t.Fatalf("%+v comes back as %+v, %v", terms, back, err)
		}
		checkNothingDropped(t, source)
	})
}

func checkRefusal(t *testing.T, err error) {
	t.Helper()
	var refused *program.Error
	if !errors.As(err, &refused) || len(refused.Problems) == 0 {
		t.Fatalf("an error without problems: %v", err)
	}
	line, column := 1, 1
	for _, p := range refused.Problems {
		if p.Message == "" || p.Line < line || (p.Line == line && p.Column < column) {
			t.Fatalf("a problem without a message, or out of order: %+v", refused.Problems)
		}
		line, column = p.Line, p.Column
	}
}

func checkNothingDropped(t *testing.T, source []byte) {
	t.Helper()
	signs := func(text string) string {
		return strings.Map(func(c rune) rune {
			if unicode.IsSpace(c) || c == '\ufeff' {
				return -1
			}
			return c
		}, text)
	}
	var seen strings.Builder
	for _, token := range lexer.Tokenize(string(source) + "\n") {
		seen.WriteString(token.Origin)
	}
	if want, got := signs(string(source)), signs(seen.String()); want != got {
		t.Fatalf("accepted, though the library saw only %q of %q", got, want)
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
