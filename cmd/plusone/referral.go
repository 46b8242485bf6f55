package main

// referralCommand is about single referrals and the facts they rest on.
type referralCommand struct {
	Unplaced referralUnplacedCommand `cmd:"" help:"List what is kept and can not be placed yet, since when, and what is missing."`
}
