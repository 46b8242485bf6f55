package main

import (
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
)

// BenchmarkRead reads an event of each kind of the mix: what of the worker's time goes into JSON.
func BenchmarkRead(b *testing.B) {
	p, err := newPopulation(10_000, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	m := newMix(p, time.Now())
	for k, name := range [kinds]string{signUp: "sign-up", purchase: "purchase", refund: "refund", ignored: "ignored"} {
		msg := m.event(kind(k), 0)
		read := fact.ParseCloudEvent
		if strings.HasPrefix(msg.Subject, "plusone.in.stripe.") {
			read = fact.ParseStripe
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(msg.Data)))
			b.ReportAllocs()
			for b.Loop() {
				_, err = read(msg.Data)
			}
			if (err == nil) == (kind(k) == ignored) {
				b.Fatal(err)
			}
		})
	}
}
