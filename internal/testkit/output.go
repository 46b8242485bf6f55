package testkit

import (
	"strings"
	"sync"
)

// output collects what a process prints. Its zero value is ready.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// line is the first complete one that contains the text, or "".
func (o *output) line(text string) string {
	for line := range strings.Lines(o.String()) {
		if strings.HasSuffix(line, "\n") && strings.Contains(line, text) {
			return strings.TrimRight(line, "\r\n")
		}
	}
	return ""
}
