package ingress

import "os"

// failingReader is a body whose sender went away.
type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// timeoutError is what reading from a connection returns when its deadline has passed.
type timeoutError struct{}

func (timeoutError) Error() string        { return "i/o timeout" }
func (timeoutError) Is(target error) bool { return target == os.ErrDeadlineExceeded }
