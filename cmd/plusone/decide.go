package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/ops"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
)

// decideFlags say where a decision is published, and how that is shown.
type decideFlags struct {
	natsAddress
	dataFlag
	JSON bool `help:"Print JSON."`
}

// reasonFlags say who decided, and why.
type reasonFlags struct {
	By  string `required:"" placeholder:"NAME" help:"Who decides: a name or an address inside the business."`
	Why string `required:"" placeholder:"TEXT" help:"The reason, for whoever asks later."`
}

func (f reasonFlags) reasonProblems() (all []string) {
	if strings.TrimSpace(f.By) == "" {
		all = append(all, "--by is empty: who decides?")
	}
	if strings.TrimSpace(f.Why) == "" {
		all = append(all, "--why is empty: what is the reason?")
	}
	return all
}

// publish has the stream take a decision, and shows it.
func (f decideFlags) publish(std streams, say func(*decide.Desk) (decide.Published, error)) error {
	address, err := f.nats(f.natsAddress)
	if err != nil {
		return err
	}
	log, err := ops.NewLogger(std.err, "warn", "auto")
	if err != nil {
		return err
	}
	nc, err := stream.Connect(address.NATSURL, "plusone decide", log, address.options()...)
	if err != nil {
		if f.Data != "" { // it was killed, and could not take its state away
			return notRunning(f.Data)
		}
		return err
	}
	defer nc.Close()
	pub, err := stream.NewPublisher(nc, stream.PublisherOptions{})
	if err != nil {
		return err
	}
	published, err := say(decide.New(pub, "/plusone/cli", slog.New(slog.DiscardHandler), nil)) // what is printed is its log
	if why := decide.Refused(err); why != "" {
		return errors.New(strings.ReplaceAll(why, "data.", ""))
	}
	if err != nil {
		return err
	}
	return f.show(std, published)
}

// show prints an event that the stream has.
func (f decideFlags) show(std streams, p decide.Published) error {
	if f.JSON {
		out := json.NewEncoder(std.out)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		return out.Encode(struct {
			Subject string          `json:"subject"`
			Event   json.RawMessage `json:"event"`
		}{p.Subject, p.Text})
	}
	var event struct {
		Data map[string]string `json:"data"`
	}
	if err := json.Unmarshal(p.Text, &event); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "published %s as %s; the worker applies it in a moment\n", p.Type, p.ID)
	for _, name := range slices.Sorted(maps.Keys(event.Data)) {
		fmt.Fprintf(std.out, "  %-13s  %s\n", name, event.Data[name])
	}
	return nil
}

// nameReferral finds by which referee and code a referral is named in events.
func nameReferral(ctx context.Context, d dataFlag, db databaseFlags, id int64) (referee, code string, err error) {
	err = d.withDatabase(ctx, db, func(s *store.Database) (err error) {
		referee, code, err = s.NameReferral(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			err = fmt.Errorf("no referral has the id %d", id)
		}
		if errors.Is(err, store.ErrErased) {
			err = fmt.Errorf("the referee of referral %d was erased: decisions name the referee, who has no name any more", id)
		}
		return err
	})
	return referee, code, err
}
