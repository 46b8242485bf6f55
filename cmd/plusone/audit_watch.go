package main

import (
	"context"
	"errors"
	"time"

	"github.com/plusone-dev/plusone/internal/audit"
	"github.com/plusone-dev/plusone/internal/store"
)

// auditWatch says how to go on auditing.
type auditWatch struct {
	logFlags
	adminFlags
	Every  time.Duration `env:"PLUSONE_AUDIT_EVERY" default:"0s" placeholder:"DURATION" help:"Go on auditing, with this pause between two audits, such as 1h, and serve the verdicts as metrics on --admin. 0, the default, audits once."`
	AtMost time.Duration `name:"statement-timeout" env:"PLUSONE_AUDIT_STATEMENT_TIMEOUT" default:"15m" placeholder:"DURATION" help:"With --every: give up a statement that takes longer (default ${default})."`
}

// leastEvery is the shortest pause: who wants to know sooner than that wants something other than an audit of everything.
const leastEvery = time.Second

func (c auditWatch) problems() (all []string) {
	if c.Every < leastEvery {
		all = append(all, "--every (PLUSONE_AUDIT_EVERY) must be at least "+leastEvery.String()+", or 0 to audit once")
	}
	if c.AtMost < time.Second {
		all = append(all, "--statement-timeout (PLUSONE_AUDIT_STATEMENT_TIMEOUT) must be at least 1s")
	}
	return append(all, c.adminFlags.problems()...)
}

// watch audits until told to stop, over connections that can not write.
func (c *auditCommand) watch(ctx context.Context, std streams) error {
	wrong := c.auditWatch.problems()
	if c.JSON {
		wrong = append(wrong, "--json is for one audit: with --every, ask for the metrics on --admin")
	}
	url, err := c.database(c.databaseFlags)
	if also, ok := errors.AsType[*configurationError](err); ok {
		err = refuse(also.problems, wrong)
	} else if err == nil {
		err = refuse(wrong)
	}
	if err != nil {
		return err
	}
	h, err := c.host(std)
	if err != nil {
		return err
	}
	pool, err := h.database(ctx, url, store.ReadOnly(), store.WithStatementTimeout(c.AtMost))
	if err != nil {
		return err
	}
	w := audit.NewWatch(store.NewDatabase(pool), h.reg, h.log)
	h.group.Add("audit", func(ctx context.Context) error { return w.Run(ctx, c.Every) })
	if err := h.admin(c.Admin); err != nil {
		return err
	}
	return h.group.Run(ctx)
}
