package testkit

import (
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestDatabasesAreFreshAndApart(t *testing.T) {
	var wait sync.WaitGroup
	for range 4 {
		dsn := Database(t)
		wait.Go(func() {
			if err := execute(t.Context(), dsn, "INSERT INTO words VALUES ('mine')"); err != nil {
				t.Error(err)
			}
			if got := count(t, dsn); got != 1 {
				t.Errorf("%d words, want only ours", got)
			}
		})
	}
	wait.Wait()
	if got := migrations.Load(); got != 1 {
		t.Errorf("migrated %d times, want once for all", got)
	}
}

func TestADatabaseIsDroppedThoughSomebodyIsConnected(t *testing.T) {
	var dsn string
	t.Run("inner", func(t *testing.T) {
		dsn = Database(t)
		if _, err := pgx.Connect(t.Context(), dsn); err != nil { // and never closed
			t.Fatal(err)
		}
	})
	if conn, err := pgx.Connect(t.Context(), dsn); err == nil {
		conn.Close(t.Context())
		t.Error("the database is still there")
	}
}

func TestWithoutAMigrationThereIsNoDatabase(t *testing.T) {
	if _, err := startCluster(&shared{}); err == nil {
		t.Error("got a cluster with nothing in it")
	}
}

func BenchmarkDatabase(b *testing.B) {
	Database(b) // the first starts the server
	for b.Loop() {
		Database(b)
	}
}

func TestAsHasTheRightsOfARole(t *testing.T) {
	dsn := Database(t)
	reader := As(t, dsn, "pg_read_all_data")
	if got := count(t, reader); got != 0 {
		t.Errorf("%d words", got)
	}
	if err := execute(t.Context(), reader, "INSERT INTO words VALUES ('mine')"); err == nil {
		t.Error("a reader wrote")
	}
	if err := execute(t.Context(), As(t, dsn, "nobody_at_all"), "SELECT"); err == nil {
		t.Error("got in as nobody")
	}
}
