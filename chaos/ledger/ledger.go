package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/wsheal/wsheal/chaos"
)

// Entry is one thing that must be put right if its owner cannot do it any more.
type Entry struct {
	By    chaos.Backend     `json:"by"`
	Where map[string]string `json:"where"` // what the backend needs to find it again
	PID   int               `json:"pid"`   // of who wrote it; filled in
	Boot  string            `json:"boot"`  // names this run of the host's kernel, "" where nothing does; filled in
}

// Ledger is the file of this process. The file is made when the first entry is written.
// It may be used from many goroutines at once.
type Ledger struct {
	dir string

	mu   sync.Mutex
	page *page // nil: nothing has been written
	last int
	open map[int]bool
}

// New returns a ledger in a directory, which need not exist yet.
func New(dir string) *Ledger { return &Ledger{dir: dir, open: map[int]bool{}} }

// Dir is where this user's ledgers are: what WSHEAL_LEDGER names, else below
// XDG_STATE_HOME, else below the directory for a user's configuration.
func Dir(getenv func(string) string) (string, error) {
	if dir := getenv("WSHEAL_LEDGER"); dir != "" {
		return dir, nil
	}
	base := getenv("XDG_STATE_HOME")
	if base == "" {
		var err error
		if base, err = os.UserConfigDir(); err != nil {
			return "", fmt.Errorf("ledger: %w; WSHEAL_LEDGER can name a directory", err)
		}
	}
	return filepath.Join(base, "wsheal", "ledger"), nil
}

// Write records an entry and returns when it is on disk, with the number to strike it by.
// Only then may it be carried out.
func (l *Ledger) Write(e Entry) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.page == nil {
		p, err := newPage(l.dir)
		if err != nil {
			return 0, fmt.Errorf("ledger: %w", err)
		}
		l.page = p
	}
	e.PID, e.Boot = os.Getpid(), BootID()
	n := l.last + 1
	if err := l.page.append(line{N: n, Entry: &e}); err != nil {
		return 0, fmt.Errorf("ledger: %w", err)
	}
	l.last, l.open[n] = n, true
	return n, nil
}

// Strike records that an entry was put right. Striking it again is no error.
func (l *Ledger) Strike(n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.open[n] {
		return nil
	}
	if err := l.page.append(line{N: n, Struck: true}); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	delete(l.open, n)
	return nil
}

// Close lets go of the file, and removes it when every entry was struck.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.page == nil {
		return nil
	}
	err := l.page.close(len(l.open) == 0)
	l.page = nil
	return err
}

// Leftover is the file of a process that has ended without having put everything right.
// It stays locked, so that two cannot mend the same, until it is closed.
type Leftover struct {
	Path    string
	Entries map[int]Entry // not struck, by number
	page    *page
	damaged bool // it may say more than could be read
}

// Left returns what processes that are no more have left in a directory, and as an error
// what could not be read of it. It skips files whose process lives. A directory that does
// not exist has none.
func Left(dir string) ([]*Leftover, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	var all []*Leftover
	var bad []error
	for _, path := range paths {
		p, err := openPage(path)
		switch {
		case errors.Is(err, errLocked), errors.Is(err, os.ErrNotExist): // its owner lives; somebody else was quicker
			continue
		case err != nil:
			bad = append(bad, fmt.Errorf("ledger: %w", err))
			continue
		}
		entries, err := p.unstruck()
		if err != nil {
			bad = append(bad, fmt.Errorf("ledger: %w", err))
		}
		all = append(all, &Leftover{Path: path, Entries: entries, page: p, damaged: err != nil})
	}
	return all, errors.Join(bad...)
}

// Strike records that an entry was put right.
func (l *Leftover) Strike(n int) error {
	if err := l.page.append(line{N: n, Struck: true}); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	delete(l.Entries, n)
	return nil
}

// Close lets go of the file, and removes it when all of it was read and every entry struck.
func (l *Leftover) Close() error { return l.page.close(len(l.Entries) == 0 && !l.damaged) }

// BootID names this run of the host's kernel, "" where nothing does: rules of a kernel
// that has been started again since are gone.
func BootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
