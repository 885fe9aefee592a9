package toxi_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/toxi"
)

// childEnv makes the test binary a fault proxy with so many descriptors.
const (
	childEnv = "TOXI_TEST_CHILD"
	childFDs = 64
)

// newcomers are drivers that come when a proxy has no descriptors for connections any more.
const newcomers = 3

// child serves until its stdin ends, and says on stdout where.
func child() int {
	fds, err := strconv.ParseUint(os.Getenv(childEnv), 10, 64)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	limit := unix.Rlimit{Cur: fds, Max: fds}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	fmt.Println(ln.Addr())
	err = toxi.Serve(ctx, ln, toxi.Options{})
	// The control connections are the driver's to close.
	leak := goleak.Find(goleak.IgnoreAnyFunction("net/http.(*conn).serve"), goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"),
		goleak.IgnoreAnyFunction("net/http.(*connReader).backgroundRead"))
	if err := errors.Join(err, leak); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestAcceptLoopSurvivesDescriptorsRunningOut(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+strconv.Itoa(childFDs))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	ended := false
	defer func() {
		if !ended {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}()
	control, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)

	r := &rig{t: t, target: newTarget(t)}
	r.driver, err = toxi.NewDriver(strings.TrimSpace(control))
	require.NoError(t, err)
	defer r.driver.Close()
	r.addr, err = r.driver.CreateProxy(t.Context(), "blue", r.target.addr)
	require.NoError(t, err)
	early := r.dial(1)
	early.echo("before")

	var flood []net.Conn
	for range childFDs {
		c, err := net.DialTimeout("tcp", r.addr, patience)
		if errors.Is(err, syscall.ECONNRESET) {
			continue // accepted, and given up before we saw it open
		}
		require.NoError(t, err, "the kernel completes the connection whoever accepts it")
		flood = append(flood, c)
	}
	r.until("descriptors run out", func() bool { return r.traffic().Errors > 0 })
	early.echo("meanwhile")
	for range newcomers { // each opens connections to the control API, now that no others are to be had
		d, err := toxi.NewDriver(strings.TrimSpace(control))
		require.NoError(t, err)
		defer d.Close()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		require.NoError(t, d.Inject(ctx, chaos.Fault{Name: "split", On: "blue", Share: 1, Effect: chaos.Partition{}}))
		early.say("held")
		early.hearsNothing()
		require.NoError(t, d.Clear(ctx, "split"))
		early.hear("held")
	}

	for _, c := range flood {
		require.NoError(t, c.Close())
	}
	r.until("it has accepted them all, and forgotten them", func() bool {
		now := r.traffic()
		return now.Accepted == childFDs+1 && now.Live == 1
	})
	r.dial(2).echo("after")
	early.echo("after")

	require.NoError(t, stdin.Close())
	require.NoError(t, cmd.Wait())
	ended = true
}

// A target that cannot be dialled at once does not keep others from being accepted.
func TestDialsDoNotWaitForEachOther(t *testing.T) {
	r := newRigOn(t, toxi.NewServer(toxi.Options{DialTimeout: 200 * time.Millisecond}))
	// A listener whose backlog is full answers no SYN: the kernel completes one
	// connection more than the backlog of 0, then dials hang.
	full, err := newFullListener(t)
	require.NoError(t, err)
	hang, err := r.driver.CreateProxy(t.Context(), "hang", full)
	require.NoError(t, err)
	const n = 20
	var conns []net.Conn
	for range n {
		c, err := net.Dial("tcp", hang)
		require.NoError(t, err)
		conns = append(conns, c)
	}
	traffic := func() chaos.Traffic {
		all, err := r.driver.Traffic(t.Context())
		require.NoError(t, err)
		return all["hang"]
	}
	r.until("all are accepted", func() bool { return traffic().Accepted == n })
	r.dial(1).echo("the other proxy works")
	for _, c := range conns {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
		_, err := c.Read(make([]byte, 1))
		require.Error(t, err)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
		require.NoError(t, c.Close())
	}
	assert.EqualValues(t, n, traffic().Refused)
}

// newFullListener returns the address of a listener that accepts nothing any more.
func newFullListener(t *testing.T) (string, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return "", err
	}
	if err := unix.Listen(fd, 0); err != nil {
		return "", err
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return "", err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", sa.(*unix.SockaddrInet4).Port)
	for range 8 {
		c, err := net.DialTimeout("tcp", addr, time.Second) // so long that it is not merely slow
		if err != nil {
			return addr, nil // full
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	return "", fmt.Errorf("%s is never full", addr)
}
