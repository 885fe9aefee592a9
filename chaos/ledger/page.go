package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// suffix is that of the files that are looked at.
const suffix = ".ledger"

// errLocked tells that the process that made a file lives.
var errLocked = errors.New("locked")

// line is one line of a file: an entry, or that it was struck.
type line struct {
	N      int    `json:"n"` // of the entry, from 1
	Entry  *Entry `json:"entry,omitempty"`
	Struck bool   `json:"struck,omitempty"`
}

// page is a locked file.
type page struct {
	file *os.File
	path string
}

// newPage makes a file and locks it. It has its name only when it is locked, so that
// nobody takes it for a leftover.
func newPage(dir string) (*page, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, fmt.Sprintf("%d-*.new", os.Getpid()))
	if err != nil {
		return nil, err
	}
	p := &page{f, strings.TrimSuffix(f.Name(), ".new") + suffix}
	if err := errors.Join(lock(f), os.Rename(f.Name(), p.path)); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	// The name must last, too; where a directory cannot be synced it lasts all the same
	// but for a loss of power.
	if d, err := os.Open(filepath.Dir(p.path)); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
	return p, nil
}

// openPage locks a file of before; errLocked when its owner lives.
func openPage(path string) (*page, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	// Who held the lock before may have removed it.
	if _, err := os.Stat(path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &page{f, path}, nil
}

// append returns when the line is on disk.
func (p *page) append(x line) error {
	b, err := json.Marshal(x)
	if err != nil {
		return err
	}
	// A line that a crash cut off has no end of its own.
	if _, err := p.file.Write([]byte("\n" + string(b) + "\n")); err != nil {
		return err
	}
	return p.file.Sync()
}

// unstruck returns the entries that were not struck, by number. The last line may have
// been cut off by a crash: what it would have said was not yet done.
func (p *page) unstruck() (map[int]Entry, error) {
	text, err := io.ReadAll(p.file)
	if err != nil {
		return nil, err
	}
	left := map[int]Entry{}
	for raw := range bytes.SplitSeq(text, []byte("\n")) {
		var x line
		switch err := json.Unmarshal(raw, &x); {
		case err != nil:
		case x.Struck:
			delete(left, x.N)
		case x.Entry != nil:
			left[x.N] = *x.Entry
		}
	}
	return left, nil
}

// close lets go of the file, and removes it when nothing is left in it.
func (p *page) close(empty bool) error {
	err := p.file.Close()
	if !empty {
		return err
	}
	if gone := os.Remove(p.path); !errors.Is(gone, os.ErrNotExist) { // whoever looks for leftovers removes it as well
		err = errors.Join(err, gone)
	}
	return err
}
