package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plusone-dev/plusone/internal/usertoken"
)

// userSecret signs the tokens of those who ask.
const userSecret = "a secret that the users of nobody's business have"

// question asks once, of a person or code that is drawn anew each time, and says how long the answer took to be there.
type question func(ctx context.Context, r *rand.Rand) (time.Duration, error)

// questions are asked of the API, and of the database behind it.
type questions struct {
	people population
	pool   *pgxpool.Pool
	url    string
	client *http.Client
	asked  atomic.Uint32

	yardstick string // where the select is served
	progress  io.Writer
}

func (w *world) newQuestions(url, yardstick string) *questions {
	return &questions{
		people: w.people, pool: w.pool, url: url, yardstick: yardstick, progress: w.progress,
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: askers}, Timeout: 30 * time.Second},
	}
}

// p99 asks so many times, by several at a time, and returns what the slowest of a hundred took, in milliseconds.
func (q *questions) p99(ctx context.Context, n int, ask question) (float64, error) {
	var mu sync.Mutex
	var all []float64
	var errs [askers]error
	var group sync.WaitGroup
	for i := range askers {
		group.Go(func() {
			r := rand.New(rand.NewPCG(rand.Uint64(), uint64(i))) //nolint:gosec // nothing is secret here
			mine := make([]float64, 0, n/askers)
			for range n / askers {
				took, err := ask(ctx, r)
				if err != nil {
					errs[i] = err
					return
				}
				mine = append(mine, float64(took)/float64(time.Millisecond))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, mine...)
		})
	}
	group.Wait()
	slices.Sort(all)
	fmt.Fprintf(q.progress, "    half take %.2f ms, 99 of 100 %.2f, 999 of 1000 %.2f\n", quantile(all, 0.5), quantile(all, 0.99), quantile(all, 0.999))
	return quantile(all, 0.99), errors.Join(errs[:]...)
}

// code is anybody's, or in one of ten cases nobody's.
func (q *questions) code(r *rand.Rand) (code string, known bool) {
	if r.IntN(10) == 0 {
		return "NOBODYS" + strconv.Itoa(r.IntN(1000)), false
	}
	return codeName(1 + r.IntN(q.people.people+q.people.referrers)), true
}

// bareSelect is the same without HTTP, over a connection that is open.
func (q *questions) bareSelect(ctx context.Context, r *rand.Rand) (time.Duration, error) {
	code, known := q.code(r)
	var n int64
	began := time.Now()
	err := q.pool.QueryRow(ctx, selectCode, code).Scan(&n)
	took := time.Since(began)
	if err == nil && (n == 1) != known {
		err = fmt.Errorf("%w: code %s is there %d times", errMissing, code, n)
	}
	return took, err
}

// servedSelect is the yardstick where the API's answers are measured: over HTTP.
func (q *questions) servedSelect(ctx context.Context, r *rand.Rand) (time.Duration, error) {
	code, known := q.code(r)
	answer, took, err := q.send(ctx, q.yardstick, http.MethodGet, "/?code="+code, "", "Accept", "application/json")
	if err == nil && strings.Contains(answer, `"codes":1`) != known {
		err = fmt.Errorf("%w: code %s: %s", errMissing, code, answer)
	}
	return took, err
}

// validate asks as a visitor does, each from an address of their own.
func (q *questions) validate(ctx context.Context, r *rand.Rand) (time.Duration, error) {
	code, known := q.code(r)
	n := q.asked.Add(1)
	answer, took, err := q.send(ctx, q.url, http.MethodPost, "/referral/validate", `{"referral_code":"`+code+`"}`,
		"X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255))
	if err == nil && strings.Contains(answer, `"valid":true`) != known {
		err = fmt.Errorf("%w: code %s: %s", errMissing, code, answer)
	}
	return took, err
}

// stats asks as a referrer: one of those with some ninety referrals, or in one of twenty cases one of the ten with as many as
// there are people to share among them.
func (q *questions) stats(ctx context.Context, r *rand.Rand) (time.Duration, error) {
	id, least := q.people.people+1+r.IntN(q.people.referrers), 50
	if r.IntN(20) == 0 {
		id, least = 1+r.IntN(10), q.people.people/10
	}
	token, err := usertoken.Mint(userSecret, userName(id), time.Now(), time.Hour)
	if err != nil {
		return 0, err
	}
	answer, took, err := q.send(ctx, q.url, http.MethodGet, "/referral/stats", "", "Authorization", "Bearer "+token)
	if err != nil {
		return 0, err
	}
	return took, mustHaveReferrals(answer, least)
}

// send times a request from its first byte until the last of the answer is there.
func (q *questions) send(ctx context.Context, base, method, path, body string, header ...string) (string, time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
	if err != nil {
		return "", 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(header[0], header[1])
	began := time.Now()
	res, err := q.client.Do(req)
	if err != nil {
		return "", 0, err
	}
	text, err := io.ReadAll(res.Body)
	took := time.Since(began)
	if err == nil {
		err = res.Body.Close()
	}
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %d: %s", method, path, res.StatusCode, text)
	}
	return string(text), took, err
}

// mustHaveReferrals checks that stats are of somebody who has about as many as they should.
func mustHaveReferrals(answer string, least int) error {
	var stats struct {
		Funnel struct {
			SignUps int `json:"sign_ups"`
		}
		Referrals []struct{}
	}
	if err := json.Unmarshal([]byte(answer), &stats); err != nil {
		return err
	}
	if stats.Funnel.SignUps < least || len(stats.Referrals) == 0 {
		return fmt.Errorf("%w: fewer than %d referrals: %.500s", errMissing, least, answer)
	}
	return nil
}
