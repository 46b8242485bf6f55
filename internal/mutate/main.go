// Command mutate breaks the rules one at a time and asks whether a test notices: make mutate. Each mutant is the source of a
// package with one thing wrong (a comparison flipped, a check dropped, a sign swapped, a statement or a field left out); it
// is compiled in place of the original, in memory, and the package's own tests run against it. A mutant that they pass
// has survived: a rule that could be broken unseen. Some survive because they mean the same as the original; those are
// listed in equivalent.txt, each with the reason.
//
// It owns the breaking and nothing that is broken, and reaches nothing of plusone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"
	"time"
)

// options are what to break, and how.
type options struct {
	packages   []string
	equivalent string         // the file with the mutants that mean the same
	only       *regexp.Regexp // the mutants to try, by name; nil for all
	workers    int
	timeout    time.Duration // of the tests of one mutant: those that run on for so long have noticed
	testArgs   []string      // for the test binaries
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit code: 0 when every mutant was noticed or is listed, 1 when not, 2 when it was called wrongly.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "mutate:", err)
		return 2
	}
	if err := mutate(ctx, o, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "mutate:", err)
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: go run ./internal/mutate [flags] PACKAGE... [-- FLAGS-OF-THE-TESTS]")
		flags.PrintDefaults()
	}
	only := flags.String("only", "", "try only the mutants whose name matches this `expression`")
	flags.StringVar(&o.equivalent, "equivalent", "internal/mutate/equivalent.txt", "the `file` with the mutants that mean the same as the original")
	flags.IntVar(&o.workers, "workers", runtime.NumCPU(), "how `many` mutants at a time")
	flags.DurationVar(&o.timeout, "timeout", time.Minute, "how `long` the tests of one mutant may take; longer counts as noticed")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.packages = flags.Args()
	for i, a := range o.packages {
		if a == "--" {
			o.packages, o.testArgs = o.packages[:i], o.packages[i+1:]
			break
		}
	}
	if len(o.packages) == 0 || o.workers < 1 || o.timeout <= 0 {
		return o, errors.New("name at least one package; -workers and -timeout must be more than nothing")
	}
	if *only != "" {
		o.only, err = regexp.Compile(*only)
	}
	return o, err
}
