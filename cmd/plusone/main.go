// Command plusone is a self-hosted referral engine for businesses that take payments through Stripe: one binary, one
// role a process.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands are what the program can be told to do.
type commands struct {
	Ingress ingressCommand `cmd:"" help:"Take Stripe's webhooks and sign-up events, and publish them to the stream."`
	Worker  workerCommand  `cmd:"" help:"Turn events into facts, assess referrals, post rewards; run the clock and the outbox."`
	API     apiCommand     `cmd:"" name:"api" help:"Answer who has what, and why."`
	Dev     devCommand     `cmd:"" help:"Run all of it on this machine, with an embedded NATS server and a private PostgreSQL."`
	Migrate migrateCommand `cmd:"" help:"Bring the database's schema up to date."`
	Program programCommand `cmd:"" help:"Apply or show the terms of the program."`
	Audit   auditCommand   `cmd:"" help:"Ask the database whether every law holds; exit 1 when one is broken."`
	Version versionCommand `cmd:"" help:"Say which build this is."`
}

// errBroken ends the program with 1 after it has said all there is to say.
var errBroken = errors.New("")

// streams are where a command reads and writes.
type streams struct{ out, err io.Writer }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// run is the program as a value: arguments in, an exit code out, until it is done or told to stop.
func run(ctx context.Context, args []string, std streams) int {
	var cli commands
	exit := -1
	parser, err := kong.New(&cli,
		kong.Name("plusone"),
		kong.Description("A self-hosted referral engine for businesses that take payments through Stripe.\n\n"+
			"Every flag can be set in the environment, as its help says; a variable NAME that holds a secret may be given\n"+
			"as NAME_FILE, the path of a file with the secret in it."),
		kong.Writers(std.out, std.err),
		kong.Exit(func(code int) { exit = code }),
		kong.Resolvers(secretFiles{}),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std),
	)
	if err != nil {
		panic(err) // a mistake in the tags above
	}
	command, err := parser.Parse(args)
	if exit >= 0 { // --help
		return exit
	}
	if err != nil {
		fmt.Fprintf(std.err, "plusone: %v\n", err)
		return 2
	}
	if err := command.Run(); err != nil {
		if !errors.Is(err, errBroken) {
			fmt.Fprintf(std.err, "plusone: %v\n", err)
		}
		return 1
	}
	return 0
}

// version is set when a release is built.
var version = ""

type versionCommand struct{}

// Run says which build this is.
func (versionCommand) Run(std streams) error {
	_, err := fmt.Fprintln(std.out, buildVersion())
	return err
}

func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
