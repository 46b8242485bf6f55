package testkit

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/devstack"
)

// ProcessConfig says what program to run.
type ProcessConfig struct {
	Path string // as Binary gives it
	Args []string
	Env  []string // added to that of the tests; "NAME=value"
	Dir  string   // to run it in; "" is that of the test
}

// Process is a running program. It does not outlive the test: when that ends it is killed, if it still runs, and when
// the test has failed what it printed is shown. A data race that it reports fails the test.
type Process struct {
	t      testing.TB
	name   string
	child  *devstack.Child
	output *output
}

// StartProcess runs a program for this test.
func StartProcess(t testing.TB, cfg ProcessConfig) *Process {
	t.Helper()
	p := &Process{t: t, name: strings.Join(append([]string{cfg.Path}, cfg.Args...), " "), output: &output{}}
	cmd := exec.Command(cfg.Path, cfg.Args...)
	cmd.Dir = cfg.Dir
	cmd.Env = append(os.Environ(), cfg.Env...)
	cmd.Stdout, cmd.Stderr = p.output, p.output
	var err error
	if p.child, err = devstack.StartChild(cmd, syscall.SIGKILL); err != nil {
		t.Fatalf("testkit: start %s: %v", p.name, err)
	}
	t.Cleanup(p.cleanUp)
	return p
}

func (p *Process) cleanUp() {
	p.Kill()
	text := p.Output()
	if strings.Contains(text, "WARNING: DATA RACE") {
		p.t.Errorf("%s has a data race", p.name)
	}
	if p.t.Failed() {
		p.t.Logf("%s (process %d) printed:\n%s", p.name, p.Pid(), text)
	}
}

// Pid is the id of the process.
func (p *Process) Pid() int { return p.child.Pid() }

// Output is all that it has printed so far.
func (p *Process) Output() string { return p.output.String() }

// Done is closed when it has ended.
func (p *Process) Done() <-chan struct{} { return p.child.Done() }

// Signal sends it a signal.
func (p *Process) Signal(sig os.Signal) {
	p.t.Helper()
	if err := p.child.Signal(sig); err != nil {
		p.t.Fatalf("testkit: send %v to %s: %v", sig, p.name, err)
	}
}

// Kill ends it with SIGKILL and returns when it is gone. One that has ended is left in peace.
func (p *Process) Kill() {
	p.t.Helper()
	p.Signal(os.Kill)
	<-p.Done()
}

// Wait waits for its end and returns the exit code, -1 for an end by a signal.
func (p *Process) Wait(timeout time.Duration) (code int) {
	p.t.Helper()
	select {
	case <-p.Done():
	case <-time.After(timeout):
		p.t.Fatalf("%s still runs after %s", p.name, timeout)
	}
	exit := (*exec.ExitError)(nil)
	switch err := p.child.Err(); {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	default:
		p.t.Fatalf("testkit: wait for %s: %v", p.name, err)
		return -1
	}
}

// WaitLine returns the first complete line it prints that contains the text, be it printed already.
func (p *Process) WaitLine(timeout time.Duration, text string) (line string) {
	p.t.Helper()
	p.while(timeout, func() (bool, string) {
		line = p.output.line(text)
		return line != "", "no line with " + text
	})
	return line
}

// WaitHealthy waits until the URL answers 200.
func (p *Process) WaitHealthy(timeout time.Duration, url string) {
	p.t.Helper()
	client := http.Client{Timeout: time.Second}
	p.while(timeout, func() (bool, string) {
		answer, err := client.Get(url)
		if err != nil {
			return false, err.Error()
		}
		defer answer.Body.Close() //nolint:errcheck // its status is all that counts
		return answer.StatusCode == http.StatusOK, url + " answers " + answer.Status
	})
}

// while waits for a condition, but no longer than the process lives.
func (p *Process) while(timeout time.Duration, condition func() (bool, string)) {
	p.t.Helper()
	Eventually(p.t, timeout, func() (bool, string) {
		ended := false
		select {
		case <-p.Done():
			ended = true
		default:
		}
		ok, state := condition() // after the look whether it has ended: its last words count
		if ended && !ok {
			p.t.Fatalf("%s ended (%v): %s", p.name, p.child.Err(), state)
		}
		return ok, state
	})
}
