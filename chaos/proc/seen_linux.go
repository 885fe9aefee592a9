package proc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// sockets is what the kernel shows of the connections at a server's port, those that it
// has not accepted yet among them.
type sockets struct {
	conns  int   // open, or closed by the client alone
	unread int64 // bytes in them that the server has not read
}

// socketsOf counts in the network namespace of the process. It must not be reaped.
func socketsOf(pid int, addr string) (sockets, error) {
	var sum sockets
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		return sum, err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return sum, fmt.Errorf("port %q: %w", text, err)
	}
	for _, name := range []string{"tcp", "tcp6"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, name))
		switch {
		case name == "tcp6" && errors.Is(err, fs.ErrNotExist): // a kernel without it
			continue
		case err != nil:
			return sum, err
		}
		s := parseSockets(b, uint16(port))
		sum.conns += s.conns
		sum.unread += s.unread
	}
	return sum, nil
}

// parseSockets reads /proc/net/tcp (proc_net_tcp.rst): after a line of titles, one socket
// on each, its fields the number, local and remote address in hex, state, queues as tx:rx.
// A socket may stand there more than once, as the kernel loses its place where others come
// while the table is read.
func parseSockets(table []byte, port uint16) sockets {
	const established, closeWait = "01", "08"
	local := fmt.Sprintf(":%04X", port)
	var sum sockets
	counted := map[[2]string]bool{} // by both addresses
	lines := bufio.NewScanner(bytes.NewReader(table))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 5 || !strings.HasSuffix(f[1], local) || f[3] != established && f[3] != closeWait {
			continue
		}
		ends := [2]string{f[1], f[2]}
		if counted[ends] {
			continue
		}
		counted[ends] = true
		sum.conns++
		_, rx, _ := strings.Cut(f[4], ":")
		n, _ := strconv.ParseInt(rx, 16, 64) // of the kernel's own making
		// The end of the stream counts as a byte that waits.
		if f[3] == closeWait && n > 0 {
			n--
		}
		sum.unread += n
	}
	return sum
}

// isStopped says whether every thread of a process is stopped by a signal.
func isStopped(pid int) (bool, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil || len(tasks) == 0 {
		return false, errors.Join(err, ErrEnded)
	}
	for _, task := range tasks {
		stat, err := os.ReadFile(task)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a thread that has ended
		}
		if err != nil {
			return false, err
		}
		_, rest, _ := strings.Cut(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " ")
		if !strings.HasPrefix(rest, "T") {
			return false, nil
		}
	}
	return true, nil
}

// seen is nil where what faults of processes do can be seen.
func seen() error { return nil }
