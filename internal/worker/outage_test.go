package worker

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestAnOutageIsTwoLines(t *testing.T) {
	var out bytes.Buffer
	o := &outage{log: slog.New(slog.NewTextHandler(&out, nil)), what: "relaying"}
	for _, err := range []error{nil, errors.New("away"), errors.New("away"), errors.New("away"), nil, nil} {
		o.note(t.Context(), err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "relaying fails") || !strings.Contains(lines[1], "works again") || !strings.Contains(lines[1], "failures=3") {
		t.Errorf("%q", lines)
	}
}
