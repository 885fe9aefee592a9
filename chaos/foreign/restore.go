package foreign

import (
	"context"
	"fmt"

	"github.com/wsheal/wsheal/chaos/ledger"
)

// Restore removes what an entry of the ledger says was created, and nothing else. What is
// gone already is no error.
func Restore(ctx context.Context, e ledger.Entry) error {
	a, err := newAPI(e.Where["url"], true) // where it is, was allowed when it was written
	if err != nil {
		return err
	}
	defer a.http.CloseIdleConnections()
	return remove(ctx, a, e.Where["proxy"])
}

// remove deletes a proxy of ours, its toxics first: where those cannot be removed the
// server hangs, and deleting the proxy would take its other proxies with it.
func remove(ctx context.Context, a *api, proxy string) error {
	var toxics []toxic
	err := a.call(ctx, "GET", proxyPath(proxy)+"/toxics", nil, &toxics)
	if notFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("proxy %s of toxiproxy at %s: %w", proxy, a.url, err)
	}
	for _, t := range toxics {
		if err := a.callWithin(ctx, slack*a.limit, "DELETE", toxicPath(proxy, t.Name), nil, nil); err != nil && !notFound(err) {
			return fmt.Errorf("toxic %s on proxy %s of toxiproxy at %s: %w", t.Name, proxy, a.url, err)
		}
	}
	if err := a.call(ctx, "DELETE", proxyPath(proxy), nil, nil); err != nil && !notFound(err) {
		return fmt.Errorf("proxy %s of toxiproxy at %s: %w", proxy, a.url, err)
	}
	return nil
}
