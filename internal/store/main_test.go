package store

import (
	"context"
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Run(m, func(ctx context.Context, dsn string) error {
		_, err := Migrate(ctx, dsn)
		return err
	})
}
