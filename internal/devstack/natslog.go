package devstack

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// natsLog hands the server's warnings and errors on. Where the server would end the process it keeps the error instead.
type natsLog struct {
	log *slog.Logger

	mu  sync.Mutex
	err error
}

func newNATSLog(log *slog.Logger) *natsLog {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &natsLog{log: log.With("part", "nats-server")}
}

func (l *natsLog) Warnf(format string, v ...any)  { l.log.Warn(fmt.Sprintf(format, v...)) }
func (l *natsLog) Errorf(format string, v ...any) { l.log.Error(fmt.Sprintf(format, v...)) }
func (l *natsLog) Noticef(string, ...any)         {}
func (l *natsLog) Debugf(string, ...any)          {}
func (l *natsLog) Tracef(string, ...any)          {}

func (l *natsLog) Fatalf(format string, v ...any) {
	err := fmt.Errorf(format, v...)
	if strings.Contains(err.Error(), "address already in use") {
		err = fmt.Errorf("%w: %w", ErrPortInUse, err) // somebody took it after we had looked
	}
	l.log.Error(err.Error())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = errors.Join(l.err, err)
}

func (l *natsLog) fatal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
