package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/gobwas/ws"
)

const probeTimeout = 5 * time.Second

// SetupError is what keeps a run from beginning and is the user's to mend: a target that
// does not answer, a fault that the proxy cannot express. Its text names the thing.
type SetupError struct{ Err error }

func (e *SetupError) Error() string { return e.Err.Error() }
func (e *SetupError) Unwrap() error { return e.Err }

// probe opens one WebSocket connection to a target, directly, and closes it.
func probe(ctx context.Context, name, url string, dial dialFunc, secure *tls.Config) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	conn, _, _, err := ws.Dialer{NetDial: dial, TLSConfig: secure}.Dial(ctx, url)
	if err == nil {
		_ = conn.SetDeadline(time.Now().Add(time.Second))
		_ = ws.WriteFrame(conn, ws.MaskFrameInPlace(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, ""))))
		return conn.Close()
	}
	if status, ok := errors.AsType[ws.StatusError](err); ok {
		return &SetupError{fmt.Errorf("target %s: %s answered the upgrade with HTTP %d, expected 101", name, url, int(status))}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &SetupError{fmt.Errorf("target %s: %s did not answer within %v", name, url, probeTimeout)}
	}
	return &SetupError{fmt.Errorf("target %s: %w; expected a WebSocket server at %s", name, err, url)}
}
