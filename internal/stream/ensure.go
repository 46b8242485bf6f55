package stream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// deadRoom is kept free in every message of In and Out below the server's max_payload, so that each of them still fits
// when its dead letter adds headers. Without it a message of the greatest size could be neither processed nor given up.
const deadRoom = 8 << 10

// Config says how the streams are kept. A zero field takes the default on a new stream and leaves an existing one as
// it is, except for the ages, which are always set.
type Config struct {
	Replicas     int           // 1 or 3; 1 by default
	MaxAge       time.Duration // of In and Out; 30 days by default. Dead letters never grow too old
	Duplicates   time.Duration // how long a message id is remembered; 10 minutes by default
	MaxBytes     int64         // of In and of Out, each; unlimited by default
	DeadMaxBytes int64         // of Dead; unlimited by default. When Dead is full, what it refuses stays in In
}

func (c Config) withDefaults() Config {
	if c.MaxAge == 0 {
		c.MaxAge = 30 * 24 * time.Hour
	}
	if c.Duplicates == 0 {
		c.Duplicates = 10 * time.Minute
	}
	return c
}

func (c Config) validate() error {
	var errs []error
	if !slices.Contains([]int{0, 1, 3}, c.Replicas) {
		errs = append(errs, fmt.Errorf("replicas must be 1 or 3, not %d", c.Replicas))
	}
	if c.MaxAge < 0 || c.Duplicates < 0 || c.MaxBytes < 0 || c.DeadMaxBytes < 0 {
		errs = append(errs, errors.New("ages and sizes cannot be negative"))
	}
	if c.Duplicates > c.MaxAge {
		errs = append(errs, fmt.Errorf("the duplicates window (%s) cannot exceed the maximum age (%s)", c.Duplicates, c.MaxAge))
	}
	return errors.Join(errs...)
}

// wanted is what we require of one stream; everything else about it is the operator's.
type wanted struct {
	name, subject string
	maxAge        time.Duration
	maxBytes      int64
	maxMsgSize    int32
}

// Ensure creates the three streams, or brings existing ones to the configuration. It may be run any number of times
// and by several processes at once; settings that plusone does not care about (placement, compression) are left alone.
func Ensure(ctx context.Context, js jetstream.JetStream, c Config) error {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return fmt.Errorf("stream: configuration: %w", err)
	}
	size := maxMsgSize(js.Conn().MaxPayload())
	for _, w := range []wanted{
		{name: In, subject: InPrefix + ">", maxAge: c.MaxAge, maxBytes: c.MaxBytes, maxMsgSize: size},
		{name: Out, subject: OutPrefix + ">", maxAge: c.MaxAge, maxBytes: c.MaxBytes, maxMsgSize: size},
		{name: Dead, subject: DeadPrefix + ">", maxBytes: c.DeadMaxBytes},
	} {
		if err := ensureOne(ctx, js, c, w); err != nil {
			return fmt.Errorf("stream: %s: %w", w.name, classify(err))
		}
	}
	return nil
}

func ensureOne(ctx context.Context, js jetstream.JetStream, c Config, w wanted) error {
	existing, err := js.Stream(ctx, w.name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = js.CreateStream(ctx, apply(jetstream.StreamConfig{Name: w.name, Replicas: 1}, c, w))
		if !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return err
		}
		// Another process was faster, with other settings: bring what it made to ours.
		existing, err = js.Stream(ctx, w.name)
	}
	if err != nil {
		return err
	}
	have := existing.CachedInfo().Config
	if err := compatible(have); err != nil {
		return err
	}
	want := apply(have, c, w)
	if reflect.DeepEqual(have, want) {
		return nil // nothing to do needs no permission to do it
	}
	_, err = js.UpdateStream(ctx, want)
	return err
}

// compatible refuses what no update can change.
func compatible(have jetstream.StreamConfig) error {
	if have.Storage != jetstream.FileStorage {
		return fmt.Errorf("it exists with %s storage, and must be on file", have.Storage)
	}
	if have.Retention != jetstream.LimitsPolicy {
		return fmt.Errorf("it exists with retention %s, and must have limits", have.Retention)
	}
	return nil
}

func apply(s jetstream.StreamConfig, c Config, w wanted) jetstream.StreamConfig {
	s.Retention, s.Storage, s.Discard = jetstream.LimitsPolicy, jetstream.FileStorage, jetstream.DiscardNew
	s.MaxAge, s.Duplicates = w.maxAge, c.Duplicates
	if !slices.Contains(s.Subjects, w.subject) {
		s.Subjects = append(slices.Clone(s.Subjects), w.subject)
	}
	if c.Replicas > 0 {
		s.Replicas = c.Replicas
	}
	if w.maxBytes > 0 {
		s.MaxBytes = w.maxBytes
	}
	if w.maxMsgSize > 0 && (s.MaxMsgSize <= 0 || s.MaxMsgSize > w.maxMsgSize) {
		s.MaxMsgSize = w.maxMsgSize
	}
	return s
}

func maxMsgSize(maxPayload int64) int32 {
	return int32(max(0, min(maxPayload-deadRoom, math.MaxInt32)))
}
