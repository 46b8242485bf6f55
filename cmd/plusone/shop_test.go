package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// walk is what the README has a newcomer type, parted before the last two questions.
func walk(t *testing.T, shop string) (before, questions string) {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## The demo shop\n")
	_, block, _ := strings.Cut(section, "```sh\n")
	block, _, whole := strings.Cut(block, "\n```\n")
	if !whole || !strings.Contains(block, "export SHOP=http://127.0.0.1:8000\n") {
		t.Fatalf("the README's walk is not where it was: %s", block)
	}
	block = strings.Replace(block, "export SHOP=http://127.0.0.1:8000\n", "export SHOP="+shop+"\n", 1)
	at := strings.LastIndex(block, "\n\n# ")
	return block[:at], block[at:]
}

// TestTheReadmesWalk types the README's walk through the demo shop into a shell, word for word.
func TestTheReadmesWalk(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatalf("%v: `make deps` installs it", err)
	}
	d := startShop(t)
	before, questions := walk(t, d.state(t).ShopURL)
	kept := filepath.Join(t.TempDir(), "variables")
	said := shell(t, "set -euo pipefail\n"+before+"\nexport ALICE BOB\nexport -p > "+kept)
	mustSay(t, said, `"referral_code":"`, `"username":"alice"`, `"payment_status":"paid"`)
	testkit.Eventually(t, patience, func() (bool, string) { // as a person would look again
		said := shell(t, "set -euo pipefail\n. "+kept+questions)
		return strings.Contains(said, `"total_earned":10.0,`) && strings.Contains(said, `"credits":20.0,`), said
	})
	if code, out := finish(t, nil, "audit", "--data", d.data); code != 0 {
		t.Errorf("the audit ended with %d: %s", code, out)
	}
}

func shell(t *testing.T, script string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "bash", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// startShop starts a plusone dev with a shop, and no sample.
func startShop(t *testing.T, args ...string) *devProcess {
	t.Helper()
	d := &devProcess{data: filepath.Join(t.TempDir(), "data")}
	d.Process = start(t, nil, append([]string{"dev", "--data", d.data, "--listen", "127.0.0.1:0", "--shop-listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0"}, args...)...)
	d.WaitLine(patience, "Ctrl-C stops everything")
	return d
}

// TestTheShopsPort: the customary one gives way, one that was asked for does not; and the shop can stay closed.
func TestTheShopsPort(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	code, out := finish(t, nil, "dev", "--data", filepath.Join(t.TempDir(), "data"), "--listen", "127.0.0.1:0", "--shop-listen", taken.Addr().String())
	if code != exitFailed {
		t.Errorf("it ended with %d", code)
	}
	mustSay(t, out, taken.Addr().String()+" is in use by another program", "--shop-listen")

	if usual, err := net.Listen("tcp", usualShopListen); err == nil { // or somebody has it already
		defer usual.Close()
	}
	d := startShop(t, "--shop-listen", usualShopListen)
	mustSay(t, d.Output(), "the customary port of the demo shop is in use, so a free one was taken")
	if status, page := get(t, d.state(t).ShopURL+"/"); status != 200 || !strings.Contains(page, "Little Owl") {
		t.Errorf("%d %s", status, page)
	}
	d.interrupt(t)
	closed := start(t, []string{"PLUSONE_SHOP_LISTEN="}, "dev", "--data", d.data, "--listen", "127.0.0.1:0")
	closed.WaitLine(patience, "Ctrl-C stops everything")
	mustNotSay(t, closed.Output(), "demo shop")
}

func TestShopFlags(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"--stripe-api-key sk_live_123", "is not a test key"},
		{"--stripe-api-key sk_live_123 --shop-listen nowhere", "--shop-listen (PLUSONE_SHOP_LISTEN)"},
	} {
		code, _, errs := invoke(t, append(strings.Fields("dev --data "+t.TempDir()), strings.Fields(c.args)...)...)
		if code != exitUsage {
			t.Errorf("%s ended with %d", c.args, code)
		}
		mustSay(t, errs, c.says)
		mustNotSay(t, errs, "sk_live_123")
	}
}
