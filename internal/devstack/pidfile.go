package devstack

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// pidFile is what a running server writes about itself into postmaster.pid; miscadmin.h of PostgreSQL numbers the lines.
type pidFile struct {
	pid    int // 0: there is no such file
	port   int
	status string // "starting", "stopping", "ready" or "standby"; "" while the file is being written
}

func (f pidFile) ready() bool { return f.status == "ready" }

func pidFilePath(data string) string { return filepath.Join(data, "postmaster.pid") }

// readPidFile takes what cannot be read, or is half-written, for nothing: whoever asks looks again.
func readPidFile(data string) pidFile {
	text, err := os.ReadFile(pidFilePath(data))
	if err != nil {
		return pidFile{}
	}
	lines := strings.Split(string(text), "\n")
	line := func(number int) string {
		if len(lines) < number {
			return ""
		}
		return strings.TrimSpace(lines[number-1])
	}
	pid, _ := strconv.Atoi(line(1))
	port, _ := strconv.Atoi(line(4))
	return pidFile{pid: max(pid, -pid), port: port, status: line(8)} // a standalone backend writes its id as a negative
}
