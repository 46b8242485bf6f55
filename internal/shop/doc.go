// Package shop is a pretend business to try plusone with: people register there, buy coffee with a test card, and get
// their money back. It is a stranger to plusone: it tells of sign-ups over HTTP, signs its own webhooks as Stripe would, and
// asks with the tokens of its users. What it reaches of plusone is what any business reaches, and nothing else of the house.
//
// It keeps its people and orders in one file, for their ids must stay the same, and nothing in it is worth more than that.
package shop
