package devstack

import (
	"maps"
	"slices"
	"strconv"
)

// arguments are the server's, from the settings below and those of the caller, which win.
func (p *Postgres) arguments() []string {
	settings := p.settings()
	maps.Copy(settings, p.cfg.Settings)
	args := []string{"-D", p.data}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}

// settings stand on the command line and not in the folder's postgresql.conf, so that a folder made by an older plusone
// gets today's.
func (p *Postgres) settings() map[string]string {
	settings := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"port":                    strconv.Itoa(p.port),
		"unix_socket_directories": "", // a socket's path may have about 100 characters; a folder of tests is soon deeper
		"cluster_name":            "plusone",
		"max_connections":         "200",
		"shared_buffers":          "256MB",
		"min_wal_size":            "1GB", // old segments are used again: filling new ones with zeroes costs a sixth of the CPU
		"max_wal_size":            "4GB",
		"jit":                     "off", // our queries are short
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"log_checkpoints":         "off",
		"log_line_prefix":         "%m [%p] ",
		"lc_messages":             "C", // we read its log when it does not start
	}
	if !p.cfg.Durable {
		maps.Copy(settings, map[string]string{
			"fsync":              "off",
			"synchronous_commit": "off",
			"full_page_writes":   "off",
			"shared_buffers":     "128MB",
			"min_wal_size":       "128MB", // it may lie in memory
			"max_wal_size":       "1GB",
			"wal_level":          "minimal",
			"max_wal_senders":    "0",
		})
	}
	return settings
}
