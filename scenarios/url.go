package scenarios

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// checkURL says what is wrong with the address of a target, which it shows as told.
func checkURL(text, as string, allowRemote bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Hostname() == "":
		return expected("an address such as ws://127.0.0.1:9001/ or wss://host/path", as)
	case !validPort(u.Port()):
		return expected("a port from 1 to 65535", u.Port())
	case u.Fragment != "":
		return expected("an address without a fragment", as)
	case !allowRemote && !loopback(u.Hostname()):
		return errors.New("expected a host of this machine (127.0.0.0/8, ::1, localhost), got " + shown(u.Hostname()) + "; --allow-remote permits others")
	case u.User != nil:
		return errors.New("expected an address without user and password; headers: {Authorization: …} has room for them")
	}
	return nil
}

// validPort accepts no port at all, too: the scheme has one.
func validPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return text == "" || err == nil && n > 0
}

// Address is the host:port that a client of a ws:// or wss:// URL dials. Of what is no
// URL it is the text itself.
func Address(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return text
	case u.Port() != "":
		return u.Host
	case strings.EqualFold(u.Scheme, "wss"):
		return net.JoinHostPort(u.Hostname(), "443")
	}
	return net.JoinHostPort(u.Hostname(), "80")
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
