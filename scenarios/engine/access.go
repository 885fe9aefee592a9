package engine

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/wire"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

// access is how a target is come to, by clients, the probe and canaries alike.
type access struct {
	own    *driver.Own // nil: by its address alone
	chosen string      // the subprotocol that it chose when it was probed
}

// accessTo reads what upgrades to a target have of their own.
func accessTo(t scenarios.Target) (access, error) {
	config, err := t.Config()
	if err != nil {
		return access{}, &SetupError{fmt.Errorf("target %s: %w", t.Name, err)}
	}
	own := &driver.Own{Header: t.Header(), TLS: config, Subprotocols: t.Subprotocols}
	if own.Header == nil && own.TLS == nil && own.Subprotocols == nil {
		return access{}, nil
	}
	return access{own: own}, nil
}

// dialer is how a single connection is opened to a target: headers go beside its own.
func (a access) dialer(t Target, header http.Header) ws.Dialer {
	d := ws.Dialer{TLSConfig: trust(t)}
	if a.own != nil {
		if a.own.TLS != nil {
			d.TLSConfig = a.own.TLS
		}
		d.Protocols = a.own.Subprotocols
		all := a.own.Header.Clone()
		for name, values := range header {
			if all == nil {
				all = http.Header{}
			}
			all[name] = values
		}
		header = all
	}
	if d.TLSConfig != nil { // which ws.Dialer writes the server's name into
		d.TLSConfig = d.TLSConfig.Clone()
	}
	d.Header = ws.HandshakeHeaderHTTP(header)
	d.WrapConn = func(c net.Conn) net.Conn { return &answering{c, answerLimit} }
	return d
}

// answerLimit is how many bytes a target may answer an upgrade with; ws.Dialer has none.
const answerLimit = 64 << 10

var errAnswerTooLong = fmt.Errorf("its answer to the upgrade has more than %d bytes", answerLimit)

// answering is a connection from which no more is read than an answer may have.
type answering struct {
	net.Conn
	left int
}

func (a *answering) Read(b []byte) (int, error) {
	if a.left <= 0 {
		return 0, errAnswerTooLong
	}
	n, err := a.Conn.Read(b[:min(len(b), a.left)])
	a.left -= n
	return n, err
}

// answered is the connection behind an answer that was read.
func answered(conn net.Conn) net.Conn {
	if a, ok := conn.(*answering); ok {
		return a.Conn
	}
	return conn
}

// named has the certificate verified for the name by which clients know the target, where
// the probe dials its address.
func named(d *ws.Dialer, host string) {
	if host == "" {
		return
	}
	if d.TLSConfig == nil {
		d.TLSConfig = &tls.Config{}
	}
	if d.TLSConfig.ServerName == "" {
		d.TLSConfig.ServerName = host
	}
}

// unchosen says what is wrong with the subprotocol of a handshake, nil when nothing is.
func (a access) unchosen(hs ws.Handshake, err error) error {
	bad := errors.Is(err, ws.ErrHandshakeBadSubProtocol)
	switch {
	case bad && (a.own == nil || len(a.own.Subprotocols) == 0):
		return errors.New("chose a subprotocol, and none was offered (subprotocols)")
	case bad:
		return fmt.Errorf("chose a subprotocol that was not offered, expected one of %s", strings.Join(a.own.Subprotocols, ", "))
	case err == nil && a.own != nil && len(a.own.Subprotocols) > 0 && hs.Protocol == "":
		return fmt.Errorf("chose no subprotocol, expected one of %s", strings.Join(a.own.Subprotocols, ", "))
	}
	return nil
}

// told is how the targets are come to, as the report tells it: names of headers, not their
// values.
func (r *run) told() (all []report.Access) {
	for i, a := range r.access {
		if a.own == nil || r.scenario.Foreign() { // what others' clients send is theirs
			continue
		}
		t := r.scenario.Targets[i]
		x := report.Access{Target: t.Name, Offered: t.Subprotocols, Subprotocol: a.chosen}
		for _, h := range t.Headers {
			x.Headers = append(x.Headers, h.Name)
		}
		slices.Sort(x.Headers)
		if t.TLS != nil {
			x.TLS, x.Insecure = t.TLS.Words(), t.TLS.Insecure
		}
		if len(x.Headers) > 0 || len(x.Offered) > 0 || x.TLS != "" || x.Insecure {
			all = append(all, x)
		}
	}
	return all
}

// refusedSubprotocol notes, once for each target, that it chose none of the subprotocols that
// were offered: the cause of such an attempt, a breach of protocol, does not tell that.
func (r *recorder) refusedSubprotocol(ev driver.Event) {
	why, ok := errors.AsType[*wire.UnchosenError](ev.Err)
	if !ok {
		return
	}
	target := r.endpoint(ev.State.Endpoint)
	if _, told := r.unchosen.LoadOrStore(target, true); !told {
		r.write(report.Record{T: int64(ev.At), Note: &report.Note{Text: "target " + target + ": " + why.Error()}})
	}
}
