package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/plusone-dev/plusone/internal/imports"
)

// importCommand brings what is known elsewhere, from CSV files. It publishes events, and never touches the database.
type importCommand struct {
	Users     importUsersCommand     `cmd:"" help:"Publish a sign-up for each row: user_id, registered_at; username, email, email_verified, referral_code, stripe_customer_id, program, code, ip, device_id, source."`
	Codes     importCodesCommand     `cmd:"" help:"Publish a code of your choice for each row: user_id, code, at; program."`
	Referrals importReferralsCommand `cmd:"" help:"Publish who came with whose code for each row: user_id, referral_code, at (or registered_at); by, why."`
}

// importFlags are those of all files.
type importFlags struct {
	natsAddress
	dataFlag
	File     string `arg:"" placeholder:"FILE.csv" help:"A CSV file (RFC 4180) in UTF-8, whose first line names the columns."`
	At       string `placeholder:"TIME" help:"When it was, for the rows that do not say so: 2026-01-31T09:30:00Z."`
	DryRun   bool   `help:"Look at the whole file, and send nothing."`
	Resume   bool   `help:"Go on with an import of this file that was interrupted."`
	State    string `placeholder:"FILE" help:"Where to note how far it has come (default: FILE.csv.progress)."`
	InFlight int    `default:"1000" help:"How many rows to publish at a time (default ${default})."`
	JSON     bool   `help:"Print a summary in JSON."`
}

type importUsersCommand struct{ importFlags }

// Run imports sign-ups.
func (c *importUsersCommand) Run(ctx context.Context, std streams) error {
	return c.run(ctx, std, imports.Users, imports.Fill{At: c.At})
}

type importCodesCommand struct{ importFlags }

// Run imports codes.
func (c *importCodesCommand) Run(ctx context.Context, std streams) error {
	return c.run(ctx, std, imports.Codes, imports.Fill{At: c.At})
}

type importReferralsCommand struct {
	importFlags
	By  string `placeholder:"NAME" help:"Who says so, for the rows that do not name anybody."`
	Why string `default:"imported" placeholder:"TEXT" help:"The reason, for the rows that do not give one (default: ${default})."`
}

// Run imports attributions.
func (c *importReferralsCommand) Run(ctx context.Context, std streams) error {
	return c.run(ctx, std, imports.Referrals, imports.Fill{At: c.At, By: c.By, Why: c.Why})
}

// importer is a running import.
type importer struct {
	importFlags
	std   streams
	kind  imports.Kind
	fill  imports.Fill
	began time.Time
	file  *os.File
	out   imported
}

// imported is what is said of an import to machines.
type imported struct {
	File     string            `json:"file"`
	Kind     string            `json:"import"`
	DryRun   bool              `json:"dry_run"`
	Rows     int               `json:"rows"`     // that are as they should be
	Problems []imports.Problem `json:"problems"` // the first of them
	More     int               `json:"more_problems"`
	Resumed  int               `json:"resumed_after"` // rows that the stream had already
	Sent     int               `json:"sent"`          // rows that the stream has, these among them
	Done     bool              `json:"done"`          // it has all
	Seconds  float64           `json:"seconds"`
}

func (f importFlags) run(ctx context.Context, std streams, kind imports.Kind, fill imports.Fill) (err error) {
	if f.State == "" {
		f.State = f.File + ".progress"
	}
	i := &importer{importFlags: f, std: std, kind: kind, fill: fill, began: time.Now()}
	i.out = imported{File: f.File, Kind: kind.Name, DryRun: f.DryRun, Problems: []imports.Problem{}}
	if err := i.configure(); err != nil {
		return err
	}
	if i.file, err = openImport(f.File); err != nil {
		return err
	}
	defer i.file.Close() //nolint:errcheck // it was only read
	return i.conclude(i.run(ctx))
}

// configure says what is wrong with the flags before anything is read.
func (i *importer) configure() error {
	var all []string
	for _, p := range i.fill.Check(i.kind, i.began) {
		all = append(all, fmt.Sprintf("--%s: %s", flagOf(p.Name), p.Message))
	}
	if i.InFlight < 1 || i.InFlight > maxImportInFlight {
		all = append(all, fmt.Sprintf("--in-flight must be from 1 to %d", maxImportInFlight))
	}
	if i.DryRun && i.Resume {
		all = append(all, "--dry-run and --resume do not go together: one sends nothing, the other goes on sending")
	}
	if err := refuse(all); err != nil || i.DryRun {
		return err
	}
	address, err := i.nats(i.natsAddress)
	i.natsAddress = address
	return err
}

// maxImportInFlight keeps what is held in memory small: a row may have 64 KiB.
const maxImportInFlight = 10_000

// flagOf is the flag that fills a column.
func flagOf(column string) string {
	if column == "registered_at" {
		return "at"
	}
	return column
}

// openImport opens what can be read twice.
func openImport(name string) (*os.File, error) {
	f, err := os.Open(name) //nolint:gosec // the operator says which
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file: an import reads it twice, so save it as one", name)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// run looks at the whole file first: where one row is wrong, none is sent.
func (i *importer) run(ctx context.Context) error {
	show, hide := importProgress(i.std.err, "checking", 0)
	checked, err := imports.Check(ctx, i.file, i.kind, i.fill, i.began, show)
	hide()
	if err != nil {
		return interrupted(ctx, err, "nothing was sent")
	}
	i.out.Rows, i.out.More = checked.Rows, checked.More
	if len(checked.Problems) > 0 {
		i.out.Problems = checked.Problems
		return errBroken
	}
	if i.DryRun {
		return nil
	}
	if _, err := i.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return i.send(ctx, checked)
}
