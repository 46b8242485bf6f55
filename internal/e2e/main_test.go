package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// patience is how long anything may take on a busy machine. Nothing waits that long when all is well.
const patience = time.Minute

func TestMain(m *testing.M) {
	for _, name := range os.Environ() { // what the machine has set must not decide a test
		if name, _, _ = strings.Cut(name, "="); strings.HasPrefix(name, "PLUSONE_") && name != "PLUSONE_PG_BIN" && name != "PLUSONE_CHROMIUM" ||
			strings.HasPrefix(name, "DATABASE_") || strings.HasPrefix(name, "NATS_URL") || strings.HasPrefix(name, "STRIPE_") {
			_ = os.Unsetenv(name)
		}
	}
	testkit.Run(m, nil) // the databases are those of the program
}

// house is a running plusone dev, with its shop.
type house struct {
	plusone, shop string
	admin         string // the admin token
}

func openHouse(t *testing.T) house {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	p := testkit.StartProcess(t, testkit.ProcessConfig{
		Path: testkit.Binary(t, "github.com/plusone-dev/plusone/cmd/plusone"), Dir: t.TempDir(),
		Args: []string{"dev", "--data", data, "--listen", "127.0.0.1:0", "--shop-listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0"},
	})
	p.WaitLine(patience, "Ctrl-C stops everything")
	t.Cleanup(func() { // or its PostgreSQL would still write into the folder that is removed
		p.Signal(os.Interrupt)
		p.Wait(patience)
	})
	var running struct {
		URL     string `json:"url"`
		ShopURL string `json:"shop_url"`
	}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(data, "running.json"))), &running); err != nil {
		t.Fatal(err)
	}
	return house{plusone: running.URL, shop: running.ShopURL, admin: strings.TrimSpace(read(t, filepath.Join(data, "admin-token")))}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// userAgent is a person's: a browser that says that it has no head is taken for a crawler, and its visits are not counted.
const userAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

// startChromium starts one browser for a test. Each of its guests has cookies of their own.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	path, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.Flag("headless", "new"), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-background-networking", true),
		chromedp.UserAgent(userAgent), chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("hide-scrollbars", true),
		chromedp.WSURLReadTimeout(patience), chromedp.UserDataDir(t.TempDir()),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	browser, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		if err := chromedp.Cancel(browser); err != nil { // which waits until the browser is gone
			t.Logf("the browser ends with %v", err)
		}
		closeBrowser()
		stop()
	})
	if err := chromedp.Do(browser); err != nil {
		t.Fatalf("%s does not start: %v", path, err)
	}
	return browser
}

// chromium is the program of a browser, looked for as .ci/install-chromium does.
func chromium() (string, error) {
	for _, name := range []string{os.Getenv("PLUSONE_CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is no Chromium: `make deps` installs it, or PLUSONE_CHROMIUM names one")
}
