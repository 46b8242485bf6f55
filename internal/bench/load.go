package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const webhookSecret = "whsec_nobodys" //nolint:gosec // of a door that is gone when the benchmark ends

// hammer sends signed webhooks on so many connections, each as soon as the one before was answered, for a while, and
// returns how many a second were answered 200. Anything else is an error. It is no http.Client: that would cost more than
// what it measures.
func hammer(ctx context.Context, base string, connections int, d time.Duration, ids *atomic.Int64) (float64, error) {
	target, err := url.Parse(base)
	if err != nil {
		return 0, err
	}
	var answered atomic.Int64
	var senders sync.WaitGroup
	errs := make([]error, connections)
	ctx, stop := context.WithTimeout(ctx, d)
	defer stop()
	began := time.Now()
	for i := range connections {
		senders.Go(func() {
			s, err := newSender(target.Host)
			if err != nil {
				errs[i] = err
				return
			}
			defer s.conn.Close() //nolint:errcheck // it is not needed any more
			for ctx.Err() == nil {
				if errs[i] = s.send(ids.Add(1)); errs[i] != nil {
					return
				}
				answered.Add(1)
			}
		})
	}
	senders.Wait()
	return float64(answered.Load()) / time.Since(began).Seconds(), errors.Join(errs...)
}

// sender is one connection, with a request of which little changes.
type sender struct {
	conn net.Conn
	host string
	in   *bufio.Reader
	head []byte
	body []byte
	id   []byte // where in the body the event's number is
	buf  []byte
}

const idDigits = 12

func newSender(host string) (*sender, error) {
	conn, err := net.Dial("tcp", host) //nolint:noctx,gosec // on this machine
	if err != nil {
		return nil, err
	}
	s := &sender{conn: conn, host: host, in: bufio.NewReader(conn)}
	mark := bytes.Repeat([]byte("0"), idDigits)
	body := stripeMsg("customer.subscription.updated", "evt_d"+string(mark), time.Now(), fmt.Sprintf(subscription, "door", 1)).Data
	s.prepare(body)
	at := bytes.Index(body, mark)
	s.id = body[at : at+idDigits]
	return s, nil
}

// prepare makes ready to send a body.
func (s *sender) prepare(body []byte) {
	s.body = body
	s.head = []byte("POST /webhooks/stripe HTTP/1.1\r\nHost: " + s.host + "\r\nContent-Type: application/json\r\nContent-Length: " +
		strconv.Itoa(len(body)) + "\r\nStripe-Signature: t=" + strconv.FormatInt(time.Now().Unix(), 10) + ",v1=")
}

// send sends the event under a number of its own.
func (s *sender) send(n int64) error {
	copy(s.id, fmt.Sprintf("%0*d", idDigits, n))
	return s.post()
}

// post sends what was prepared, and reads the answer.
func (s *sender) post() error {
	s.buf = append(s.buf[:0], s.head...)
	s.buf = append(s.buf, s.sign()...)
	s.buf = append(s.buf, "\r\n\r\n"...)
	s.buf = append(s.buf, s.body...)
	if err := s.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	if _, err := s.conn.Write(s.buf); err != nil {
		return err
	}
	return s.answer()
}

// sign signs as Stripe does: https://docs.stripe.com/webhooks#verify-manually
func (s *sender) sign() []byte {
	at := s.head[bytes.Index(s.head, []byte("t="))+2 : len(s.head)-len(",v1=")]
	mac := hmac.New(sha256.New, []byte(webhookSecret))
	mac.Write(at)
	mac.Write([]byte{'.'})
	mac.Write(s.body)
	return hex.AppendEncode(nil, mac.Sum(nil))
}

// answer reads a response and insists on 200.
func (s *sender) answer() error {
	status, err := s.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200")) {
		return fmt.Errorf("the door answered %s", bytes.TrimSpace(slices.Clone(status)))
	}
	length := 0
	for {
		line, err := s.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(v)); err != nil {
				return err
			}
		}
	}
	_, err = s.in.Discard(length)
	return err
}
