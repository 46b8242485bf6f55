package store

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// TestThePoolIsMeasured takes every connection of a small pool, and one more in vain.
func TestThePoolIsMeasured(t *testing.T) {
	pool, err := Open(t.Context(), testkit.Database(t)+"&pool_max_conns=2")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(PoolCollector(pool))
	if problems, err := testutil.GatherAndLint(reg); len(problems) > 0 || err != nil {
		t.Error(problems, err)
	}
	mustShow := func(name, want string) {
		t.Helper()
		help, kind := "", ""
		switch name {
		case "plusone_database_connections":
			help, kind = "Connections of the pool by state: acquired (in use), idle, constructing (being opened).", "gauge"
		case "plusone_database_connections_limit":
			help, kind = "How many connections the pool may have.", "gauge"
		case "plusone_database_acquires_canceled_total":
			help, kind = "Times that somebody gave up waiting for a connection.", "counter"
		}
		text := "# HELP " + name + " " + help + "\n# TYPE " + name + " " + kind + "\n" + want
		if err := testutil.GatherAndCompare(reg, strings.NewReader(text), name); err != nil {
			t.Error(err)
		}
	}
	mustShow("plusone_database_connections_limit", "plusone_database_connections_limit 2\n")
	for range 2 {
		c, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Release()
	}
	mustShow("plusone_database_connections", `plusone_database_connections{state="acquired"} 2
plusone_database_connections{state="constructing"} 0
plusone_database_connections{state="idle"} 0
`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := pool.Acquire(ctx); err == nil {
		t.Fatal("a third connection was to be had")
	}
	mustShow("plusone_database_acquires_canceled_total", "plusone_database_acquires_canceled_total 1\n")
}
