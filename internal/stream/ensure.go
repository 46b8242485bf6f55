package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// deadRoom is kept free in every message of In and Out below the server's max_payload, so that each of them still fits
// when its dead letter adds headers. Without it a message of the greatest size could be neither processed nor given up.
const deadRoom = 8 << 10

// What a new stream is given where Config says nothing.
const (
	defaultMaxAge     = 30 * 24 * time.Hour
	defaultDuplicates = 10 * time.Minute
)

// Config says how the streams are kept. A zero field takes the default on a new stream and leaves an existing one as
// it is: an operator who keeps a year, or three replicas, must not lose them to a process that was told nothing.
type Config struct {
	Replicas     int           // 1 or 3; 1 by default
	MaxAge       time.Duration // of In and Out; 30 days by default. Dead letters never grow too old
	Duplicates   time.Duration // how long a message id is remembered; 10 minutes by default
	MaxBytes     int64         // of In and of Out, each; unlimited by default
	DeadMaxBytes int64         // of Dead; unlimited by default. When Dead is full, what it refuses stays in In
	Logger       *slog.Logger  // hears of every stream that is made or changed; none by default
	Metrics      *StoreMetrics // show what the streams hold, as Keep sees it; none by default

	// Changed is told of every stream that was made (no changes) or changed, in words; nobody by default.
	Changed func(stream, changes string)
}

func (c Config) validate() error {
	var errs []error
	if !slices.Contains([]int{0, 1, 3}, c.Replicas) {
		errs = append(errs, fmt.Errorf("replicas must be 1 or 3, not %d", c.Replicas))
	}
	if c.MaxAge < 0 || c.Duplicates < 0 || c.MaxBytes < 0 || c.DeadMaxBytes < 0 {
		errs = append(errs, errors.New("ages and sizes cannot be negative"))
	}
	if c.MaxAge > 0 && c.Duplicates > c.MaxAge {
		errs = append(errs, fmt.Errorf("the duplicates window (%s) cannot exceed the maximum age (%s)", c.Duplicates, c.MaxAge))
	}
	return errors.Join(errs...)
}

// wanted is what we require of one stream; everything else about it is the operator's.
type wanted struct {
	name, subject string
	maxAge        time.Duration // zero: as it is
	newMaxAge     time.Duration // of a new one, when maxAge is zero
	maxBytes      int64
	maxMsgSize    int32
	batches       bool // takes atomic batches: see PublisherOptions.Grouped
}

// Ensure creates the three streams, or brings existing ones to what the configuration says. It may be run any number of
// times and by several processes at once; settings that plusone does not care about (placement, compression), or that
// the configuration does not name, are left alone. What it changes is logged.
func Ensure(ctx context.Context, js jetstream.JetStream, c Config) error {
	c.Logger = orDiscard(c.Logger)
	if c.Changed == nil {
		c.Changed = func(string, string) {}
	}
	if err := c.validate(); err != nil {
		return fmt.Errorf("stream: configuration: %w", err)
	}
	size := maxMsgSize(js.Conn().MaxPayload())
	for _, w := range []wanted{
		{name: In, subject: InPrefix + ">", maxAge: c.MaxAge, newMaxAge: defaultMaxAge, maxBytes: c.MaxBytes, maxMsgSize: size, batches: true},
		{name: Out, subject: OutPrefix + ">", maxAge: c.MaxAge, newMaxAge: defaultMaxAge, maxBytes: c.MaxBytes, maxMsgSize: size, batches: true},
		{name: Dead, subject: DeadPrefix + ">", maxBytes: c.DeadMaxBytes},
	} {
		err := unlessRefused(ctx, js.Conn(), request{"STREAM.", w.name, adviseMake}, func(ctx context.Context) error {
			return ensureOne(ctx, js, c, w)
		})
		if err != nil {
			return fmt.Errorf("stream: %s: %w", w.name, classify(err))
		}
	}
	return nil
}

func ensureOne(ctx context.Context, js jetstream.JetStream, c Config, w wanted) error {
	existing, err := js.Stream(ctx, w.name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = js.CreateStream(ctx, apply(fresh(c, w), c, w))
		if err == nil {
			c.Logger.LogAttrs(ctx, slog.LevelInfo, "a stream was made", slog.String("stream", w.name))
			c.Changed(w.name, "")
		}
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
	if _, err = js.UpdateStream(ctx, want); err != nil {
		return fmt.Errorf("changing %s: %w", changes(have, want), err)
	}
	c.Logger.LogAttrs(ctx, slog.LevelWarn, "a stream's settings were changed",
		slog.String("stream", w.name), slog.String("changes", changes(have, want)))
	c.Changed(w.name, changes(have, want))
	return nil
}

// fresh is a new stream as far as the configuration may say nothing of it.
func fresh(c Config, w wanted) jetstream.StreamConfig {
	age := or(w.maxAge, w.newMaxAge)
	s := jetstream.StreamConfig{Name: w.name, Replicas: 1, MaxAge: age, Duplicates: defaultDuplicates}
	if age > 0 && c.Duplicates == 0 {
		s.Duplicates = min(s.Duplicates, age) // the server takes no window longer than the age
	}
	return s
}

// changes names the settings in which two configurations differ, as "Replicas: 3 → 1, …".
func changes[T any](have, want T) string {
	var all []string
	a, b := reflect.ValueOf(have), reflect.ValueOf(want)
	for i := range a.NumField() {
		if x, y := a.Field(i).Interface(), b.Field(i).Interface(); !reflect.DeepEqual(x, y) {
			all = append(all, fmt.Sprintf("%s: %v → %v", a.Type().Field(i).Name, x, y))
		}
	}
	return strings.Join(all, ", ")
}

// compatible refuses what no update can change.
func compatible(have jetstream.StreamConfig) error {
	if have.Storage != jetstream.FileStorage {
		return fmt.Errorf("it exists with %s storage, and must be on file", have.Storage)
	}
	if have.Retention != jetstream.LimitsPolicy {
		return fmt.Errorf("it exists with retention %s, and must have limits", have.Retention)
	}
	if have.PersistMode == jetstream.AsyncPersistMode {
		return errors.New("it exists with persist_mode async, which acknowledges messages before they are written: it must be made anew without")
	}
	return nil
}

func apply(s jetstream.StreamConfig, c Config, w wanted) jetstream.StreamConfig {
	s.Retention, s.Storage, s.Discard = jetstream.LimitsPolicy, jetstream.FileStorage, jetstream.DiscardNew
	if !slices.Contains(s.Subjects, w.subject) {
		s.Subjects = append(slices.Clone(s.Subjects), w.subject)
	}
	s.AllowAtomicPublish = s.AllowAtomicPublish || w.batches
	s.MaxAge, s.Duplicates = or(w.maxAge, s.MaxAge), or(c.Duplicates, s.Duplicates)
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
