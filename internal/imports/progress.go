package imports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Progress is how far an import has come, as it is kept in a file beside. It holds nothing of the rows.
type Progress struct {
	Kind   string `json:"import"` // which names the file for what it is
	SHA256 string `json:"sha256"` // of the file that is imported
	At     string `json:"at,omitempty"`
	By     string `json:"by,omitempty"`
	Why    string `json:"why,omitempty"`
	Rows   int    `json:"rows"` // of the file
	Sent   int    `json:"sent"` // of these, that the stream has acknowledged
}

// NewProgress is that of an import of which nothing was sent.
func NewProgress(kind Kind, fill Fill, checked Report) Progress {
	return Progress{Kind: kind.Name, SHA256: checked.SHA256, At: fill.At, By: fill.By, Why: fill.Why, Rows: checked.Rows}
}

// LoadProgress reads a file; nil when there is none. It refuses what no import has written.
func LoadProgress(file string) (*Progress, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the operator says which
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, err
	}
	var p Progress
	if err := json.Unmarshal(text, &p); err != nil || p.Kind == "" || p.SHA256 == "" || p.Sent < 0 || p.Sent > p.Rows {
		return nil, fmt.Errorf("%s is not the progress of an import: remove it, or name another file with --state", file)
	}
	return &p, nil
}

// Save writes the file, whole or not at all.
func (p Progress) Save(file string) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	_, err = next.Write(append(text, '\n'))
	if err = errors.Join(err, next.Close()); err == nil {
		err = os.Rename(next.Name(), file)
	}
	if err != nil {
		_ = os.Remove(next.Name())
	}
	return err
}

// Resumes says why an import can not go on where this one is; nil when it can.
func (p Progress) Resumes(of Progress) error {
	for _, c := range []struct{ what, was, is string }{
		{"the kind", p.Kind, of.Kind}, {"--at", p.At, of.At}, {"--by", p.By, of.By}, {"--why", p.Why, of.Why},
	} {
		if c.was != c.is {
			return fmt.Errorf("it was begun with another value of %s, %q: give the same, or begin anew without --resume", c.what, c.was)
		}
	}
	if p.SHA256 != of.SHA256 || p.Rows != of.Rows {
		return errors.New("the file is not the one that it was begun with: begin anew without --resume; what was sent of the old one stays sent")
	}
	return nil
}
