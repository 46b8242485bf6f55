package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/plusone-dev/plusone/internal/store"
)

// selectCode is the select by an index to which the API's answers are held: is there such a code?
const selectCode = "select count(*) from codes where code = $1"

// serveSelect answers every request with that one select, and does nothing beside: the least that an answer over HTTP could
// take which looks anything up.
func serveSelect(ctx context.Context, dsn string, stdin io.Reader, stdout io.Writer) error {
	pool, err := store.Open(ctx, dsn, store.WithOnePlan())
	if err != nil {
		return err
	}
	defer pool.Close()
	return serveHTTP(func(w http.ResponseWriter, r *http.Request) {
		var n int64
		if err := pool.QueryRow(r.Context(), selectCode, r.URL.Query().Get("code")).Scan(&n); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"codes":%d}`, n)
	}, stdin, stdout)
}
