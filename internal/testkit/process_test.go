package testkit

import (
	"debug/buildinfo"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const greeter = "./testdata/greeter"

func TestBinaryIsBuiltOnceAndLikeTheTests(t *testing.T) {
	path := Binary(t, greeter)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // a test may be anywhere
	if again := Binary(t, greeter); again != path {
		t.Errorf("%s, then %s", path, again)
	}
	if after, err := os.Stat(path); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("built again (%v)", err)
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	race := false
	for _, setting := range info.Settings {
		race = race || setting.Key == "-race" && setting.Value == "true"
	}
	if race != raceDetector {
		t.Errorf("race detector in the program: %v, in the tests: %v", race, raceDetector)
	}
}

func TestABuildThatFailsShowsTheCompilersWords(t *testing.T) {
	try(t, func(tb testing.TB) { Binary(tb, "./testdata/nothing") }).mustSay(t, "build ./testdata/nothing", "directory not found")
}

func TestProcess(t *testing.T) {
	p := StartProcess(t, ProcessConfig{Path: Binary(t, greeter), Env: []string{"NAME=world"}})
	_, url, _ := strings.Cut(p.WaitLine(10*time.Second, "listening on"), "listening on ")
	p.WaitHealthy(10*time.Second, url+"/health")
	if line := p.WaitLine(10*time.Second, "hello"); line != "hello world" {
		t.Errorf("it says %q", line)
	}
	p.Signal(syscall.SIGTERM)
	if code := p.Wait(10 * time.Second); code != 3 {
		t.Errorf("it ended with %d", code)
	}
	if !strings.HasSuffix(p.Output(), "goodbye\n") {
		t.Errorf("its last words are missing from %q", p.Output())
	}
}

func TestProcessIsKilled(t *testing.T) {
	p := StartProcess(t, ProcessConfig{Path: Binary(t, greeter)})
	p.Kill()
	if code := p.Wait(time.Second); code != -1 {
		t.Errorf("it ended with %d", code)
	}
	if err := syscall.Kill(p.Pid(), 0); err == nil {
		t.Errorf("process %d is still there", p.Pid())
	}
}

func TestAFailedTestShowsTheOutputAndLeavesNoProcess(t *testing.T) {
	path := Binary(t, greeter)
	var p *Process
	try(t, func(tb testing.TB) {
		p = StartProcess(tb, ProcessConfig{Path: path, Env: []string{"NAME=failure"}})
		p.WaitLine(10*time.Second, "listening on")
		p.WaitLine(time.Millisecond, "never said")
	}).mustSay(t, "no line with never said", "hello failure", "process "+strconv.Itoa(p.Pid()))
	if err := syscall.Kill(p.Pid(), 0); err == nil {
		t.Errorf("process %d is still there", p.Pid())
	}
}

func TestWaitingForAProcessEndsWithIt(t *testing.T) {
	path := Binary(t, greeter)
	begun := time.Now()
	try(t, func(tb testing.TB) {
		StartProcess(tb, ProcessConfig{Path: path, Args: []string{"fail"}}).WaitLine(time.Hour, "listening on")
	}).mustSay(t, "exit status 4", "cannot go on")
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("it took %s", took)
	}
	try(t, func(tb testing.TB) {
		p := StartProcess(tb, ProcessConfig{Path: path})
		_, url, _ := strings.Cut(p.WaitLine(10*time.Second, "listening on"), "listening on ")
		p.WaitHealthy(time.Millisecond, url+"/ill")
	}).mustSay(t, "503")
	try(t, func(tb testing.TB) { StartProcess(tb, ProcessConfig{Path: path}).Wait(time.Millisecond) }).mustSay(t, "still runs")
}

func TestADataRaceInAProcessFailsTheTest(t *testing.T) {
	try(t, func(tb testing.TB) {
		p := StartProcess(tb, ProcessConfig{Path: Binary(t, greeter), Env: []string{"NAME=WARNING: DATA RACE"}})
		p.WaitLine(10*time.Second, "listening on")
	}).mustSay(t, "has a data race")
}
