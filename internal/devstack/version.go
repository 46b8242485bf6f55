package devstack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// VersionError says that a data folder belongs to another major version of PostgreSQL than the one installed.
type VersionError struct {
	Data   string // the folder
	Folder int    // its version
	Server int    // of the programs
	Bin    string // where those are
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("devstack: the data in %s is of PostgreSQL %d, but the server in %s is PostgreSQL %d, which cannot read it. "+
		"Nothing was changed. Install PostgreSQL %d beside it (or set PLUSONE_PG_BIN to it), or carry the data over with pg_upgrade, or move the folder away to start afresh",
		e.Data, e.Folder, e.Bin, e.Server, e.Folder)
}

// dataVersion is the major version of the data folder, 0 where there is none yet.
func dataVersion(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION")) //nolint:gosec // the operator says which
	if errors.Is(err, os.ErrNotExist) {
		return 0, refuseForeign(data)
	}
	if err != nil {
		return 0, fmt.Errorf("devstack: read the version of the data folder: %w", err)
	}
	version := strings.TrimSpace(string(text))
	major, err := strconv.Atoi(digits.FindString(version))
	if err != nil {
		return 0, fmt.Errorf("devstack: %s/PG_VERSION says %q, which is no version of PostgreSQL: the folder is damaged; move it away", data, version)
	}
	return major, nil
}

// refuseForeign keeps us from a folder that holds something else.
func refuseForeign(data string) error {
	entries, err := os.ReadDir(data)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("devstack: look into the data folder: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("devstack: %s is not empty, and PostgreSQL did not make it (it has no PG_VERSION): move it away or choose another folder", data)
	}
	return nil
}
