package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed yardstick/*.sql
var yardstickSQL embed.FS

// yardstick is how a worker that takes one event in each transaction would do, at its best: pgbench sends the statements,
// prepared, from eight connections, and knows every key beforehand. There is no stream, no JSON and no decision in it.
type yardstick struct {
	pgbench string
	scripts string // the folder they are in
	dsn     string
	people  population
	runs    int // so far
}

const yardstickClients = 8

func newYardstick(bin, dir, dsn string, p population) (*yardstick, error) {
	y := &yardstick{pgbench: filepath.Join(bin, "pgbench"), scripts: dir, dsn: dsn, people: p}
	for _, name := range []string{"signup.sql", "purchase.sql", "refund.sql"} {
		sql, err := yardstickSQL.ReadFile("yardstick/" + name)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), sql, 0o600); err != nil {
			return nil, err
		}
	}
	return y, nil
}

var tps = regexp.MustCompile(`(?m)^tps = ([0-9.]+) \(without initial connection time\)`)

// run runs so many transactions and returns events a second. The types that nobody reads are counted, though they cost
// the yardstick nothing: of a hundred events it has ninety to do.
func (y *yardstick) run(ctx context.Context, transactions int) (float64, error) {
	cfg, err := pgx.ParseConfig(y.dsn)
	if err != nil {
		return 0, err
	}
	_, buyers := y.people.buyers()
	_, returners := y.people.returners()
	args := []string{
		"--client=" + strconv.Itoa(yardstickClients), "--jobs=2", "--protocol=prepared", "--no-vacuum",
		"--transactions=" + strconv.Itoa(transactions/yardstickClients),
	}
	for name, value := range map[string]int{
		"first_signup": y.runs * transactions, "first_purchase": y.runs * reserved(transactions, 60), "first_refund": y.runs * reserved(transactions, 10),
		"clients": yardstickClients, "people": y.people.people, "referrers": y.people.referrers, "pending": y.people.pending(),
		"buyers_from": buyers.from, "buyers": buyers.size, "returners_from": returners.from, "returners": returners.size,
		"n_signup": 0, "n_purchase": 0, "n_refund": 0,
	} {
		args = append(args, fmt.Sprintf("--define=%s=%d", name, value))
	}
	for script, weight := range map[string]int{"signup": 40, "purchase": 45, "refund": 5} {
		args = append(args, fmt.Sprintf("--file=%s@%d", filepath.Join(y.scripts, script+".sql"), weight))
	}
	y.runs++
	cmd := exec.CommandContext(ctx, y.pgbench, args...) //nolint:gosec // PostgreSQL's own
	cmd.Env = append(os.Environ(), "PGHOST="+cfg.Host, "PGPORT="+strconv.Itoa(int(cfg.Port)), "PGUSER="+cfg.User, "PGPASSWORD="+cfg.Password, "PGDATABASE="+cfg.Database)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, lastLines(stderr.String()))
	}
	found := tps.FindStringSubmatch(stdout.String())
	if found == nil || !strings.Contains(stdout.String(), "number of failed transactions: 0 ") {
		return 0, errors.New("pgbench's answer is not understood, or transactions failed: " + stdout.String())
	}
	rate, err := strconv.ParseFloat(found[1], 64)
	return rate / 0.9, err
}

// reserved is how many events of a kind a run may make, in percent of its transactions: more than its share, for pgbench
// draws lots.
func reserved(transactions, percent int) int { return transactions * percent / 100 }

// lastLines is the end of what a program had to say.
func lastLines(text string) string {
	text = strings.TrimSpace(text)
	return text[max(0, len(text)-600):]
}
