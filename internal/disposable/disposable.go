// Package disposable knows the domains that give away e-mail addresses to throw away. The list is somebody else's, who
// keeps it: see domains.txt for whose and which version, and .ci/disposable for how it is brought up to date.
package disposable

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed domains.txt
var list string

var domains = sync.OnceValue(func() map[string]bool {
	all := make(map[string]bool, strings.Count(list, "\n"))
	for line := range strings.Lines(list) {
		if name := strings.TrimSpace(line); name != "" && !strings.HasPrefix(name, "#") {
			all[name] = true
		}
	}
	return all
})

// Domain says whether a domain, in lower case, or one that it is a part of, is on the list.
func Domain(name string) bool {
	for name = strings.TrimSuffix(name, "."); name != ""; {
		if domains()[name] {
			return true
		}
		_, name, _ = strings.Cut(name, ".")
	}
	return false
}
