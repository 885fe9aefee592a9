package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/pool/heal"
)

func op(name string, err error) error { return &net.OpError{Op: name, Net: "tcp", Err: err} }

func sys(call string, err error) error { return os.NewSyscallError(call, err) }

func TestDialCause(t *testing.T) {
	for _, test := range []struct {
		err   error
		cause heal.Cause
		code  uint16
	}{
		{op("dial", sys("connect", syscall.ECONNREFUSED)), heal.Refused, 0},
		{op("read", sys("read", syscall.ECONNRESET)), heal.Reset, 0},
		{op("write", sys("write", syscall.EPIPE)), heal.Reset, 0},
		{io.EOF, heal.EOF, 0},
		{io.ErrUnexpectedEOF, heal.EOF, 0},
		{context.DeadlineExceeded, heal.Timeout, 0},
		{op("read", os.ErrDeadlineExceeded), heal.Timeout, 0},
		{op("dial", sys("connect", syscall.ETIMEDOUT)), heal.Timeout, 0},
		{op("dial", &net.DNSError{Err: "no such host", IsNotFound: true}), heal.DNS, 0},
		{op("dial", &net.DNSError{Err: "i/o timeout", IsTimeout: true}), heal.DNS, 0},
		{ws.StatusError(503), heal.Status, 503},
		{ws.StatusError(301), heal.Status, 301},
		{&refusal{code: 429}, heal.Status, 429},
		{&malformed{errors.New("no HTTP")}, heal.Protocol, 0},
		{errAnswerTooLong, heal.Protocol, 0},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, heal.TLS, 0},
		{x509.HostnameError{Certificate: &x509.Certificate{}}, heal.TLS, 0},
		{x509.CertificateInvalidError{Reason: x509.Expired}, heal.TLS, 0},
		{tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, heal.TLS, 0},
		{op("remote error", errors.New("tls: handshake failure")), heal.TLS, 0},
		{errors.New("tls: server selected unsupported protocol version"), heal.TLS, 0},
		{context.Canceled, heal.Unknown, 0},
		{op("dial", sys("socket", syscall.EMFILE)), heal.Unknown, 0},
		{op("dial", sys("connect", syscall.ENETUNREACH)), heal.Unknown, 0},
	} {
		cause, code := dialCause(fmt.Errorf("dial ws://a: %w", test.err))
		assert.Equal(t, test.cause, cause, "%v", test.err)
		assert.Equal(t, test.code, code, "%v", test.err)
	}
}

func TestCause(t *testing.T) {
	for _, test := range []struct {
		err     error
		written bool
		cause   heal.Cause
		code    uint16
	}{
		{op("read", sys("read", syscall.ECONNRESET)), false, heal.Reset, 0},
		{op("write", sys("write", syscall.ECONNRESET)), true, heal.Reset, 0},
		{op("write", sys("write", syscall.EPIPE)), true, heal.Reset, 0},
		{op("write", os.ErrDeadlineExceeded), true, heal.WriteStall, 0},
		{ErrStalled, true, heal.WriteStall, 0},
		{ErrStalled, false, heal.WriteStall, 0}, // TLS writes while it reads
		{op("read", sys("read", syscall.ETIMEDOUT)), false, heal.HalfOpen, 0},
		{&Violation{Code: 1007}, false, heal.Protocol, 1007},
		{io.EOF, false, heal.EOF, 0},
		{io.ErrUnexpectedEOF, false, heal.EOF, 0},
		{op("remote error", errors.New("tls: internal error")), false, heal.TLS, 0},
		{op("read", net.ErrClosed), false, heal.Unknown, 0},
	} {
		for _, err := range []error{test.err, fmt.Errorf("read: %w", test.err)} {
			cause, code := Cause(err, test.written)
			assert.Equal(t, test.cause, cause, "%v", err)
			assert.Equal(t, test.code, code, "%v", err)
		}
	}
}

func TestRetryAfterForms(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		" 17 ":                          17 * time.Second,
		"-5":                            0,
		"1.5":                           0,
		"soon":                          0,
		"99999999999999999999999999":    24 * time.Hour,
		"Sun, 22 Nov 2026 10:01:00 GMT": time.Minute,
		"Sun, 22 Nov 2026 09:59:00 GMT": 0,
		"Fri, 31 Dec 2100 23:59:59 GMT": 24 * time.Hour,
	} {
		assert.Equal(t, want, retryAfter(value, now), "%q", value)
	}
}
