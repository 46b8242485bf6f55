package payment

import "strings"

// testMode marks the keys of objects of Stripe's test mode.
const testMode = "test"

// SplitKey says which object a key is of: the opposite of Scope.Key.
func SplitKey(key string) (scope Scope, id string) {
	parts := strings.Split(key, ":")
	id, parts = parts[len(parts)-1], parts[:len(parts)-1]
	scope.Live = true
	if n := len(parts); n > 0 && parts[n-1] == testMode {
		scope.Live, parts = false, parts[:n-1]
	}
	scope.Account = strings.Join(parts, ":")
	return scope, id
}
