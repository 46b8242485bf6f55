package testkit

import "testing"

func TestPostgresProcessKeepsWhatItCommitted(t *testing.T) {
	t.Parallel()
	s := PostgresProcess(t, migrateWords)
	dsn := s.DSN()
	if err := execute(t.Context(), dsn, "INSERT INTO words VALUES ('kept')"); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if err := execute(t.Context(), dsn, "SELECT"); err == nil {
		t.Error("killed, and it answers")
	}
	s.Restart()
	if got := count(t, dsn); got != 1 {
		t.Errorf("%d words at the same address, want the one", got)
	}
	s.Restart() // while it runs
	if got := count(t, dsn); got != 1 {
		t.Errorf("%d words at the same address, want the one", got)
	}
}
