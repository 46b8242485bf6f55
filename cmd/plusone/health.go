package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// healthCommand asks a role that runs beside it: an image with nothing but plusone in it has no other way to.
type healthCommand struct {
	Admin   string        `env:"PLUSONE_ADMIN" default:"127.0.0.1:9090" placeholder:"HOST:PORT" help:"Where the role serves its health: its own --admin, or --listen of plusone dev (default ${default})."`
	Live    bool          `help:"Ask only whether it lives (/healthz), and not whether it reaches what it needs (/readyz)."`
	Timeout time.Duration `env:"PLUSONE_HEALTH_TIMEOUT" default:"3s" help:"How long to wait for the answer (default ${default})."`
}

// Run says what the role answers, and fails unless that is 200.
func (c *healthCommand) Run(ctx context.Context, std streams) error {
	if err := refuse(address("--admin (PLUSONE_ADMIN)", c.Admin), c.timeoutProblems()); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	status, answer, err := ask(ctx, c.url())
	if err != nil {
		return fmt.Errorf("no role answers on --admin (PLUSONE_ADMIN) %s; plusone dev answers where it listens: %w", c.Admin, err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("the role on %s answers %d: %s", c.Admin, status, answer)
	}
	_, err = fmt.Fprintln(std.out, answer)
	return err
}

func (c *healthCommand) timeoutProblems() []string {
	if c.Timeout <= 0 {
		return []string{"--timeout (PLUSONE_HEALTH_TIMEOUT) must be above zero, such as 3s"}
	}
	return nil
}

// url is the page to ask. The address is the one that the role listens on: a role that listens on every address of the
// machine, those of IPv6 too, also answers on 127.0.0.1.
func (c *healthCommand) url() string {
	host, port, _ := net.SplitHostPort(c.Admin) // problems looked at it
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	page := "/readyz"
	if c.Live {
		page = "/healthz"
	}
	return "http://" + net.JoinHostPort(host, port) + page
}

// answerLimit is far more than a role has to say about its health.
const answerLimit = 4 << 10

// ask gets the page of a role: the status, and in a few words what it says.
func ask(ctx context.Context, url string) (status int, answer string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // and no proxy, whatever the environment names
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return 0, "", err
	}
	var said struct {
		Status string
		Failed []string
	}
	if json.Unmarshal(body, &said) != nil || said.Status == "" {
		return res.StatusCode, "it is no role's health page", nil
	}
	if len(said.Failed) > 0 {
		said.Status += " (failed: " + strings.Join(said.Failed, ", ") + ")"
	}
	return res.StatusCode, said.Status, nil
}
