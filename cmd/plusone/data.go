package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/plusone-dev/plusone/internal/store"
)

// dataFlag finds the servers of a running `plusone dev`.
type dataFlag struct {
	Data string `placeholder:"DIR" help:"The data folder of a running plusone dev, instead of the addresses of its servers."`
}

// devState is what a running `plusone dev` leaves in its data folder for the operator's tools.
type devState struct {
	URL         string `json:"url"`
	NATSURL     string `json:"nats_url"`
	DatabaseURL string `json:"database_url"`
	ShopURL     string `json:"shop_url,omitempty"`
}

const devStateFile = "running.json"

func (s devState) write(dir string) error {
	body, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, devStateFile), append(body, '\n'), 0o600)
}

// dataFile is where plusone dev keeps what it made.
func dataFile(dir, name string) string { return filepath.Join(dir, name) }

// forgetDevState is for the orderly end. After any other, the file stands for a server that does not answer.
func forgetDevState(dir string) { _ = os.Remove(filepath.Join(dir, devStateFile)) }

func readDevState(dir string) (s devState, err error) {
	body, err := os.ReadFile(filepath.Join(dir, devStateFile)) //nolint:gosec // the operator says which
	if errors.Is(err, fs.ErrNotExist) {
		return s, notRunning(dir)
	}
	if err == nil {
		err = json.Unmarshal(body, &s)
	}
	if err != nil {
		return s, fmt.Errorf("the state of plusone dev in %s: %w", dir, err)
	}
	return s, nil
}

func notRunning(dir string) error {
	return fmt.Errorf("no plusone dev runs on %s: start it with `plusone dev --data %s`, or name the servers with --database-url and --nats-url", dir, dir)
}

// database is the address of the database that the flags name.
func (f dataFlag) database(db databaseFlags) (url string, err error) {
	if f.Data != "" {
		s, err := readDevState(f.Data)
		if err != nil {
			return "", err
		}
		db.DatabaseURL = s.DatabaseURL
	}
	if db.DatabaseURL == "" {
		return "", refuse([]string{"which database? Give --database-url (DATABASE_URL), or --data DIR for a running plusone dev"})
	}
	return db.DatabaseURL, refuse(db.problems())
}

// nats is the address of the stream that the flags name.
func (f dataFlag) nats(address natsAddress) (natsAddress, error) {
	if f.Data != "" {
		s, err := readDevState(f.Data)
		return natsAddress{NATSURL: s.NATSURL}, err
	}
	if address.NATSURL == "" {
		return address, refuse([]string{"which stream? Give --nats-url (NATS_URL), or --data DIR for a running plusone dev"})
	}
	return address, refuse(address.problems())
}

// withDatabase opens the database that the flags name, for as long as use takes.
func (f dataFlag) withDatabase(ctx context.Context, db databaseFlags, use func(*store.Database) error, options ...store.PoolOption) error {
	url, err := f.database(db)
	if err != nil {
		return err
	}
	pool, err := store.Open(ctx, url, options...)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := pool.Ping(ctx); err != nil {
		if f.Data != "" { // it was killed, and could not take its state away
			return notRunning(f.Data)
		}
		return fmt.Errorf("the database can not be reached: %w", err)
	}
	return use(store.NewDatabase(pool))
}
