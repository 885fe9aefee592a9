package toxi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

func init() {
	for kind, p := range faultrig.Doors() {
		proofs[kind] = proof{sees: p.Sees, idle: p.Idle}
	}
	for kind, p := range faultrig.DoorsTLS() {
		proofs[kind+" in TLS"] = proof{sees: p.Sees, idle: p.Idle, tls: true}
	}
}

// upgradeRequest is that of a client.
func upgradeRequest(client int) string {
	return fmt.Sprintf("GET / HTTP/1.1\r\nHost: target\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s: %d/1\r\n\r\n", chaos.IdentityHeader, client)
}

// statusOf is the status that comes to a connection.
func statusOf(t *testing.T, conn net.Conn) int {
	t.Helper()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(faultrig.Patience)))
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}

// TestClearedWhileARequestArrives: what was read of it at the door goes on with the rest.
func TestClearedWhileARequestArrives(t *testing.T) {
	rig := faultrig.New(t)
	f := chaos.Fault{Name: "f", On: "blue", Share: 1, Effect: chaos.UpgradeReject{Status: 503}}
	require.NoError(t, rig.Proxy.Inject(t.Context(), f))
	var conns []net.Conn
	for i := range 2 {
		conn, err := net.Dial("tcp", rig.Addr)
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, upgradeRequest(i)[:30])
		require.NoError(t, err)
		conns = append(conns, conn)
	}
	_, err := io.WriteString(conns[0], upgradeRequest(0)[30:])
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, statusOf(t, conns[0]), "whole before it was cleared")
	require.NoError(t, rig.Proxy.Clear(t.Context(), f.Name))
	_, err = io.WriteString(conns[1], upgradeRequest(1)[30:])
	require.NoError(t, err)
	assert.Equal(t, http.StatusSwitchingProtocols, statusOf(t, conns[1]), "whole after it")
	e, err := rig.Proxy.Evidence(t.Context(), f.Name)
	require.NoError(t, err)
	assert.Equal(t, 1, e.Targeted)
	assert.EqualValues(t, 1, e.Count("rejected"))
}

// TestWhatIsNoRequestPassesTheDoor byte by byte, as TLS does: nothing is acted on, and the
// fault says so.
func TestWhatIsNoRequestPassesTheDoor(t *testing.T) {
	rig := faultrig.New(t)
	said := make(chan string, 1)
	other := faultrig.Serve(t, func(ctx context.Context, ln net.Listener) error {
		defer context.AfterFunc(ctx, func() { _ = ln.Close() })()
		conn, err := ln.Accept()
		if err != nil {
			return nil
		}
		defer conn.Close()
		b, err := io.ReadAll(conn)
		said <- string(b)
		return err
	})
	addr, err := rig.Proxy.CreateProxy(t.Context(), "green", other)
	require.NoError(t, err)
	f := chaos.Fault{Name: "f", On: "green", Share: 1, Effect: chaos.UpgradeReject{Status: 503}}
	require.NoError(t, rig.Proxy.Inject(t.Context(), f))
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	hello := "\x16\x03\x01 what a client of TLS says"
	_, err = io.WriteString(conn, hello)
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	assert.Equal(t, hello, <-said)
	require.NoError(t, rig.Proxy.Clear(t.Context(), f.Name))
	e, err := rig.Proxy.Evidence(t.Context(), f.Name)
	require.NoError(t, err)
	state, why := e.Judge(f, true)
	assert.Equal(t, chaos.NoEffect, state, why)
}

// TestLeavingMakesRoom under a limit.
func TestLeavingMakesRoom(t *testing.T) {
	rig := faultrig.New(t)
	first := rig.Dial(1)
	require.NoError(t, rig.Proxy.Inject(t.Context(), chaos.Fault{Name: "f", On: "blue", Share: 1, Effect: chaos.ConnLimit{Max: 1, Over: chaos.OverHang}}))
	hung, err := net.Dial("tcp", rig.Addr)
	require.NoError(t, err)
	defer hung.Close()
	faultrig.Until(t, "one is turned away", func() bool {
		e, err := rig.Proxy.Evidence(t.Context(), "f")
		return err == nil && e.Count("turned_away") == 1
	})
	require.NoError(t, first.Conn.Close())
	faultrig.Until(t, "who hangs takes no place", func() bool {
		_, _, err := rig.Try(2, time.Second)
		return err == nil
	})
}
