package payment

import "testing"

func TestAKeyIsSplitAsItWasMade(t *testing.T) {
	for _, scope := range []Scope{{}, {Live: true}, {Account: "acct_1"}, {Account: "acct_1", Live: true}} {
		if got, id := SplitKey(scope.Key("pi_1")); got != scope || id != "pi_1" {
			t.Errorf("%q is split into %+v and %q, want %+v", scope.Key("pi_1"), got, id, scope)
		}
	}
}
