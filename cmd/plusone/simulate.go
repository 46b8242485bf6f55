package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/simulate"
	"github.com/plusone-dev/plusone/internal/store"
)

// simulateCommand makes up a business, tells a plusone of it, and compares what came of it with what should have.
type simulateCommand struct {
	databaseFlags
	dataFlag
	Target        []string `env:"PLUSONE_TARGET" placeholder:"URL" help:"Where the ingress is: http://host:port. Several, separated by commas, are taken in turn."`
	API           string   `name:"api" env:"PLUSONE_API" placeholder:"URL" help:"Where the API is, which is asked for codes when there is no database (default: the first target)."`
	WebhookSecret []string `name:"stripe-webhook-secret" env:"PLUSONE_STRIPE_WEBHOOK_SECRET,STRIPE_WEBHOOK_SECRET" placeholder:"whsec_…" help:"Signing secret of the ingress; of several, the first signs."`
	EventsToken   []string `env:"PLUSONE_EVENTS_TOKEN" placeholder:"TOKEN" help:"Bearer token for POST /v1/events; of several, the first is shown."`
	APIToken      []string `name:"api-token" env:"PLUSONE_API_TOKEN" placeholder:"TOKEN" help:"Service token of the API, where codes are asked for there; of several, the first is shown."`
	StripeMode    string   `default:"test" enum:"live,test" help:"Stripe's mode that the events are of: ${enum} (default ${default}). It must be that of the ingress. A flag alone says so: people are made up in a live deployment only by who means to."`

	Users       int           `default:"1000" help:"How many people sign up (default ${default})."`
	Rate        float64       `default:"200" help:"How many events to send in a second (default ${default}); 0: as many as are taken."`
	For         time.Duration `placeholder:"DURATION" help:"After how long nothing new is sent (default: when all is)."`
	Chaos       bool          `help:"Have everything happen that plusone reads of Stripe, in both shapes of its API, and tell of it in every order: refunds first, sign-ups late, ties last."`
	Duplicates  *float64      `placeholder:"0.05" help:"How much is sent twice, as a fraction (default 0.05; with --chaos 0.3)."`
	Shuffle     *float64      `placeholder:"0.1" help:"How much is sent late, and so out of order, as a fraction (default 0.1; with --chaos 0.3)."`
	Refunds     *float64      `placeholder:"0.1" help:"How many payments go back, in part or in full, as a fraction (default 0.1; with --chaos 0.3)."`
	Seed        uint64        `default:"1" help:"What chance begins with (default ${default}). The same one, with the same flags and terms, makes up the same people and events."`
	Label       string        `name:"run" placeholder:"LABEL" help:"What stands in every id, beside a digest of the flags above, so that no two runs are about the same people (default: the time). Give an earlier one to tell the same again."`
	Connections int           `default:"32" help:"How many events are on their way at a time (default ${default})."`
	GiveUp      time.Duration `default:"1m" help:"For how long an event that is not taken is sent again (default ${default}). One that never is makes it exit 1."`
	Timeout     time.Duration `default:"1m" help:"How long plusone may take, after the last event, until all is recorded and has left the outbox (default ${default})."`
	Accepted    string        `placeholder:"FILE" help:"Write the key of each event that is accepted, the Nats-Msg-Id of its message on PLUSONE_IN, to a file, one a line, as it happens. Types that nobody reads are among them, which are on the stream alone."`
	JSON        bool          `help:"Print JSON."`
}

// Run tells the run, waits until it is settled, and says what came of it. It fails when anything is not as it should be.
func (c *simulateCommand) Run(ctx context.Context, std streams) error {
	if err := c.fromData(); err != nil {
		return err
	}
	if err := refuse(c.problems()); err != nil {
		return err
	}
	return c.withOptionalDatabase(ctx, func(db *store.Database) error {
		s := &simulation{cmd: c, std: std, began: time.Now()}
		if db != nil {
			s.db = &simulatedDatabase{db}
		}
		return s.run(ctx)
	})
}

// fromData fills in what a running `plusone dev` has left for its tools, where nobody says otherwise.
func (c *simulateCommand) fromData() error {
	if c.Data == "" {
		return nil
	}
	s, err := readDevState(c.Data)
	if err != nil {
		return err
	}
	if len(c.Target) == 0 {
		c.Target = []string{s.URL}
	}
	for name, secrets := range map[string][]*[]string{
		"webhook-secret": {&c.WebhookSecret}, "api-token": {&c.EventsToken, &c.APIToken},
	} {
		for _, secret := range secrets {
			if kept, err := os.ReadFile(dataFile(c.Data, name)); err == nil && len(*secret) == 0 {
				*secret = []string{strings.TrimSpace(string(kept))}
			}
		}
	}
	return nil
}

