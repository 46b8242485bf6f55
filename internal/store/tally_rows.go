package store

import (
	"encoding/binary"
	"errors"

	"github.com/plusone-dev/plusone/db"
)

// deltaRows are differences of the tallies, column by column as the statements that add them take them. A referrer may have
// several rows: the statements add them up.
type deltaRows struct {
	Daily     dailyRows
	Standings standingRows
	Earnings  earningRows
}

type (
	dailyRows    struct{ db.AddToDailyParams }
	standingRows struct{ db.AddToStandingsParams }
	earningRows  struct{ db.AddToEarningsParams }
)

// none says whether nothing changes.
func (r *deltaRows) none() bool {
	return len(r.Daily.N)+len(r.Standings.UserID)+len(r.Earnings.UserID) == 0
}

func (r *dailyRows) add(k dailyKey, n int64) {
	r.ProgramID, r.Name = append(r.ProgramID, k.program), append(r.Name, k.name)
	r.Day, r.Label = append(r.Day, k.day), append(r.Label, k.label)
	r.N = append(r.N, n)
}

func (r *standingRows) add(of memberKey, d standingDelta) {
	if d == (standingDelta{}) || of == (memberKey{}) {
		return
	}
	r.UserID, r.ProgramID = append(r.UserID, of.user), append(r.ProgramID, of.program)
	r.Visits, r.Pending = append(r.Visits, d.visits), append(r.Pending, d.pending)
	r.Qualified, r.Rewarded = append(r.Qualified, d.qualified), append(r.Rewarded, d.rewarded)
	r.Cancelled = append(r.Cancelled, d.cancelled)
}

func (r *earningRows) add(of memberKey, currency string, minor int64) {
	r.UserID, r.ProgramID = append(r.UserID, of.user), append(r.ProgramID, of.program)
	r.Currency, r.Minor = append(r.Currency, currency), append(r.Minor, minor)
}

// A row of the queue is a number for its layout, and then, of each of the three kinds, how many rows there are, and they. A
// number is a varint of encoding/binary, and a text a number and so many bytes.
const deltaLayout = 1

// write writes the rows as the queue keeps them.
func (r *deltaRows) write() []byte {
	w := deltaWriter(make([]byte, 0, 64+16*len(r.Standings.UserID)+16*len(r.Earnings.UserID)+48*len(r.Daily.N)))
	w.numbers(deltaLayout, int64(len(r.Daily.N)))
	for i, n := range r.Daily.N {
		w.numbers(r.Daily.ProgramID[i], int64(r.Daily.Day[i]), n)
		w.text(r.Daily.Name[i])
		w.text(r.Daily.Label[i])
	}
	s := &r.Standings
	w.numbers(int64(len(s.UserID)))
	for i := range s.UserID {
		w.numbers(s.UserID[i], s.ProgramID[i], s.Visits[i], s.Pending[i], s.Qualified[i], s.Rewarded[i], s.Cancelled[i])
	}
	w.numbers(int64(len(r.Earnings.UserID)))
	for i, user := range r.Earnings.UserID {
		w.numbers(user, r.Earnings.ProgramID[i], r.Earnings.Minor[i])
		w.text(r.Earnings.Currency[i])
	}
	return w
}

type deltaWriter []byte

func (w *deltaWriter) numbers(all ...int64) {
	for _, n := range all {
		*w = binary.AppendVarint(*w, n)
	}
}

func (w *deltaWriter) text(s string) {
	w.numbers(int64(len(s)))
	*w = append(*w, s...)
}

// errDeltas says that a row of the queue is not what was written into it: an older release folds what a newer one wrote.
var errDeltas = errors.New("store: not of this release's layout")

// read adds the rows that the queue kept. Error: errDeltas.
func (r *deltaRows) read(kept []byte) error {
	p := &deltaReader{rest: kept}
	if p.number() != deltaLayout {
		return errDeltas
	}
	for range p.count() {
		program, day, n := p.number(), p.number(), p.number()
		r.Daily.add(dailyKey{program, int32(day), p.text(), p.text()}, n)
	}
	for range p.count() {
		of := memberKey{p.number(), p.number()}
		r.Standings.add(of, standingDelta{p.number(), p.number(), p.number(), p.number(), p.number()})
	}
	for range p.count() {
		of, minor := memberKey{p.number(), p.number()}, p.number()
		r.Earnings.add(of, p.text(), minor)
	}
	if p.bad || len(p.rest) > 0 {
		return errDeltas
	}
	return nil
}

type deltaReader struct {
	rest []byte
	bad  bool
}

func (p *deltaReader) number() int64 {
	n, size := binary.Varint(p.rest)
	if p.bad = p.bad || size <= 0; p.bad {
		return 0
	}
	p.rest = p.rest[size:]
	return n
}

// count is a number of things that are still to come, each of a byte or more.
func (p *deltaReader) count() int64 {
	n := p.number()
	if p.bad = p.bad || n < 0 || n > int64(len(p.rest)); p.bad {
		return 0
	}
	return n
}

func (p *deltaReader) text() string {
	n := p.count()
	s := string(p.rest[:n])
	p.rest = p.rest[n:]
	return s
}
