package stream

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func infos(t *testing.T, js jetstream.JetStream) map[string]jetstream.StreamConfig {
	t.Helper()
	all := map[string]jetstream.StreamConfig{}
	for _, name := range []string{In, Out, Dead} {
		s, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = s.CachedInfo().Config
	}
	return all
}

func TestEnsureMakesTheStreamsAndIsIdempotent(t *testing.T) {
	js := jetStream(t, newServer(t).connect())
	if err := Ensure(t.Context(), js, Config{}); err != nil {
		t.Fatal(err)
	}
	first := infos(t, js)
	for name, want := range map[string]struct {
		subject string
		age     time.Duration
	}{
		In:   {"plusone.in.>", 30 * 24 * time.Hour},
		Out:  {"plusone.out.>", 30 * 24 * time.Hour},
		Dead: {"plusone.dead.>", 0},
	} {
		c := first[name]
		if !reflect.DeepEqual(c.Subjects, []string{want.subject}) || c.MaxAge != want.age ||
			c.Storage != jetstream.FileStorage || c.Retention != jetstream.LimitsPolicy || c.Discard != jetstream.DiscardNew ||
			c.Duplicates != 10*time.Minute || c.Replicas != 1 || c.MaxBytes != -1 {
			t.Errorf("%s is %+v", name, c)
		}
	}
	if err := Ensure(t.Context(), js, Config{}); err != nil {
		t.Fatal(err)
	}
	if again := infos(t, js); !reflect.DeepEqual(first, again) {
		t.Errorf("a second Ensure changed %+v to %+v", first, again)
	}
}

func TestEnsureUpdatesItsOwnSettingsAndLeavesTheOthers(t *testing.T) {
	js := jetStream(t, newServer(t).connect())
	_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: In, Subjects: []string{"plusone.in.>"}, Description: "the operator's", MaxBytes: 1 << 30, MaxMsgs: 77, Discard: jetstream.DiscardOld,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := Ensure(t.Context(), js, Config{MaxAge: time.Hour, Duplicates: time.Minute}); err != nil {
		t.Fatal(err)
	}
	c := infos(t, js)[In]
	if c.MaxAge != time.Hour || c.Duplicates != time.Minute || c.Discard != jetstream.DiscardNew {
		t.Errorf("not brought to the configuration: %+v", c)
	}
	if c.Description != "the operator's" || c.MaxBytes != 1<<30 || c.MaxMsgs != 77 {
		t.Errorf("the operator's settings are gone: %+v", c)
	}
	if err := Ensure(t.Context(), js, Config{MaxBytes: 2 << 30}); err != nil {
		t.Fatal(err)
	}
	if c := infos(t, js)[In]; c.MaxBytes != 2<<30 {
		t.Errorf("max bytes is %d", c.MaxBytes)
	}
}

// TestEnsureLeavesTheAgesOfAnOperator: lowering them deletes what an operator meant to keep, at once.
func TestEnsureLeavesTheAgesOfAnOperator(t *testing.T) {
	js := jetStream(t, newServer(t).connect())
	const year, hour = 365 * 24 * time.Hour, time.Hour
	for name, subject := range map[string]string{In: "plusone.in.>", Out: "plusone.out.>", Dead: "plusone.dead.>"} {
		_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: name, Subjects: []string{subject}, MaxAge: year, Duplicates: hour})
		if err != nil {
			t.Fatal(err)
		}
	}
	var log logbook
	if err := Ensure(t.Context(), js, Config{Logger: log.logger()}); err != nil {
		t.Fatal(err)
	}
	for name, c := range infos(t, js) {
		if c.MaxAge != year || c.Duplicates != hour {
			t.Errorf("%s keeps for %s and remembers for %s", name, c.MaxAge, c.Duplicates)
		}
	}
	if text := log.take(); strings.Contains(text, "MaxAge") || strings.Count(text, "Discard: DiscardOld → DiscardNew") != 3 {
		t.Errorf("the log says %s", text)
	}
	if err := Ensure(t.Context(), js, Config{MaxAge: 2 * hour, Duplicates: hour / 2, Logger: log.logger()}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]time.Duration{In: 2 * hour, Out: 2 * hour, Dead: year} {
		if c := infos(t, js)[name]; c.MaxAge != want || c.Duplicates != hour/2 {
			t.Errorf("%s keeps for %s and remembers for %s", name, c.MaxAge, c.Duplicates)
		}
	}
	if text := log.take(); strings.Count(text, "MaxAge: 8760h0m0s → 2h0m0s") != 2 {
		t.Errorf("the log says %s", text)
	}
}

// TestAShortAgeShortensTheWindowOfANewStream: the server would refuse one that is longer than the age.
func TestAShortAgeShortensTheWindowOfANewStream(t *testing.T) {
	js := jetStream(t, newServer(t).connect())
	if err := Ensure(t.Context(), js, Config{MaxAge: time.Minute}); err != nil {
		t.Fatal(err)
	}
	if c := infos(t, js)[In]; c.MaxAge != time.Minute || c.Duplicates != time.Minute {
		t.Errorf("it keeps for %s and remembers for %s", c.MaxAge, c.Duplicates)
	}
}

func TestEnsureRefusesWhatItCannotChange(t *testing.T) {
	js := jetStream(t, newServer(t).connect())
	_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: Out, Subjects: []string{"plusone.out.>"}, Storage: jetstream.MemoryStorage})
	if err != nil {
		t.Fatal(err)
	}
	err = Ensure(t.Context(), js, Config{})
	if err == nil || !strings.Contains(err.Error(), Out) || !strings.Contains(err.Error(), "file") {
		t.Errorf("the error is %v", err)
	}
}

func TestEnsureRefusesANonsensicalConfiguration(t *testing.T) {
	js := jetStream(t, newServer(t).connect())
	for _, c := range []Config{{Replicas: 2}, {MaxAge: -1}, {MaxAge: time.Minute, Duplicates: time.Hour}, {MaxBytes: -5}} {
		if err := Ensure(t.Context(), js, c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}

func TestEnsureByManyAtOnce(t *testing.T) {
	s := newServer(t)
	errs := make(chan error)
	const many = 8
	for range many {
		js := jetStream(t, s.connect())
		go func() { errs <- Ensure(t.Context(), js, Config{}) }()
	}
	for range many {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
