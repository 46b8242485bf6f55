package store

import (
	"context"
	"flag"
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

func TestMain(m *testing.M) {
	// Every run of a property has a database of its own; -rapid.checks asks for more of them.
	if err := flag.Set("rapid.checks", "30"); err != nil {
		panic(err)
	}
	testkit.Run(m, func(ctx context.Context, dsn string) error {
		_, err := Migrate(ctx, dsn)
		return err
	})
}
