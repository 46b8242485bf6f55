package main

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/plusone-dev/plusone/internal/stream"
)

// The durabilities: what an event that was answered for survives. docs/durability.md has the whole of it.
const (
	onDisk     = "disk"     // a power cut: the server flushes to the disk before it acknowledges
	onReplicas = "replicas" // the loss of a node: two of three servers have it, perhaps in memory
	inProcess  = "process"  // the crash of a process: the kernel has it
)

// durabilityFlags say what the role relies on when it takes the stream's word.
type durabilityFlags struct {
	Durability string `env:"PLUSONE_DURABILITY" enum:"disk,replicas,process" default:"disk" help:"What an acknowledged event survives: disk (a power cut: NATS must have sync_interval: always), replicas (the loss of one of three servers) or process (a crash of the process alone). Default ${default}."`
}

// publisher makes a publisher that suits the durability. Where every acknowledgement costs a flush to the disk, messages
// that are there together share one.
func (h *host) publisher(nc *nats.Conn, d durabilityFlags) (*stream.Publisher, error) {
	if d.Durability == onReplicas {
		js, err := jetstream.New(nc)
		if err != nil {
			return nil, err
		}
		h.health.Add("replicas", func(ctx context.Context) error { return replicated(ctx, js) })
	}
	return stream.NewPublisher(nc, stream.PublisherOptions{
		Grouped: d.Durability == onDisk, Metrics: stream.NewPublisherMetrics(h.reg),
	})
}

// replicated fails while the streams that are published to have fewer than three replicas: what is relied upon is not there.
func replicated(ctx context.Context, js jetstream.JetStream) error {
	for _, name := range []string{stream.In, stream.Out} {
		s, err := js.Stream(ctx, name)
		if err != nil {
			return err
		}
		if n := s.CachedInfo().Config.Replicas; n < 3 {
			return fmt.Errorf("--durability (PLUSONE_DURABILITY) is %s, and the stream %s is kept by %d server alone: run `plusone streams --stream-replicas 3`, or set it to %s", onReplicas, name, n, onDisk)
		}
	}
	return nil
}
