//go:build !linux

package testkit

import "os"

// databaseBase is where the shared server keeps its databases.
func databaseBase() string { return os.TempDir() }
