package wire

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
)

// target is a URL as it is dialled, again and again: what can be known of it is known once.
// It is never changed.
type target struct {
	url     *url.URL
	shown   string   // as errors may show it
	where   string   // host:port
	literal bool     // the host is an IP address
	uri     string   // as a request names it
	proxy   *url.URL // that the environment names; nil: none
	odd     error    // why the environment's proxy cannot be told
}

// mostTargets bounds the URLs that a dialer remembers. Fleets have a few.
const mostTargets = 64

// targets are what a dialer has dialled. The zero value is empty.
type targets struct {
	known atomic.Pointer[map[string]*target]
}

// of returns the target of a URL.
func (t *targets) of(raw string) (*target, error) {
	known := t.known.Load()
	if known != nil {
		if found := (*known)[raw]; found != nil {
			return found, nil
		}
	}
	fresh, err := newTarget(raw)
	if err != nil {
		return nil, err
	}
	next := map[string]*target{raw: fresh}
	if known != nil && len(*known) < mostTargets {
		maps.Copy(next, *known)
	}
	t.known.CompareAndSwap(known, &next) // else somebody was quicker, and this one is found out again
	return fresh, nil
}

func newTarget(raw string) (*target, error) {
	u, err := parse(raw)
	if err != nil {
		return nil, err
	}
	t := &target{url: u, shown: u.Redacted(), where: portOf(u), uri: u.RequestURI()}
	_, err = netip.ParseAddr(u.Hostname())
	t.literal = err == nil
	t.proxy, t.odd = http.ProxyFromEnvironment(&http.Request{URL: t.plainly()}) // it looks at the environment once
	return t, nil
}

// plainly is the URL as those know it who find proxies: with http for ws and https for wss.
func (t *target) plainly() *url.URL {
	as := *t.url
	as.Scheme = map[string]string{"ws": "http", "wss": "https"}[as.Scheme]
	return &as
}

// parse reads a URL that can be dialled.
func parse(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		var syntax *url.Error // which repeats the URL with its password
		if errors.As(err, &syntax) {
			err = syntax.Err
		}
		return nil, err
	}
	host := u.Hostname()
	switch {
	case u.Scheme != "ws" && u.Scheme != "wss":
		return nil, fmt.Errorf("scheme %q: expected ws or wss", u.Scheme)
	case host == "":
		return nil, errors.New("no host")
	case strings.ContainsFunc(u.Host, func(c rune) bool { return c <= ' ' || c >= 0x7f }):
		return nil, fmt.Errorf("host %q: expected ASCII, names of other scripts in their xn-- form", host)
	}
	return u, nil
}

// hidden is a URL that cannot be read, without what may be a password.
func hidden(s string) string {
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		return "…" + s[at:]
	}
	return s
}

// portOf is where a URL points, as host:port.
func portOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "wss" || u.Scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}
