package main

import (
	"strconv"
	"time"

	"github.com/plusone-dev/plusone/internal/program"
)

// population is who is there before anything is measured: people who signed up with the codes of a tenth as many, and a
// tenth of whom have bought. Everything about a person follows from their number, so that a yardstick that knows no Go
// can name them too.
//
//	users 1 … people              signed up with a code; codes, sign-ups and referrals have their numbers
//	users people+1 … +referrers   whose codes these are
//	the last tenth of the people  have bought, and were rewarded
type population struct {
	people, referrers int
	began             time.Time // when they signed up
	windowEnds        time.Time // when it is too late for their first purchase
}

func newPopulation(people int, now time.Time) (population, error) {
	terms, err := program.Parse("default", program.Default())
	began := now.Add(-10 * 24 * time.Hour).Truncate(time.Second)
	return population{people: people, referrers: people / 10, began: began, windowEnds: terms.Closes(began)}, err
}

func (p population) referrer(person int) int { return p.people + 1 + (person-1)%p.referrers }
func (p population) pending() int            { return p.people - p.people/10 }
func (p population) bought(person int) bool  { return person > p.pending() }
func (p population) payment(person int) int  { return person - p.pending() }

// scatter gives every number up to 2³¹ another, far from those of its neighbours: the names of real people and events do
// not come in order either, and an index feels it. It is the generator of Lehmer, which never repeats.
func scatter(n int) int { return n * 48271 % 2147483647 }

func userName(n int) string    { return "u-" + strconv.Itoa(scatter(n)) }
func sessionKey(n int) string  { return "test:cs_" + strconv.Itoa(scatter(n)) }
func intentKey(n int) string   { return "test:pi_" + strconv.Itoa(scatter(n)) }
func customerKey(n int) string { return "test:cus_" + strconv.Itoa(scatter(n)) }

func codeName(n int) string {
	const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	var code [8]byte
	for i, v := 0, scatter(n); i < len(code); i++ {
		code[i] = alphabet[v%32]
		v /= 32
	}
	return string(code[:])
}

// share is a part of the people, met in an order that has no neighbours in it.
type share struct{ from, size int }

// stride is prime, and so large that two people who follow each other lie on different pages.
const stride = 1000003

func (s share) person(k int) int { return s.from + k*stride%s.size }

// Everybody's share of the people: buyers and returners, for the worker and for the yardstick.
func (p population) buyers() (worker, yardstick share) {
	half := p.pending() / 2
	return share{1, half}, share{1 + half, half}
}

func (p population) returners() (worker, yardstick share) {
	half := p.people / 10 / 2
	return share{p.pending() + 1, half}, share{p.pending() + 1 + half, half}
}
