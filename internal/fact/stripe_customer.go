package fact

import "github.com/plusone-dev/plusone/internal/payment"

// readCustomer reads whose customer it is, where its metadata says so. It is no part of any payment.
// Source: https://docs.stripe.com/api/customers/object
func readCustomer(env *envelope) (*payment.Sighting, *Tie) {
	id := env.text("id")
	if !validID(id) {
		env.fail("data.object has no usable id")
		return nil, nil
	}
	user := env.claim(payment.OnSession, "metadata.user_id")
	if user.UserID == "" {
		env.err = ErrIgnored
		return nil, nil
	}
	return nil, &Tie{Customer: env.scope.Key(id), UserID: user.UserID, At: user.At}
}
