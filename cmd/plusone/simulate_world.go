package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/plusone-dev/plusone/internal/program"
	"github.com/plusone-dev/plusone/internal/simulate"
	"github.com/plusone-dev/plusone/internal/store"
)

// simulatedDatabase is what a simulation asks of the store.
type simulatedDatabase struct{ *store.Database }

// Codes are the codes that people hand out.
func (d *simulatedDatabase) Codes(ctx context.Context, users []string) (map[string]string, error) {
	return d.CodesOf(ctx, users)
}

// Referrals are those of referees.
func (d *simulatedDatabase) Referrals(ctx context.Context, referees []string) ([]simulate.Referral, error) {
	rows, err := d.StandingsOf(ctx, referees)
	all := make([]simulate.Referral, 0, len(rows))
	for _, r := range rows {
		standing := simulate.Standing{Status: string(r.Status), Reason: string(r.Reason)}
		all = append(all, simulate.Referral{Referee: r.Referee, Referrer: r.Referrer, Standing: standing})
	}
	return all, err
}

// Balances are those of users.
func (d *simulatedDatabase) Balances(ctx context.Context, users []string) ([]simulate.Balance, error) {
	rows, err := d.BalancesOf(ctx, users)
	all := make([]simulate.Balance, 0, len(rows))
	for _, r := range rows {
		all = append(all, simulate.Balance{User: r.UserID, Currency: string(r.Amount.Currency), Minor: r.Amount.Minor})
	}
	return all, err
}

// Rewards are the sums of what was posted.
func (d *simulatedDatabase) Rewards(ctx context.Context, referees []string) ([]simulate.Reward, error) {
	rows, err := d.PostedFor(ctx, referees)
	all := make([]simulate.Reward, 0, len(rows))
	for _, r := range rows {
		all = append(all, simulate.Reward{Currency: string(r.Granted.Currency), Granted: r.Granted.Minor, Revoked: r.Revoked.Minor})
	}
	return all, err
}

// rules are those in force; without a database, which alone knows them, those of the default program.
func (s *simulation) rules(ctx context.Context) (simulate.Rules, error) {
	source, version, since := string(program.Default()), 0, time.Time{}
	if s.db != nil {
		var err error
		if source, version, since, err = s.db.Program(ctx, "default"); err != nil {
			return simulate.Rules{}, err
		}
	}
	terms, err := program.Parse("program", []byte(source))
	if err != nil {
		return simulate.Rules{}, err
	}
	rules, err := rulesOf(terms)
	rules.Version, rules.Since = version, since
	if err != nil || s.db == nil {
		return rules, err
	}
	if err := rules.Check(s.began, s.cmd.For+s.cmd.GiveUp+s.cmd.Timeout); err != nil {
		return rules, fmt.Errorf("what comes of the program in force can not be foreseen:\n%w", err)
	}
	return rules, nil
}

// simulatedAPI asks the API for codes, where there is no database.
type simulatedAPI struct {
	client     *http.Client
	url, token string
}

func (s *simulation) api() *simulatedAPI {
	a := &simulatedAPI{client: &http.Client{Timeout: 10 * time.Second}, url: s.cmd.API, token: s.cmd.EventsToken[0]}
	if a.url == "" {
		a.url = s.cmd.Target[0]
	}
	if len(s.cmd.APIToken) > 0 {
		a.token = s.cmd.APIToken[0]
	}
	return a
}

// check says whether there is an API that answers us. An ingress alone knows no codes.
func (a *simulatedAPI) check(ctx context.Context) error {
	status, _, err := a.get(ctx, "/v1/referrals?limit=1&referee=nobody")
	if err != nil {
		return fmt.Errorf("the API at %s can not be asked for codes: %w", a.url, err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("codes are to be asked for, and %s answers %d instead of an API: name the database (--database-url), "+
			"or the API (--api) and its token (--api-token)", a.url, status)
	}
	return nil
}

// Codes asks for one after the other, as far as it gets. Who is not known yet has none.
func (a *simulatedAPI) Codes(ctx context.Context, users []string) (map[string]string, error) {
	codes := map[string]string{}
	for _, user := range users {
		status, body, err := a.get(ctx, "/v1/users/"+url.PathEscape(user))
		if err != nil {
			return codes, err
		}
		var answer struct {
			Code string `json:"referral_code"`
		}
		switch {
		case status == http.StatusNotFound:
		case status != http.StatusOK:
			return codes, fmt.Errorf("the API at %s, asked for a code, answers %d", a.url, status)
		case json.Unmarshal(body, &answer) == nil && answer.Code != "":
			codes[user] = answer.Code
		}
	}
	return codes, nil
}

func (a *simulatedAPI) get(ctx context.Context, path string) (status int, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+path, nil)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	res, err := a.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	body, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, body, errors.Join(err, res.Body.Close())
}
