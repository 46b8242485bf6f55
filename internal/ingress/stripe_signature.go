package ingress

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
)

// signatureTolerance is how far a signature's time may be from ours, in either direction.
const signatureTolerance = 300 * time.Second

// verify says why a body is not something Stripe has just sent, or nil. The HMAC is stripe-go's. The time is checked
// here: stripe-go reads the machine's clock, and lets through what was signed for the future, which could be replayed
// until then.
func (d *stripeDoor) verify(headers []string, body []byte) error {
	if len(headers) == 0 || headers[0] == "" {
		return refuse("no-signature", "there is no Stripe-Signature header")
	}
	if len(headers) > 1 {
		return refuse("bad-signature-header", "there is more than one Stripe-Signature header")
	}
	at, ok := signedAt(headers[0])
	if !ok {
		return refuse("bad-signature-header", "the Stripe-Signature header is not of the form t=<unix time>,v1=<hex>")
	}
	if err := d.verifyHMAC(headers[0], body); err != nil {
		return err
	}
	switch age := d.now().Sub(at); {
	case age > signatureTolerance:
		return refuse(reasonTooOld, "the signature is more than 300 seconds old")
	case age < -signatureTolerance:
		return refuse(reasonInTheFuture, "the signature is more than 300 seconds in the future; is this machine's clock right?")
	}
	return nil
}

func (d *stripeDoor) verifyHMAC(header string, body []byte) error {
	for _, secret := range d.secrets {
		err := webhook.ValidatePayloadIgnoringTolerance(body, header, secret)
		if err == nil {
			return nil
		}
		if !errors.Is(err, webhook.ErrNoValidSignature) {
			return refuse("bad-signature-header", "the Stripe-Signature header cannot be read")
		}
	}
	return refuse(reasonWrongSignature, "no configured webhook secret made this signature of this body")
}

// signedAt reads the time out of a signature's header. It wants exactly one time, and at least one signature that can
// be one: of two times, stripe-go would take the last and another reader the first.
func signedAt(header string) (at time.Time, ok bool) {
	times, signatures := 0, 0
	for pair := range strings.SplitSeq(header, ",") {
		key, value, found := strings.Cut(pair, "=")
		if !found {
			return time.Time{}, false
		}
		switch key {
		case "t":
			seconds, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return time.Time{}, false
			}
			at = time.Unix(seconds, 0)
			times++
		case "v1":
			if sum, err := hex.DecodeString(value); err == nil && len(sum) > 0 {
				signatures++
			}
		}
	}
	return at, times == 1 && signatures > 0
}
