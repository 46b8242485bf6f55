package deploy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// containerVariable makes this test binary become a program of an image: alone with the image's files, as the image's
// user.
const containerVariable = "PLUSONE_TEST_CONTAINER"

// container is what to become.
type container struct {
	Root     string
	UID, GID int // -1: stay who you are, who is nobody in particular
	Env      []string
	Args     []string
}

// enter becomes it. It returns only when that fails.
func enter(spec string) error {
	var c container
	if err := json.Unmarshal([]byte(spec), &c); err != nil {
		return err
	}
	if err := errors.Join(syscall.Chroot(c.Root), syscall.Chdir("/")); err != nil {
		return fmt.Errorf("enter %s: %w", c.Root, err)
	}
	if c.UID >= 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(c.GID), syscall.Setuid(c.UID)); err != nil {
			return fmt.Errorf("become user %d: %w", c.UID, err)
		}
	}
	return fmt.Errorf("start %s: %w", c.Args[0], syscall.Exec(c.Args[0], c.Args, c.Env))
}

// start runs the image as `docker run` would, but for the isolation of its network.
func (i image) start(t testing.TB, env []string, args ...string) *testkit.Process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	user, group, _ := strings.Cut(i.user, ":")
	c := container{Root: i.root, Env: override(i.env, env), Args: slices.Concat(i.entrypoint, args)}
	if c.UID, err = strconv.Atoi(user); err != nil {
		t.Fatal(err)
	}
	if c.GID, err = strconv.Atoi(group); err != nil {
		t.Fatal(err)
	}
	cfg := testkit.ProcessConfig{Path: self}
	if os.Getuid() != 0 { // another root needs root, or a user namespace, in which we can become nobody else
		c.UID, c.GID = -1, -1
		cfg = testkit.ProcessConfig{Path: unshare(t), Args: []string{"--user", "--map-root-user", self}}
	}
	spec, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Env = []string{containerVariable + "=" + string(spec)}
	return testkit.StartProcess(t, cfg)
}

// override is an environment with some of it said anew.
func override(env, anew []string) []string {
	values := map[string]string{}
	for _, variable := range slices.Concat(env, anew) {
		name, value, _ := strings.Cut(variable, "=")
		values[name] = value
	}
	env = nil
	for name, value := range values {
		env = append(env, name+"="+value)
	}
	return env
}

// unshare is the program that lets an ordinary user have a root folder of their own.
func unshare(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("unshare")
	if err == nil {
		err = exec.CommandContext(t.Context(), path, "--user", "--map-root-user", "true").Run()
	}
	if err != nil {
		t.Fatalf("to start the image, this test needs root or user namespaces: run it as root, or allow them (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0): %v", err)
	}
	return path
}

// TestTheImage builds the image and plays a deployment with it: every process has the image's files and nothing else.
func TestTheImage(t *testing.T) {
	const version = "v9.8.7-test"
	img := buildImage(t, version)

	t.Run("contents", func(t *testing.T) {
		img.mustHoldOnly(t, "/etc/ssl/certs/ca-certificates.crt", "/plusone")
		mustBeStatic(t, filepath.Join(img.root, "plusone"))
	})
	t.Run("version", func(t *testing.T) {
		p := img.start(t, nil, "version")
		if code := p.Wait(patience); code != 0 || p.Output() != version+"\n" {
			t.Errorf("it ended with %d and says %q", code, p.Output())
		}
	})
	t.Run("without a configuration", func(t *testing.T) {
		p := img.start(t, nil, "ingress")
		if code := p.Wait(patience); code != 2 || !strings.Contains(p.Output(), "--nats-url (NATS_URL) is missing") {
			t.Errorf("it ended with %d and says %q", code, p.Output())
		}
	})
	t.Run("migrate", func(t *testing.T) {
		postgres := testkit.PostgresProcess(t, nil)
		p := img.start(t, []string{"DATABASE_URL=" + postgres.DSN()}, "migrate")
		if code := p.Wait(patience); code != 0 || !strings.Contains(p.Output(), "applied") {
			t.Errorf("it ended with %d and says %q", code, p.Output())
		}
	})
	t.Run("roles", func(t *testing.T) { img.play(t) })
}

// play starts each role, has it say that it is ready by the image's own health check, and sends a webhook in.
func (i image) play(t *testing.T) {
	nats, dsn := testkit.NATSProcess(t), testkit.Database(t)
	env := []string{
		"NATS_URL=" + nats.URL(), "DATABASE_URL=" + dsn, "PLUSONE_STRIPE_MODE=test",
		"PLUSONE_ADMIN=:0", "PLUSONE_LISTEN=:0", // as in the image, but for the number
	}
	for name, value := range secrets {
		env = append(env, name+"="+value)
	}
	ingress, worker, api := i.start(t, env, "ingress"), i.start(t, env, "worker"), i.start(t, env, "api")
	for _, role := range []*testkit.Process{ingress, worker, api} {
		admin := listensAt(t, role, "admin")
		role.WaitHealthy(patience, "http://"+admin+"/readyz")
		check := i.start(t, []string{"PLUSONE_ADMIN=" + admin}, "health")
		if code := check.Wait(patience); code != 0 || check.Output() != "ready\n" {
			t.Errorf("the health check ended with %d and says %q", code, check.Output())
		}
	}
	body := []byte(`{"id":"evt_1","object":"event","type":"charge.succeeded","api_version":"2023-10-16","created":` +
		strconv.FormatInt(time.Now().Unix(), 10) + `,"livemode":false,"data":{"object":{"id":"ch_1","object":"charge","payment_intent":"pi_1","customer":null,"amount":1000,"amount_refunded":0,"currency":"usd","refunded":false}}}`)
	door := "http://" + listensAt(t, ingress, "ingress") + "/webhooks/stripe"
	for signature, want := range map[string]int{
		testkit.SignedWebhook(body, secrets["STRIPE_WEBHOOK_SECRET"], time.Now()): http.StatusOK,
		testkit.SignedWebhook(body, "whsec_of_somebody_else", time.Now()):         http.StatusBadRequest,
	} {
		if status, answer := post(t, door, signature, body); status != want {
			t.Errorf("the webhook is answered %d, want %d: %s", status, want, answer)
		}
	}
	for _, role := range []*testkit.Process{ingress, worker, api} {
		role.Signal(syscall.SIGTERM)
		if code := role.Wait(patience); code != 0 {
			t.Errorf("a role ended with %d", code)
		}
	}
}

func post(t *testing.T, url, signature string, body []byte) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Stripe-Signature", signature)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}
