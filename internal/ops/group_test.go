package ops

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// diary notes in which order parts stopped.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) part(name string, takes time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		<-ctx.Done()
		time.Sleep(takes)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.lines = append(d.lines, name)
		return ctx.Err()
	}
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, " ")
}

func TestGroupStopsInReverse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		g := NewGroup(quiet, time.Minute)
		g.OnStop("pool", func() error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.lines = append(d.lines, "pool")
			return nil
		})
		g.Add("stream", d.part("stream", time.Second))
		g.Add("worker", d.part("worker", 10*time.Second))
		g.Add("once", func(context.Context) error { return nil }) // being done is no reason to stop
		g.Add("door", d.part("door", 2*time.Second))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Hour, cancel)
		if err := g.Run(ctx); err != nil {
			t.Error(err)
		}
		if got := d.String(); got != "door worker stream pool" {
			t.Errorf("stopped in the order %s", got)
		}
	})
}

func TestGroupStopsWhenAPartFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		broken := errors.New("broken")
		g := NewGroup(quiet, time.Minute)
		g.Add("pool", d.part("pool", 0))
		g.Add("worker", func(context.Context) error { time.Sleep(time.Second); return broken })
		err := g.Run(t.Context())
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), "worker: broken") {
			t.Errorf("error %v", err)
		}
		if got := d.String(); got != "pool" {
			t.Errorf("stopped: %s", got)
		}
	})
}

func TestGroupEndsWhenAllIsDone(t *testing.T) {
	g := NewGroup(quiet, time.Minute)
	g.Add("once", func(context.Context) error { return nil })
	if err := g.Run(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestGroupLeavesBehindWhatDoesNotStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		release := make(chan struct{})
		g := NewGroup(quiet, 5*time.Second)
		g.Add("pool", d.part("pool", 0))
		g.Add("deaf", func(context.Context) error { <-release; return nil })
		g.Add("door", d.part("door", time.Second))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		begin := time.Now()
		err := g.Run(ctx)
		if err == nil || !strings.Contains(err.Error(), "deaf: did not stop within 5s") {
			t.Errorf("error %v", err)
		}
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("it took %s", took)
		}
		synctest.Wait()
		if got := d.String(); got != "door pool" {
			t.Errorf("stopped: %s; the pool is to be told, late or not", got)
		}
		close(release)
	})
}
