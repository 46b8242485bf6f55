package stream

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestStreamsThatAreDeletedComeBack: and what consumes them goes on.
func TestStreamsThatAreDeletedComeBack(t *testing.T) {
	nc := newServer(t).connect()
	js := jetStream(t, nc)
	var log logbook
	ctx := t.Context()
	go Keep(ctx, js, Config{MaxAge: time.Hour, Logger: log.logger()}, 10*time.Millisecond)
	done := newWork()
	run := consume(t, quick(nc), func(_ context.Context, batch []*Message) error { done.commit(batch); return nil })
	eventually(t, "they are made", func() bool { return look(ctx, js, nil) == "" })
	publishN(t, nc, 3)
	eventually(t, "the first are handled", func() bool { return done.len() == 3 })
	eventually(t, "and answered for", allAnswered(t, nc))

	in := infos(t, js)[In]
	in.MaxAge = 2 * time.Hour
	if _, err := js.UpdateStream(ctx, in); err != nil { // another's will
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // a few looks
	if age := infos(t, js)[In].MaxAge; age != in.MaxAge {
		t.Errorf("a stream that is there was changed: it keeps for %s", age)
	}
	log.take()
	for _, name := range []string{Dead, Out} {
		if err := js.DeleteStream(ctx, name); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "they are there again", func() bool { return look(ctx, js, nil) == "" })
	if err := js.DeleteStream(ctx, In); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what is published is taken again", func() bool {
		return newPublisher(t, nc, PublisherOptions{}).Publish(ctx, "plusone.in.x", "", nil, []byte("later")) == nil
	})
	eventually(t, "and handled", func() bool { return done.len() == 4 })
	run.end()
	if text := log.take(); !strings.Contains(text, "a stream is gone") || !strings.Contains(text, In) {
		t.Errorf("the log says %s", text)
	}
}
