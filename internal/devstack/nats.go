package devstack

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// maxPayload is twice what the door lets in: a dead letter carries the whole message and why it died.
const maxPayload = 2 << 20

// NATSConfig says what server to run.
type NATSConfig struct {
	Dir  string // where JetStream keeps its streams; made when missing
	Addr string // host:port; port 0 takes a free one; "" is 127.0.0.1:4222
	// SyncAlways has every message on the disk before it is acknowledged.
	SyncAlways bool
	Log        *slog.Logger // gets the server's warnings and errors; nil: nobody does
}

// NATS is a server with JetStream inside this process.
//
// What the acknowledgement of a publish promises: it is one node, so a broken disk loses everything. With SyncAlways an
// acknowledged message survives the crash of the process and a power cut. Without it, it survives the crash of the
// process alone: the server hands the message to the kernel before it acknowledges, and flushes to disk every two minutes.
type NATS struct {
	server *server.Server
}

// StartNATS returns when the server takes connections, its streams recovered. An address that is taken gives an error
// that wraps ErrPortInUse. Two servers must not share a folder: hold Lock.
func StartNATS(cfg NATSConfig) (*NATS, error) {
	cfg.Addr = cmp.Or(cfg.Addr, "127.0.0.1:4222")
	opts, err := natsOptions(cfg)
	if err != nil {
		return nil, err
	}
	if opts.Port > 0 {
		// The server itself would only find out after it has recovered its streams, which may take long.
		if err := probe(cfg.Addr); err != nil {
			return nil, err
		}
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("devstack: configure NATS: %w", err)
	}
	log := newNATSLog(cfg.Log)
	srv.SetLoggerV2(log, false, false, false)
	srv.Start() // recovers the streams before it returns
	n := &NATS{server: srv}
	if err := n.awaitReady(log); err != nil {
		n.Stop()
		return nil, fmt.Errorf("devstack: start NATS on %s with its streams in %s: %w", cfg.Addr, cfg.Dir, err)
	}
	return n, nil
}

func natsOptions(cfg NATSConfig) (*server.Options, error) {
	if cfg.Dir == "" {
		return nil, errors.New("devstack: NATS needs a folder to keep its streams in")
	}
	host, text, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("devstack: the address for NATS must be host:port: %w", err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("devstack: the address for NATS, %s, has no valid port: %w", cfg.Addr, err)
	}
	opts := &server.Options{
		ServerName: "plusone",
		Host:       host,
		Port:       int(port),
		MaxPayload: maxPayload,
		JetStream:  true,
		StoreDir:   cfg.Dir,
		SyncAlways: cfg.SyncAlways,
		NoSigs:     true, // this process has its own way to stop
	}
	if port == 0 {
		opts.Port = server.RANDOM_PORT // 0 would mean 4222
	}
	return opts, nil
}

// awaitReady is short of patience on purpose: Start has done all the long work.
func (n *NATS) awaitReady(log *natsLog) error {
	for range 100 {
		if err := log.fatal(); err != nil {
			return err
		}
		if n.server.ReadyForConnections(100 * time.Millisecond) {
			return nil
		}
	}
	return errors.New("it does not take connections")
}

// URL is where clients connect.
func (n *NATS) URL() string { return n.server.ClientURL() }

// Stop closes all connections and returns when everything is written.
func (n *NATS) Stop() {
	n.server.Shutdown()
	n.server.WaitForShutdown()
}
