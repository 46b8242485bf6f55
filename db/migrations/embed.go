// Package migrations holds the schema, one numbered file a step.
package migrations

import "embed"

// FS has the files.
//
//go:embed *.sql
var FS embed.FS
