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

// dataFlag finds the database of a running `plusone dev`.
type dataFlag struct {
	Data string `placeholder:"DIR" help:"The data folder of a running plusone dev, instead of --database-url."`
}

// devState is what a running `plusone dev` leaves in its data folder for the operator's tools.
type devState struct {
	URL         string `json:"url"`
	NATSURL     string `json:"nats_url"`
	DatabaseURL string `json:"database_url"`
}

const devStateFile = "running.json"

func (s devState) write(dir string) error {
	body, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, devStateFile), append(body, '\n'), 0o600)
}

func readDevState(dir string) (s devState, err error) {
	body, err := os.ReadFile(filepath.Join(dir, devStateFile)) //nolint:gosec // the operator says which
	if errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("no plusone dev runs on %s: start it with `plusone dev --data %s`, or name a database with --database-url", dir, dir)
	}
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(body, &s)
}

// withDatabase opens the database that the flags name, for as long as use takes.
func (f dataFlag) withDatabase(ctx context.Context, db databaseFlags, use func(*store.Reader) error) error {
	if f.Data != "" {
		s, err := readDevState(f.Data)
		if err != nil {
			return err
		}
		db.DatabaseURL = s.DatabaseURL
	}
	if db.DatabaseURL == "" {
		return errors.New("which database? Give --database-url (DATABASE_URL), or --data DIR for a running plusone dev")
	}
	pool, err := store.Open(ctx, db.DatabaseURL)
	if err != nil {
		return err
	}
	defer pool.Close()
	return use(store.NewReader(pool))
}
