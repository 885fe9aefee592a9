package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/scenarios"
)

const probeTimeout = 5 * time.Second

// SetupError is what keeps a run from beginning and is the user's to mend: a target that
// does not answer, a fault that the proxy cannot express. Its text names the thing.
type SetupError struct{ Err error }

func (e *SetupError) Error() string { return e.Err.Error() }
func (e *SetupError) Unwrap() error { return e.Err }

// probe opens one WebSocket connection to a target, directly, and closes it. It returns the
// subprotocol that the target chose.
func probe(ctx context.Context, t scenarios.Target, up Target, to access, dial dialFunc) (chosen string, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	at := up.URL()
	if t.URL != "" && at == t.URL {
		at = t.Shown()
	}
	d := to.dialer(up, nil)
	d.NetDial = dial
	named(&d, t.Host)
	conn, _, hs, err := d.Dial(ctx, up.URL())
	wrong := to.unchosen(hs, err)
	if err == nil {
		_ = conn.SetDeadline(time.Now().Add(time.Second))
		_ = ws.WriteFrame(conn, ws.MaskFrameInPlace(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, ""))))
		err = conn.Close()
	}
	if wrong != nil {
		return "", &SetupError{fmt.Errorf("target %s: %s %w", t.Name, at, wrong)}
	}
	if err == nil {
		return hs.Protocol, nil
	}
	if status, ok := errors.AsType[ws.StatusError](err); ok {
		hint := ""
		if status == http.StatusUnauthorized || status == http.StatusForbidden {
			hint = "; credentials go into targets." + t.Name + ".headers"
		}
		return "", &SetupError{fmt.Errorf("target %s: %s answered the upgrade with HTTP %d, expected 101%s", t.Name, at, int(status), hint)}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "", &SetupError{fmt.Errorf("target %s: %s did not answer within %v", t.Name, at, probeTimeout)}
	}
	return "", &SetupError{fmt.Errorf("target %s: %w; expected a WebSocket server at %s", t.Name, err, at)}
}
