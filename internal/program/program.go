// Package program reads a program's YAML into referral.Terms and writes terms back as YAML.
// It owns the file's format: its keys, its defaults, its limits, and messages that say where to look and what to do.
// It is pure, and never reaches a file, a clock, the database or the network.
package program

import (
	_ "embed"
	"slices"

	"github.com/plusone-dev/plusone/internal/referral"
)

//go:embed default.yaml
var defaultYAML []byte

// Default is the YAML of the default program, commented for who sees it for the first time.
func Default() []byte { return slices.Clone(defaultYAML) }

// Parse reads a program. A key that is left out has the default program's value. The name is the file's, for messages.
//
// The error is an *Error with every problem of the file; only a file that is no YAML at all has no more than the first.
// Nothing is passed over in silence: what a later version of plusone will understand is refused here, by name.
func Parse(name string, source []byte) (referral.Terms, error) {
	return parse(name, source, defaults())
}

// defaults are the terms of the default program. They are read anew each time, so that no caller shares a map.
func defaults() referral.Terms {
	t, err := parse("default.yaml", defaultYAML, referral.Terms{})
	if err != nil {
		panic(err) // the file is a part of this package, and every test reads it
	}
	return t
}

func parse(name string, source []byte, base referral.Terms) (referral.Terms, error) {
	r := &reader{file: name}
	if root, ok := r.document(source); ok {
		readTerms(root.object("name: default"), &base)
	}
	if err := r.err(); err != nil {
		return referral.Terms{}, err
	}
	return base, nil
}
