package disposable

import (
	"slices"
	"strings"
	"testing"
)

func TestDomain(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"mailinator.com": true, "guerrillamail.com": true, "yopmail.com": true, "inbox.mailinator.com": true, "mailinator.com.": true,
		"gmail.com": false, "example.com": false, "example-of-mailinator.com": false, "mailinator.com.example.org": false, "com": false, "": false, ".": false,
	} {
		if got := Domain(name); got != want {
			t.Errorf("%q: %t, want %t", name, got, want)
		}
	}
}

// A list that was cut off, or of another form, would let everybody in without a word.
func TestTheListIsWhole(t *testing.T) {
	t.Parallel()
	head, rest, _ := strings.Cut(list, "\n")
	if !strings.HasPrefix(head, "# disposable-email-domains-js ") {
		t.Errorf("the list does not say where it comes from: %q", head)
	}
	lines := strings.Split(strings.TrimSuffix(rest, "\n"), "\n")
	if len(lines) < 5000 || !slices.IsSorted(lines) || len(domains()) != len(lines) {
		t.Errorf("%d lines, %d domains, sorted: %t", len(lines), len(domains()), slices.IsSorted(lines))
	}
	for _, name := range lines {
		if name != strings.ToLower(name) || !strings.Contains(name, ".") || strings.ContainsAny(name, " @/\t") {
			t.Errorf("%q is no domain", name)
		}
	}
}
