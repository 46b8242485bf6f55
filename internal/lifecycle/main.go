// Command lifecycle writes docs/lifecycle.md, the picture of a referral's life, from the table of legal moves in package
// referral, so that the picture can not differ from the rules: go run ./internal/lifecycle. With -check it writes
// nothing, and fails when the file is not what it would write. It reaches nothing but referral.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/plusone-dev/plusone/internal/referral"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

// run returns the exit code: 0 when the file is current now, 1 when it is not, 2 when it was called wrongly.
func run(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("lifecycle", flag.ContinueOnError)
	flags.SetOutput(stderr)
	check := flags.Bool("check", false, "write nothing; fail when the file is not current")
	file := flags.String("file", "docs/lifecycle.md", "the `file` to write, from the top of the repository")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "usage: go run ./internal/lifecycle [-check] [-file FILE]")
		return 2
	}
	want, err := page(referral.Moves())
	if err == nil && *check {
		err = compare(*file, want)
	} else if err == nil {
		err = os.WriteFile(*file, want, 0o644) //nolint:gosec // a page of the documentation, for everybody to read
	}
	if err != nil {
		fmt.Fprintln(stderr, "lifecycle:", err)
		return 1
	}
	return 0
}

func compare(file string, want []byte) error {
	got, err := os.ReadFile(file) //nolint:gosec // the caller's own file
	if err != nil {
		return fmt.Errorf("%w; go run ./internal/lifecycle writes it", err)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%s is not what the table in internal/referral/lifecycle.go says: run go run ./internal/lifecycle", file)
	}
	return nil
}