func (c *simulateCommand) problems() (all []string) {
	if len(c.Target) == 0 {
		all = append(all, "--target (PLUSONE_TARGET) is missing: where is the ingress? Or give --data DIR for a running plusone dev")
	}
	for i, target := range c.Target {
		c.Target[i] = strings.TrimRight(target, "/")
		all = append(all, baseURL("--target (PLUSONE_TARGET)", target)...)
	}
	if c.API != "" {
		all = append(all, baseURL("--api (PLUSONE_API)", c.API)...)
	}
	for _, s := range []struct {
		flag    string
		secrets []string
	}{
		{"--stripe-webhook-secret (STRIPE_WEBHOOK_SECRET)", c.WebhookSecret},
		{"--events-token (PLUSONE_EVENTS_TOKEN)", c.EventsToken},
	} {
		if len(s.secrets) == 0 {
			all = append(all, s.flag+" is missing: the one of the ingress")
		}
		all = append(all, secretProblems(s.flag, s.secrets)...)
	}
	all = append(all, secretProblems("--api-token (PLUSONE_API_TOKEN)", c.APIToken)...)
	if err := c.config(simulate.Rules{}).Check(); err != nil {
		all = append(all, strings.Split(err.Error(), "\n")...)
	}
	return append(all, c.limits()...)
}

func (c *simulateCommand) limits() (all []string) {
	if c.DatabaseURL != "" {
		all = append(all, c.databaseFlags.problems()...)
	}
	if c.Label != "" {
		if err := simulate.CheckLabel(c.Label); err != nil {
			all = append(all, "--run: "+err.Error())
		}
	}
	if !(c.Rate >= 0 && c.Rate <= 1e6) { // so that NaN is refused too
		all = append(all, "--rate must be from 0 to 1000000")
	}
	if c.Connections < 1 || c.Connections > 4096 {
		all = append(all, "--connections must be from 1 to 4096")
	}
	if c.For < 0 || c.GiveUp <= 0 || c.Timeout <= 0 {
		all = append(all, "--for, --give-up and --timeout must not be negative, and the latter two not be 0")
	}
	return all
}

// baseURL refuses what is not the beginning of a URL of an HTTP server, without repeating it: it may hold a password.
func baseURL(flag, text string) []string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return []string{flag + " must look like http://host:port"}
	}
	return nil
}

func (c *simulateCommand) config(rules simulate.Rules) simulate.Config {
	fraction := func(said *float64, usual float64) float64 {
		switch {
		case said != nil:
			return *said
		case c.Chaos:
			return 0.3
		}
		return usual
	}
	return simulate.Config{
		Users: c.Users, Seed: c.Seed, Rules: rules, Chaos: c.Chaos,
		Verified:   true,
		Duplicates: fraction(c.Duplicates, 0.05), Shuffle: fraction(c.Shuffle, 0.1), Refunds: fraction(c.Refunds, 0.1),
	}
}

func (c *simulateCommand) door() simulate.Door {
	return simulate.Door{
		Targets: c.Target, Secret: c.WebhookSecret[0], Token: c.EventsToken[0], Connections: c.Connections, GiveUp: c.GiveUp,
	}
}

// withOptionalDatabase opens the database, where one is named.
func (c *simulateCommand) withOptionalDatabase(ctx context.Context, use func(*store.Database) error) error {
	if c.Data == "" && c.DatabaseURL == "" {
		return use(nil)
	}
	return c.withDatabase(ctx, c.databaseFlags, use)
}

// errInterrupted says that somebody did not want to wait.
var errInterrupted = errors.New("interrupted: what came of it was not looked at")

// openAccepted opens the file for the keys of what is accepted. Each line is written as it happens.
func (c *simulateCommand) openAccepted() (note func(key string), closed func() error, err error) {
	if c.Accepted == "" {
		return func(string) {}, func() error { return nil }, nil
	}
	f, err := os.Create(c.Accepted)
	if err != nil {
		return nil, nil, err
	}
	var failed error
	note = func(key string) {
		if _, err := fmt.Fprintln(f, key); err != nil && failed == nil {
			failed = err
		}
	}
	return note, func() error { return errors.Join(failed, f.Close()) }, nil
}
