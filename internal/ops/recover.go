package ops

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
)

// Recover turns a panic in next into an error in the log and an answer by fail (nil: a bare 500). What was thrown is
// only logged when it is an error of the runtime: any other value may hold what must not be in a log.
func Recover(log *slog.Logger, fail http.HandlerFunc, next http.Handler) http.Handler {
	if fail == nil {
		fail = func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: w}
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler { //nolint:errorlint,err113 // it is thrown as this very value
				panic(v) // net/http's own way to drop a connection
			}
			what := fmt.Sprintf("%T", v)
			if err, ok := v.(runtime.Error); ok {
				what = err.Error()
			}
			log.Error("a request handler panicked", "route", routeOf(r), "method", methodOf(r), "panic", what, "stack", string(debug.Stack()))
			if rec.status != 0 {
				panic(http.ErrAbortHandler) // the answer has begun: cut it off, so that it is not taken for whole
			}
			fail(rec, r)
		}()
		next.ServeHTTP(rec, r)
	})
}
