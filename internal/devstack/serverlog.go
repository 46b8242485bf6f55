package devstack

import (
	"bytes"
	"errors"
	"fmt"
	"os"
)

const (
	fullLog = 16 << 20 // bytes, then the log is put aside
	tailLog = 4 << 10  // bytes of it that an error carries at most
)

// serverLog is the file that the server writes to. A file and not a pipe: it can be read after a crash of ours, and the
// server does not lose its log with us.
type serverLog struct {
	path string
	file *os.File
	from int64 // where this start begins
}

func openServerLog(path string) (*serverLog, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > fullLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, fmt.Errorf("devstack: put the full log of PostgreSQL aside: %w", err)
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600) //nolint:gosec // in the folder that the operator chose
	if err != nil {
		return nil, fmt.Errorf("devstack: open the log of PostgreSQL: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("devstack: look at the log of PostgreSQL: %w", err), file.Close())
	}
	return &serverLog{path: path, file: file, from: info.Size()}, nil
}

// tail is the last the server said since this start.
func (l *serverLog) tail() string {
	info, err := l.file.Stat()
	if err != nil {
		return err.Error()
	}
	start := max(l.from, info.Size()-tailLog)
	text := make([]byte, info.Size()-start)
	n, err := l.file.ReadAt(text, start)
	if n == 0 && err != nil {
		return "(nothing)"
	}
	return lastLines(text[:n])
}

// lastLines keeps at most the last twenty.
func lastLines(text []byte) string {
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	lines = lines[max(0, len(lines)-20):]
	return string(bytes.Join(lines, []byte("\n")))
}
