package serve

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Address is where to listen, by what was asked for: a port alone means this machine and
// nobody else. Only an address that is named is one that others reach.
func Address(asked string) (string, error) {
	host, port, err := net.SplitHostPort(asked)
	if err != nil || port == "" {
		return "", fmt.Errorf("serve %q: expected an address and a port, as in 127.0.0.1:0", asked)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// local says whether an address is one that only this machine reaches.
func local(a net.Addr) bool {
	ap, err := netip.ParseAddrPort(a.String())
	return err == nil && ap.Addr().Unmap().IsLoopback()
}

// ours says whether a request is for this machine by name, too. A page of somewhere else
// whose name was made to lead here (DNS rebinding) would otherwise read what is served.
func ours(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
