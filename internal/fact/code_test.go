package fact

import (
	"strings"
	"testing"
)

func TestReadCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ABC12345": "ABC12345", " abc-1_2\n": "ABC-1_2", "abc": "ABC", strings.Repeat("x", 32): strings.Repeat("X", 32),
		"": "", "ab": "", strings.Repeat("x", 33): "", "a b c": "", "abc\x00": "", "äbc": "", "abc'": "", "a%c": "",
	} {
		if got, ok := ReadCode(text); got != want || ok != (want != "") {
			t.Errorf("%q is read as %q, %v", text, got, ok)
		}
	}
}
