package devstack

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// The test binary plays other processes too: TestMain looks here what it is to be.
const (
	roleEnv = "DEVSTACK_TEST_ROLE"
	dirEnv  = "DEVSTACK_TEST_DIR"
)

func TestMain(m *testing.M) {
	role, dir := os.Getenv(roleEnv), os.Getenv(dirEnv)
	switch role {
	case "":
		os.Exit(m.Run())
	case "idle":
		play("idle", nil)
	case "lock":
		_, err := Lock(dir)
		play("locked", err)
	case "postgres":
		server, err := Start(context.Background(), PostgresConfig{Dir: dir, Durable: true})
		if err != nil {
			play("", err)
		}
		play(fmt.Sprint(server.Pid()), nil)
	}
}

// play tells the test how far we are, and then waits to be killed.
func play(line string, err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(line)
	select {}
}

// another starts this binary in a role, waits for its first line, and kills it at the end of the test if that has not.
func another(t *testing.T, role, dir string) (cmd *exec.Cmd, line string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(self)
	cmd.Env = append(os.Environ(), roleEnv+"="+role, dirEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill9(cmd) })
	line, err = bufio.NewReader(out).ReadString('\n')
	if err != nil || strings.HasPrefix(line, "error:") {
		t.Fatalf("the process in the role %q says %q (%v)", role, line, err)
	}
	return cmd, strings.TrimSpace(line)
}

func kill9(cmd *exec.Cmd) {
	cmd.Process.Kill() // errs when it is dead already, which is what we want
	cmd.Wait()         // "signal: killed"
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(glance) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}
