package payment

import "testing"

func TestScopeKey(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, c := range []struct {
		scope Scope
		want  string
	}{
		{Scope{Live: true}, "pi_1"},
		{Scope{}, "test:pi_1"},
		{Scope{Account: "acct_1", Live: true}, "acct_1:pi_1"},
		{Scope{Account: "acct_1"}, "acct_1:test:pi_1"},
	} {
		got := c.scope.Key("pi_1")
		if got != c.want {
			t.Errorf("%+v: got %q, want %q", c.scope, got, c.want)
		}
		if seen[got] {
			t.Errorf("%q is the key in two scopes", got)
		}
		seen[got] = true
	}
}
