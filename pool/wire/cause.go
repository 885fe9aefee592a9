package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/pool/heal"
)

// Cause tells why an established connection ended; written is true when the error comes
// from a write. The code is that of a violation's close frame, else 0.
func Cause(err error, written bool) (heal.Cause, uint16) {
	if cause, ok := common(err); ok {
		return cause, 0
	}
	var violation *Violation
	switch {
	case errors.As(err, &violation):
		return heal.Protocol, violation.Code
	case errors.Is(err, ErrStalled), written && errors.Is(err, os.ErrDeadlineExceeded):
		return heal.WriteStall, 0
	case errors.Is(err, syscall.ETIMEDOUT): // the kernel's keepalive had no answer
		return heal.HalfOpen, 0
	case isTLS(err):
		return heal.TLS, 0
	}
	return endCause(err), 0
}

// common finds the cause of what nearly every connection ends with, in the shapes that come
// from this package, without looking for what else it could be: that was a twentieth of the
// CPU time of coming back after a reset of all (bench/cost, reconnect).
func common(err error) (heal.Cause, bool) {
	if op, ok := err.(*net.OpError); ok {
		err = op.Err
	}
	if call, ok := err.(*os.SyscallError); ok {
		err = call.Err
	}
	switch err {
	case syscall.ECONNRESET:
		return heal.Reset, true
	case io.EOF:
		return heal.EOF, true
	}
	return heal.Unknown, false
}

// dialCause tells why a dial or an upgrade failed, with the HTTP status if there was
// one.
func dialCause(err error) (heal.Cause, uint16) {
	var (
		status     ws.StatusError
		unresolved *net.DNSError
		answer     *malformed
	)
	switch {
	case errors.As(err, &status):
		return heal.Status, uint16(status)
	case errors.As(err, &unresolved):
		return heal.DNS, 0
	case isTimeout(err):
		return heal.Timeout, 0
	case isTLS(err):
		return heal.TLS, 0
	case errors.As(err, &answer), errors.Is(err, errAnswerTooLong):
		return heal.Protocol, 0
	}
	return endCause(err), 0
}

// endCause tells what the two have in common.
func endCause(err error) heal.Cause {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return heal.Refused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return heal.Reset
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return heal.EOF
	}
	return heal.Unknown
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &t) && t.Timeout()
}

// isTLS finds certificates that do not hold, alerts of either side and peers that do
// not speak TLS.
func isTLS(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		host        x509.HostnameError
		invalid     x509.CertificateInvalidError
		record      tls.RecordHeaderError
		alert       tls.AlertError
		op          *net.OpError
	)
	switch {
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &host),
		errors.As(err, &invalid), errors.As(err, &record), errors.As(err, &alert):
		return true
	case errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error"):
		return true // crypto/tls wraps its alerts so, and does not export their type
	}
	// What else crypto/tls has to say has no type at all.
	for ; err != nil; err = errors.Unwrap(err) {
		if strings.HasPrefix(err.Error(), "tls: ") {
			return true
		}
	}
	return false
}
