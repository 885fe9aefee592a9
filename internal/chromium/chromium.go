// Package chromium shows pages to tests as people see them: it starts a headless Chromium
// and drives it by its DevTools protocol, over a pipe. Nothing is fetched; a test is
// skipped where no Chromium is installed, unless the environment demands one.
package chromium

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// names are those under which systems install it.
var names = []string{"chromium", "chromium-headless-shell", "chromium-browser", "google-chrome", "chrome"}

// needed is the environment variable that makes a missing browser a failure.
const needed = "WSHEAL_NEED_BROWSER"

// patience is how long any one answer may take.
const patience = time.Minute

// Browser is a running Chromium.
type Browser struct {
	in         io.Writer
	write      sync.Mutex
	complaints *tail

	mu    sync.Mutex
	last  int
	calls map[int]chan reply
	tabs  map[string]*Tab // by session
	gone  error           // why there are no more answers
}

type reply struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// Start starts a browser, which ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	path := find()
	if path == "" {
		if os.Getenv(needed) != "" {
			t.Fatalf("%s is set, and there is no Chromium: expected one of %v in PATH", needed, names)
		}
		t.Skipf("there is no Chromium: expected one of %v in PATH", names)
	}
	// Descriptors 3 and 4 are where it reads and writes.
	itsIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, itsOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir, which could not be removed while the last helper process ends.
	profile, err := os.MkdirTemp("", "wsheal-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path,
		"--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--user-data-dir="+profile, "--hide-scrollbars",
		"--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions", "--disable-sync",
		"--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
		"about:blank")
	cmd.ExtraFiles = []*os.File{itsIn, itsOut}
	var complaints tail
	cmd.Stderr = &complaints
	cmd.WaitDelay = patience // a helper process may hold stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = itsIn.Close(), itsOut.Close()
	b := &Browser{in: in, complaints: &complaints, calls: map[int]chan reply{}, tabs: map[string]*Tab{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.read(out)
	}()
	t.Cleanup(func() {
		_ = b.call("", "Browser.close", nil, nil)
		_ = in.Close()
		late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		late.Stop()
		_ = out.Close()
		<-done
		_ = os.RemoveAll(profile)
	})
	return b
}

func find() string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// read hands answers to those who wait for them, and events to their tabs. Messages end
// with a zero byte.
func (b *Browser) read(out io.Reader) {
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadBytes(0)
		if err != nil {
			b.mu.Lock()
			b.gone = fmt.Errorf("the browser has gone: %w; its last words: %s", err, b.complaints)
			for id, c := range b.calls {
				close(c)
				delete(b.calls, id)
			}
			b.mu.Unlock()
			return
		}
		var m struct {
			ID      int             `json:"id"`
			Session string          `json:"sessionId"`
			Method  string          `json:"method"`
			Params  json.RawMessage `json:"params"`
			reply
		}
		if json.Unmarshal(line[:len(line)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		c, tab := b.calls[m.ID], b.tabs[m.Session]
		delete(b.calls, m.ID)
		b.mu.Unlock()
		switch {
		case c != nil:
			c <- m.reply
		case tab != nil && m.Method != "":
			tab.event(m.Method, m.Params)
		}
	}
}

// call sends a command and waits for its answer.
func (b *Browser) call(session, method string, params, result any) error {
	if params == nil {
		params = struct{}{}
	}
	c := make(chan reply, 1)
	b.mu.Lock()
	if b.gone != nil {
		b.mu.Unlock()
		return b.gone
	}
	b.last++
	id := b.last
	b.calls[id] = c
	b.mu.Unlock()
	text, err := json.Marshal(struct {
		ID      int    `json:"id"`
		Session string `json:"sessionId,omitempty"`
		Method  string `json:"method"`
		Params  any    `json:"params"`
	}{id, session, method, params})
	if err != nil {
		return err
	}
	b.write.Lock()
	_, err = b.in.Write(append(text, 0))
	b.write.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case r, ok := <-c:
		switch {
		case !ok:
			return fmt.Errorf("%s: %w", method, b.why())
		case r.Error != nil:
			return fmt.Errorf("%s: %s", method, r.Error.Message)
		case result != nil:
			return json.Unmarshal(r.Result, result)
		}
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%s: no answer in %s", method, patience)
	}
}

func (b *Browser) why() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.gone
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (k *tail) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.text = append(k.text, p...)
	k.text = k.text[max(0, len(k.text)-2000):]
	return len(p), nil
}

func (k *tail) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return string(k.text)
}
