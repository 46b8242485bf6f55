package ops_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/ops"
)

func TestNewLogger(t *testing.T) {
	for _, format := range []string{"", ops.FormatAuto, ops.FormatJSON} {
		var out bytes.Buffer
		log, err := ops.NewLogger(&out, "", format)
		if err != nil {
			t.Fatal(err)
		}
		log.Debug("hidden")
		log.Info("seen", "event", "evt_1")
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["event"] != "evt_1" {
			t.Errorf("format %q wrote %s", format, out.String())
		}
	}
	var out bytes.Buffer
	log, err := ops.NewLogger(&out, "debug", ops.FormatText)
	if err != nil {
		t.Fatal(err)
	}
	log.Debug("seen")
	if !strings.Contains(out.String(), "level=DEBUG msg=seen") {
		t.Errorf("text format wrote %s", out.String())
	}
}

func TestNewLoggerOnATerminalOrAFile(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	log, err := ops.NewLogger(file, "info", ops.FormatAuto)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("seen")
	data, err := os.ReadFile(file.Name())
	if err != nil || !json.Valid(data) {
		t.Errorf("a file got %s, %v", data, err)
	}
}

func TestNewLoggerRefuses(t *testing.T) {
	for _, give := range [][2]string{{"loud", "json"}, {"info", "xml"}} {
		if _, err := ops.NewLogger(&bytes.Buffer{}, give[0], give[1]); err == nil {
			t.Errorf("level %q and format %q were taken", give[0], give[1])
		}
	}
}
