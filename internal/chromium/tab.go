package chromium

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// Tab is a page, and all that it complained of and asked for.
type Tab struct {
	t       testing.TB
	browser *Browser
	session string

	mu         sync.Mutex
	complaints []string // errors, warnings, refusals by its policy, dialogs
	requests   []string
	loaded     chan struct{}
}

// Look is how a tab is looked at.
type Look struct {
	Width  int
	Dark   bool
	Forced bool // forced colours
	Print  bool
}

// Tab opens an empty tab in a context of its own, offline, until the test ends.
func (b *Browser) Tab(t testing.TB) *Tab {
	t.Helper()
	var context struct{ BrowserContextID string }
	must(t, b.call("", "Target.createBrowserContext", nil, &context))
	var target struct{ TargetID string }
	must(t, b.call("", "Target.createTarget", object{"url": "about:blank", "browserContextId": context.BrowserContextID}, &target))
	var attached struct{ SessionID string }
	must(t, b.call("", "Target.attachToTarget", object{"targetId": target.TargetID, "flatten": true}, &attached))
	tab := &Tab{t: t, browser: b, session: attached.SessionID, loaded: make(chan struct{}, 16)}
	b.mu.Lock()
	b.tabs[tab.session] = tab
	b.mu.Unlock()
	t.Cleanup(func() {
		b.mu.Lock()
		delete(b.tabs, tab.session)
		b.mu.Unlock()
		_ = b.call("", "Target.disposeBrowserContext", object{"browserContextId": context.BrowserContextID}, nil)
	})
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		tab.Call(domain+".enable", nil, nil)
	}
	tab.Offline(true)
	return tab
}

type object = map[string]any

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Call sends a command of the DevTools protocol and fills in its result, if that is not nil.
func (tab *Tab) Call(method string, params, result any) {
	tab.t.Helper()
	must(tab.t, tab.browser.call(tab.session, method, params, result))
}

// Offline turns the tab's network off or on.
func (tab *Tab) Offline(off bool) {
	tab.t.Helper()
	tab.Call("Network.emulateNetworkConditions", object{"offline": off, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}, nil)
}

// Scripts lets the page's scripts run or not.
func (tab *Tab) Scripts(run bool) {
	tab.t.Helper()
	tab.Call("Emulation.setScriptExecutionDisabled", object{"value": !run}, nil)
}

// Look sets how the tab is looked at.
func (tab *Tab) Look(l Look) {
	tab.t.Helper()
	tab.Call("Emulation.setDeviceMetricsOverride", object{"width": l.Width, "height": 900, "deviceScaleFactor": 1, "mobile": false}, nil)
	word := func(is bool, yes, no string) string {
		if is {
			return yes
		}
		return no
	}
	tab.Call("Emulation.setEmulatedMedia", object{"media": word(l.Print, "print", "screen"), "features": []object{
		{"name": "prefers-color-scheme", "value": word(l.Dark, "dark", "light")},
		{"name": "forced-colors", "value": word(l.Forced, "active", "none")},
	}}, nil)
}

// Open shows a page and waits until it is loaded.
func (tab *Tab) Open(url string) {
	tab.t.Helper()
	tab.Load("open "+url, func() {
		var res struct{ ErrorText string }
		tab.Call("Page.navigate", object{"url": url}, &res)
		if res.ErrorText != "" {
			tab.t.Fatalf("open %s: %s", url, res.ErrorText)
		}
	})
}

// Load waits for the page that comes to be loaded because of what is done. A page that goes
// elsewhere by itself answers nothing in between, so that it cannot be asked.
func (tab *Tab) Load(what string, do func()) {
	tab.t.Helper()
	for len(tab.loaded) > 0 {
		<-tab.loaded
	}
	do()
	select {
	case <-tab.loaded:
	case <-time.After(patience):
		tab.t.Fatalf("%s: not loaded in %s", what, patience)
	}
}

// Run evaluates an expression in the page, waits for it where it is a promise, and fills
// in its value, if that is not nil.
func (tab *Tab) Run(expression string, value any) {
	tab.t.Helper()
	var res struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	tab.Call("Runtime.evaluate", object{"expression": expression, "returnByValue": true, "awaitPromise": true}, &res)
	if e := res.ExceptionDetails; e != nil {
		tab.t.Fatalf("in the page: %s %s", e.Text, e.Exception.Description)
	}
	if value != nil {
		if err := json.Unmarshal(res.Result.Value, value); err != nil {
			tab.t.Fatalf("the page's answer %s: %v", res.Result.Value, err)
		}
	}
}

// Key presses a key and lets it go.
func (tab *Tab) Key(name, text string) {
	tab.t.Helper()
	tab.Call("Input.dispatchKeyEvent", object{"type": "keyDown", "key": name, "text": text}, nil)
	tab.Call("Input.dispatchKeyEvent", object{"type": "keyUp", "key": name}, nil)
}

// Complaints are the errors and warnings of the page so far, and the dialogs that it opened.
func (tab *Tab) Complaints() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return append([]string{}, tab.complaints...)
}

// Requests are the addresses that the page has asked for so far, data in the address itself
// left out.
func (tab *Tab) Requests() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return append([]string{}, tab.requests...)
}

func (tab *Tab) event(method string, params json.RawMessage) {
	var p struct {
		Type  string
		Args  []struct{ Value any }
		Entry struct{ Level, Text string }
		// An exception that nobody caught.
		ExceptionDetails struct {
			Text      string
			Exception struct{ Description string }
		}
		Request struct{ URL string }
		Message string
	}
	_ = json.Unmarshal(params, &p) // an event of another shape has nothing to complain of
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch method {
	case "Page.loadEventFired":
		select {
		case tab.loaded <- struct{}{}:
		default:
		}
	case "Runtime.consoleAPICalled":
		if p.Type == "error" || p.Type == "warning" || p.Type == "assert" {
			tab.complaints = append(tab.complaints, fmt.Sprintf("console.%s: %v", p.Type, p.Args))
		}
	case "Runtime.exceptionThrown":
		tab.complaints = append(tab.complaints, "exception: "+p.ExceptionDetails.Text+" "+p.ExceptionDetails.Exception.Description)
	case "Log.entryAdded":
		if p.Entry.Level == "error" || p.Entry.Level == "warning" {
			tab.complaints = append(tab.complaints, p.Entry.Level+": "+p.Entry.Text)
		}
	case "Page.javascriptDialogOpening":
		tab.complaints = append(tab.complaints, "dialog: "+p.Message)
	case "Network.requestWillBeSent":
		if !strings.HasPrefix(p.Request.URL, "data:") {
			tab.requests = append(tab.requests, p.Request.URL)
		}
	}
}
