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
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands are what the program can be told to do.
type commands struct {
	Ingress  ingressCommand  `cmd:"" help:"Take Stripe's webhooks and sign-up events, and publish them to the stream."`
	Worker   workerCommand   `cmd:"" help:"Turn events into facts, assess referrals, post rewards; run the clock and the outbox."`
	API      apiCommand      `cmd:"" name:"api" help:"Answer who has what, and why, and take decisions."`
	Dev      devCommand      `cmd:"" help:"Run all of it on this machine, with an embedded NATS server and a private PostgreSQL."`
	Migrate  migrateCommand  `cmd:"" help:"Bring the database's schema up to date."`
	Streams  streamsCommand  `cmd:"" help:"Make the streams, where the roles may not."`
	Program  programCommand  `cmd:"" help:"Apply, show or preview the terms of a program."`
	Referral referralCommand `cmd:"" help:"Decide about a referral, by hand and with a reason; list what waits for another fact."`
	User     userCommand     `cmd:"" help:"Say what became known of a user, or have them forgotten."`
	Code     codeCommand     `cmd:"" help:"Give a user a code."`
	Token    tokenCommand    `cmd:"" help:"Make, list and revoke the tokens of your services."`
	Import   importCommand   `cmd:"" help:"Bring sign-ups, codes and referrals from CSV files, through the stream."`
	Audit    auditCommand    `cmd:"" help:"Ask the database whether every law holds; exit 1 when one is broken."`
	Simulate simulateCommand `cmd:"" help:"Make up a business, tell a plusone of it, and compare what came of it with what should; exit 1 on any difference, and on any event that did not get in."`
	Health   healthCommand   `cmd:"" help:"Ask a role on this machine whether it is ready; exit 1 when it is not."`
	Version  versionCommand  `cmd:"" help:"Say which build this is."`
}

// errBroken ends the program with 1 after it has said all there is to say.
var errBroken = errors.New("")

// streams are where a command reads and writes.
type streams struct{ out, err io.Writer }

// The exit codes. 1 also says that a law is broken.
const (
	exitFailed = 1
	exitUsage  = 2 // the command line or the configuration can not work: trying again will not help
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for the first one's work
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdout, os.Stderr}))
}

// run is the program as a value: arguments in, an exit code out, until it is done or told to stop.
func run(ctx context.Context, args []string, std streams) int {
	tuneMemory()
	var cli commands
	exit := -1
	parser := kong.Must(&cli,
		kong.Name("plusone"),
		kong.Description("A self-hosted referral engine for businesses that take payments through Stripe.\n\n"+
			"Flags can be set in the environment where their help names a variable; a variable NAME may be given\n"+
			"as NAME_FILE, the path of a file with its value in it."),
		kong.Writers(std.out, std.err),
		kong.Exit(func(code int) { exit = code }),
		kong.Resolvers(secretFiles{}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std),
	)
	command, err := parser.Parse(args)
	if exit >= 0 { // --help
		return exit
	}
	if err == nil {
		err = command.Run()
	}
	return conclude(std.err, err)
}

// conclude says what went wrong, if anything, and how to ask for help with it.
func conclude(w io.Writer, err error) int {
	var usage *kong.ParseError
	var configuration *configurationError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errBroken):
		return exitFailed
	case errors.As(err, &usage):
		fmt.Fprintf(w, "plusone: %v\nRun `%s` to see what there is.\n", err, helpOn(usage.Context))
		return exitUsage
	}
	fmt.Fprintf(w, "plusone: %v\n", err)
	if errors.As(err, &configuration) {
		return exitUsage
	}
	return exitFailed
}

// helpOn is the command line that shows the help for what was asked, as far as it was understood.
func helpOn(asked *kong.Context) string {
	line := "plusone "
	if asked != nil && asked.Command() != "" {
		line += strings.TrimSpace(asked.Command()) + " "
	}
	return line + "--help"
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
