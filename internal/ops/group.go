package ops

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Group runs the parts of a process and stops them in order. Add what others depend on first: parts are started in the
// order they were added and stopped one after the other in reverse, so that a door closes before the stream behind it.
type Group struct {
	log   *slog.Logger
	limit time.Duration
	parts []*part
}

type part struct {
	name string
	run  func(ctx context.Context) error
	stop context.CancelFunc
	done chan struct{}
	err  error // set before done is closed
}

// NewGroup makes a group. All of its parts together have limit to stop; those that are not finished by then are told to
// stop all the same, and left behind.
func NewGroup(log *slog.Logger, limit time.Duration) *Group {
	return &Group{log: log, limit: limit}
}

// Add adds a part that runs until its context ends. An error ends the whole group; a part that returns nil before is
// merely done.
func (g *Group) Add(name string, run func(ctx context.Context) error) {
	g.parts = append(g.parts, &part{name: name, run: run, done: make(chan struct{})})
}

// OnStop adds a part that does nothing until it is stopped, such as a pool that is closed when nobody uses it any more.
func (g *Group) OnStop(name string, stop func() error) {
	g.Add(name, func(ctx context.Context) error {
		<-ctx.Done()
		return stop()
	})
}

// Run starts all parts and returns when all have stopped: because ctx ended, because one failed, or because all were
// done. It returns what they failed with.
func (g *Group) Run(ctx context.Context) error {
	failed := make(chan struct{}, len(g.parts))
	for _, p := range g.parts {
		// A part's context outlives ctx: it ends when it is the part's turn to stop.
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		p.stop = cancel
		go func() {
			defer close(p.done)
			if p.err = p.run(own); p.err != nil {
				failed <- struct{}{}
			}
		}()
	}
	g.wait(ctx, failed)
	return g.stop()
}

// wait returns when there is a reason to stop.
func (g *Group) wait(ctx context.Context, failed <-chan struct{}) {
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for _, p := range g.parts {
			<-p.done
		}
	}()
	select {
	case <-ctx.Done():
		g.log.Info("stopping")
	case <-failed:
		g.log.Error("stopping, because a part failed")
	case <-finished:
	}
}

func (g *Group) stop() error {
	deadline := time.NewTimer(g.limit)
	defer deadline.Stop()
	late := false
	var errs []error
	for i := len(g.parts) - 1; i >= 0; i-- {
		p := g.parts[i]
		p.stop()
		if !late {
			select {
			case <-p.done:
			case <-deadline.C:
				late = true
			}
		}
		select {
		case <-p.done:
			if p.err != nil && !errors.Is(p.err, context.Canceled) {
				errs = append(errs, fmt.Errorf("%s: %w", p.name, p.err))
			}
		default:
			errs = append(errs, fmt.Errorf("%s: did not stop within %s", p.name, g.limit))
		}
	}
	return errors.Join(errs...)
}
