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

// openPage locks a file of before; errLocked when its owner lives. What is no file, a pipe
// for one, could be waited on for ever.
func openPage(path string) (*page, error) {
	switch is, err := os.Stat(path); {
	case err != nil:
		return nil, err
	case !is.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no file", path)
	}
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

// unstruck returns the entries that were not struck, by number, and as an error that there
// are lines which cannot be read: they may have been entries. A line that ends before its
// time was cut off by a crash or a full disk, and so is the last whatever is in it: what it
// would have said was not yet done.
func (p *page) unstruck() (map[int]Entry, error) {
	text, err := io.ReadAll(p.file)
	if err != nil {
		return nil, err
	}
	left, damaged := map[int]Entry{}, 0
	lines := bytes.Split(text, []byte("\n"))
	for i, raw := range lines {
		var x line
		err := json.Unmarshal(raw, &x)
		switch {
		case len(raw) == 0 || err != nil && (i == len(lines)-1 || cutOff(raw, err)):
		case err == nil && x.Struck:
			delete(left, x.N)
		case err == nil && x.Entry != nil:
			left[x.N] = *x.Entry
		default:
			damaged++
		}
	}
	if damaged > 0 {
		return left, fmt.Errorf("%s: %d of its lines cannot be read; what they say was broken must be put right by hand, and the file removed", p.path, damaged)
	}
	return left, nil
}

// cutOff says whether a line that cannot be read is one whose end is missing.
func cutOff(raw []byte, err error) bool {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	return ok && syntax.Offset >= int64(len(raw))
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
