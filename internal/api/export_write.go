package api

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// exportRows is the trailer that says how many rows an export has. A CSV has no other way to say that it is whole.
const exportRows = "Plusone-Export-Rows"

// exportWriter writes the rows of an export in one of the formats, a page at a time.
type exportWriter struct {
	w      http.ResponseWriter
	conn   *http.ResponseController
	wait   time.Duration // for one page to be taken
	format format
	text   *bufio.Writer
	csv    *csv.Writer
	rows   int
}

// newExportWriter sets the headers. The server's limits are for answers of one piece: here each page has its own time.
func newExportWriter(w http.ResponseWriter, f format, of string) *exportWriter {
	h := w.Header()
	h.Set("Content-Type", contentTypes[f])
	h.Set("Content-Disposition", `attachment; filename="`+of+`.`+string(f)+`"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Trailer", exportRows)
	e := &exportWriter{w: w, conn: http.NewResponseController(w), format: f, text: bufio.NewWriter(w)}
	e.csv = csv.NewWriter(e.text)
	e.csv.UseCRLF = true // RFC 4180
	return e
}

// begin writes what stands before the rows.
func (e *exportWriter) begin(columns []string) error {
	if e.format == asNDJSON {
		return nil
	}
	return e.csv.Write(columns)
}

func (e *exportWriter) page(rows []exported) error {
	if err := e.extend(); err != nil {
		return err
	}
	out := json.NewEncoder(e.text)
	for _, row := range rows {
		var err error
		if e.format == asCSV {
			err = e.csv.Write(row.cells)
		} else {
			err = out.Encode(row.object)
		}
		if err != nil {
			return err
		}
		e.rows++
	}
	return e.flush()
}

// end writes what tells a whole export from a broken one.
func (e *exportWriter) end() error {
	if err := e.extend(); err != nil {
		return err
	}
	if e.format == asNDJSON {
		if err := json.NewEncoder(e.text).Encode(map[string]any{"complete": true, "rows": e.rows}); err != nil {
			return err
		}
	}
	err := e.flush()
	e.w.Header().Set(exportRows, strconv.Itoa(e.rows))
	return err
}

func (e *exportWriter) extend() error {
	if err := e.conn.SetWriteDeadline(time.Now().Add(e.wait)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

func (e *exportWriter) flush() error {
	e.csv.Flush()
	if err := errors.Join(e.csv.Error(), e.text.Flush()); err != nil {
		return err
	}
	if err := e.conn.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
