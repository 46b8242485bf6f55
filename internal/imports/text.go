package imports

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/plusone-dev/plusone/internal/fact"
)

// maxRow is how many bytes a row may have, about: as many as its event.
const maxRow = fact.MaxCloudEvent

var errRowTooLong = errors.New("imports: a row is too long")

// meter bounds how much is read for one row: a quote that is never closed must not take the memory with it.
type meter struct {
	from io.Reader
	left int
}

// Read is part of io.Reader. What is left is renewed before each row.
func (m *meter) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errRowTooLong
	}
	n, err := m.from.Read(p[:min(len(p), m.left)])
	m.left -= n
	return n, err
}

var (
	utf8Mark    = []byte("\xef\xbb\xbf")
	utf16Little = []byte("\xff\xfe")
	utf16Big    = []byte("\xfe\xff")
)

// skipMark takes the byte order mark away that spreadsheets write. A file in UTF-16 is told by its own.
func skipMark(r *bufio.Reader) (utf16 bool, err error) {
	begin, err := r.Peek(len(utf8Mark))
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if bytes.Equal(begin, utf8Mark) {
		_, err = r.Discard(len(utf8Mark))
		return false, err
	}
	return bytes.HasPrefix(begin, utf16Little) || bytes.HasPrefix(begin, utf16Big), nil
}
