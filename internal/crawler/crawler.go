// Package crawler knows the programs that fetch pages by themselves: search engines, previews of links in chats, monitors,
// libraries. The list is somebody else's, who keeps it: see patterns.txt for whose and which version, and .ci/crawlers for how it
// is brought up to date.
package crawler

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
)

//go:embed patterns.txt
var list string

// patterns are the list, read: most of it is plain text.
type patterns struct {
	words   []string
	regexps []*regexp.Regexp
}

var known = sync.OnceValue(func() (all patterns) {
	for line := range strings.Lines(list) {
		pattern := strings.TrimSuffix(line, "\n")
		if pattern == "" || strings.HasPrefix(pattern, "#") {
			continue
		}
		re := regexp.MustCompile(pattern) // every test reads the list
		if word, whole := re.LiteralPrefix(); whole {
			all.words = append(all.words, word)
		} else {
			all.regexps = append(all.regexps, re)
		}
	}
	return all
})

// maxAgent is how much of a user agent is looked at, in bytes. No browser's is as long.
const maxAgent = 1024

// Agent says whether the header User-Agent is that of a crawler. Whoever does not say what they are is one.
func Agent(header string) bool {
	header = header[:min(len(header), maxAgent)]
	if strings.TrimSpace(header) == "" {
		return true
	}
	for _, word := range known().words {
		if strings.Contains(header, word) {
			return true
		}
	}
	for _, re := range known().regexps {
		if re.MatchString(header) {
			return true
		}
	}
	return false
}
