package main

import (
	"context"
	"fmt"
	"time"
)

// partAPI is what `make bench-api` measures: how long those wait who ask, while there are ten referrals to a person.
const partAPI = "api"

// The names of what is measured there: the slowest of a hundred, in milliseconds.
const (
	nameBare     = "indexed select, bare"
	nameSelect   = "indexed select over HTTP"
	nameValidate = "validate"
	nameStats    = "stats"
)

const (
	ratioValidate = "validate / indexed select over HTTP, p99"
	ratioStats    = "stats / indexed select over HTTP, p99"

	ratioBareValidate = "validate / bare indexed select, p99"
	ratioBareStats    = "stats / bare indexed select, p99"
	// mostOfASelect is how many times as long as one indexed select an answer may take, at the 99th percentile.
	mostOfASelect = 5.0
)

// askers is how many ask at a time, of the API as of the database: enough to keep two processors busy, and not so many that
// most of the time is spent in waiting for one.
const askers = 2

// measureAPI measures answers of the API, from outside, against one select by an index that is asked for in the same way: over
// HTTP, of a server that does nothing else. Beside it stands the bare select, over a connection that is open.
func (w *world) measureAPI(ctx context.Context) (series, error) {
	if err := w.multiply(ctx); err != nil {
		return nil, err
	}
	fmt.Fprintln(w.progress, "the API")
	role, err := w.startRole(ctx, "api", "--validations-per-minute", "60000")
	if err != nil {
		return nil, err
	}
	defer role.stop()
	served, err := startServer(beSelect, w.dsn)
	if err != nil {
		return nil, err
	}
	defer served.stop()
	q := w.newQuestions(role.public, served.url)
	timed := func(name string, ask question) measurement {
		return measurement{name, func(ctx context.Context) (float64, error) { return q.p99(ctx, w.o.samples, ask) }, "ms, p99"}
	}
	return w.turns(ctx, w.forgetStatements, w.tellStatements, []measurement{
		timed(nameBare, q.bareSelect), timed(nameSelect, q.servedSelect), timed(nameValidate, q.validate), timed(nameStats, q.stats),
	})
}

// multiply makes ten referrals of each there is: everybody tried nine more codes, of which eight are as popular as the others
// and one is one of ten that everybody knows, and came too late with each.
func (w *world) multiply(ctx context.Context) error {
	p := w.people
	fmt.Fprintf(w.progress, "%d referrals are made of %d\n", 10*p.people, p.people)
	began := time.Now()
	for _, statement := range []string{
		fmt.Sprintf(`
			insert into referrals (program_id, code_id, referrer_id, referee_id, registered_at, window_ends, status, reason, transitions, changed_at)
			select 1, w.code, w.owner, r.referee_id, r.registered_at, r.window_ends, 'cancelled', 'superseded', 2, r.registered_at
			from referrals r
			cross join lateral (
				select %[1]d + 1 + (r.referee_id - 1 + k * (%[2]d / 10 + 1)) %% %[2]d from generate_series(1, 8) k
				union all select 1 + (r.referee_id %% 10)
			) popular (code)
			cross join lateral (select popular.code, popular.code as owner) w`, p.people, p.referrers),
		`truncate daily, standings, earnings`,
		`insert into daily (program_id, name, day, label, n) select program_id, name, day, label, n from recounted_daily`,
		`insert into standings (user_id, program_id, visits, pending, qualified, rewarded, cancelled)
		 select user_id, program_id, 0, pending, qualified, rewarded, cancelled from recounted_standings`,
		`insert into earnings (user_id, program_id, currency, minor) select user_id, program_id, currency, minor from recounted_earnings`,
		`vacuum (analyze)`,
		`checkpoint`,
	} {
		if _, err := w.pool.Exec(ctx, statement); err != nil {
			return fmt.Errorf("multiply: %w", err)
		}
	}
	fmt.Fprintf(w.progress, "  in %s\n", time.Since(began).Round(time.Second))
	return nil
}

func (r *report) addAPI(s series) {
	for name, figures := range s {
		r.Latencies[name+", p99"] = spreadOf(figures)
	}
	r.Ratios[ratioValidate] = s.ratio(nameValidate, nameSelect)
	r.Ratios[ratioStats] = s.ratio(nameStats, nameSelect)
	r.Ratios[ratioBareValidate] = s.ratio(nameValidate, nameBare)
	r.Ratios[ratioBareStats] = s.ratio(nameStats, nameBare)
}

// mustBeQuick fails when an answer takes more than its share.
func (r *report) mustBeQuick() error {
	for _, name := range []string{ratioValidate, ratioStats} {
		if found := r.Ratios[name].Median; found > mostOfASelect {
			return fmt.Errorf("%s is %.2f, more than %.0f", name, found, mostOfASelect)
		}
	}
	return nil
}
