// Package simulate makes up a business and tells plusone of it: people sign up with each other's codes, pay, and are
// refunded; or, in a chaotic business, do all that plusone reads of Stripe, told in every order. It owns the plan of what
// happens, the sending of it, and a simple model of what must come of it. The model is
// an opinion of its own: the package reaches no other package of plusone, least of all those whose work it judges.
// It is handed the terms, though, by whoever reads them, and the amounts in them, with the code that plusone does.
package simulate
