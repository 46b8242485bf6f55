// Command bench measures plusone against yardsticks of the same run, on this machine: make bench. An absolute figure says
// little on a machine that is shared and noisy, so everything is measured in turn, round after round, and what counts are
// the ratios within a round. docs/performance.md says what each figure means.
//
// It owns the measuring and nothing that is measured: the worker, the store, the stream and the door are plusone's own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// options are how much to measure.
type options struct {
	quick    bool
	rounds   int
	people   int    // referrals preloaded
	events   int    // drained by the worker in each round
	yard     int    // transactions of the yardstick in each round
	seconds  int    // of each measurement of a door
	samples  int    // of the idle latency
	json     string // where the result goes
	recorded string // the result to compare with: less than half of one of its ratios fails
	binary   string // plusone, built
	dir      string // where the data of the run lies: on the disk that is to be measured
	profile  string // where the worker's CPU profile goes
	only     string // the parts to run

	concurrency int  // batches of a worker at a time
	statements  bool // say what each statement of the worker costs PostgreSQL
}

func main() {
	debug.SetGCPercent(800) // as plusone's roles have it
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit code: 0 when all was measured and nothing fell below what was recorded, 1 when not, 2 when it was
// called wrongly.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && (args[0] == beNATS || args[0] == beHTTP || args[0] == beSelect) {
		if err := beServer(ctx, args, os.Stdin, stdout); err != nil {
			fmt.Fprintf(stderr, "bench: %s: %v\n", args[0], err)
			return 1
		}
		return 0
	}
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	}
	if err := measure(ctx, o, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&o.quick, "quick", false, "measure little, in some two minutes")
	flags.IntVar(&o.rounds, "rounds", 0, "how many `rounds` (0: five, three when quick)")
	flags.StringVar(&o.json, "json", "", "write the result to this `file`")
	flags.StringVar(&o.recorded, "recorded", "", "fail below half of the ratios in this `file`")
	flags.StringVar(&o.binary, "binary", "bin/plusone", "the plusone `program` whose roles are measured")
	flags.StringVar(&o.dir, "dir", ".bench", "the `folder` for the run's data, made anew and removed")
	flags.StringVar(&o.profile, "profile", "", "write a CPU profile of the draining worker to this `file`")
	flags.IntVar(&o.concurrency, "concurrency", 4, "how many `batches` the worker has in hand at a time")
	flags.BoolVar(&o.statements, "statements", false, "show what the worker's statements cost PostgreSQL (this slows everything down)")
	flags.StringVar(&o.only, "only", "", "run only these `parts`: worker, door, idle; or api, which nothing else runs with")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is not understood: there are only flags", flags.Arg(0))
	}
	o.people, o.events, o.yard, o.seconds, o.samples = 1_000_000, 100_000, 40_000, 5, 1000
	rounds, most := 5, 8
	if o.quick {
		o.people, o.events, o.yard, o.seconds, o.samples = 100_000, 20_000, 8_000, 2, 300
		rounds, most = 3, 3
	}
	if o.only == partAPI {
		o.samples = 8_000 // of each measurement
	}
	if o.rounds == 0 {
		o.rounds = rounds
	}
	if o.rounds < 1 || o.rounds > most {
		return o, fmt.Errorf("-rounds must be from 1 to %d: nobody buys for the first time twice, and there are people for that many", most)
	}
	return o, nil
}
