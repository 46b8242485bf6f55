//go:build !linux

package deploy

import (
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Run(m, migrate) }
