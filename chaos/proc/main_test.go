package proc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/wsheal/wsheal/chaos/target"
)

const (
	modeEnv     = "PROC_TEST_MODE"
	lifelineEnv = "PROC_TEST_LIFELINE"
)

// TestMain is the children too: the test binary starts itself in one of these modes.
func TestMain(m *testing.M) {
	mode := os.Getenv(modeEnv)
	if mode == "" {
		goleak.VerifyTestMain(m)
		return
	}
	child(mode)
}

func child(mode string) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	switch mode {
	case "good": // ends when asked, in good order
		ctx = WatchParent(ctx)
		fmt.Printf("{\"listen\":\"127.0.0.1:1\",\"control\":\"127.0.0.1:2\"}\nready to serve\n")
		holdLifeline()
		<-ctx.Done()
		if !errors.Is(context.Cause(ctx), ErrParentGone) {
			fmt.Fprintln(os.Stderr, "asked by signal")
		}
	case "deaf": // knows that its parent is gone, and does not act on it
		WatchParent(ctx)
		fmt.Println("{}")
		select {}
	case "stubborn": // looks at nothing
		stop()
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("{}")
		holdLifeline()
		time.Sleep(time.Hour)
	case "mute":
		fmt.Fprintln(os.Stderr, "still thinking")
		holdLifeline()
		<-ctx.Done()
	case "dies":
		fmt.Fprintln(os.Stderr, "cannot bind: no such address")
		os.Exit(3)
	case "brief": // says hello and ends
		fmt.Println("{}")
	case "chatty": // fills both pipes far beyond their capacity
		for i := range 20000 {
			fmt.Printf("line %d of stdout\n", i)
			fmt.Fprintf(os.Stderr, "line %d of stderr\n", i)
		}
		fmt.Fprintln(os.Stderr, "the end")
		os.Exit(4)
	case "garbage":
		fmt.Println("usage: serve [flags]")
		<-ctx.Done()
	case "endless": // never ends its first line
		for {
			if _, err := fmt.Print(strings.Repeat("x", 4096)); err != nil {
				return
			}
		}
	case "listener": // an ordinary server, which says nothing
		ln, err := net.Listen("tcp", os.Getenv("PROC_TEST_LISTEN"))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		<-ctx.Done()
		ln.Close()
	case "target": // the embedded echo server
		ctx = WatchParent(ctx)
		o := target.Options{Listen: os.Getenv("PROC_TEST_LISTEN"), Control: os.Getenv("PROC_TEST_CONTROL")}
		if err := target.Run(ctx, o, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "family": // leaves a grandchild behind that nothing but its group ties
		grandchild := exec.Command(os.Args[0])
		grandchild.Env = append(os.Environ(), modeEnv+"=stubborn")
		if err := grandchild.Start(); err != nil {
			panic(err)
		}
		fmt.Println("{}")
		<-ctx.Done()
	case "middle": // a parent, to be killed
		if _, err := Start(context.Background(), Spec{
			Name: "inner", Path: os.Args[0], Hello: time.Minute, Env: []string{modeEnv + "=" + os.Getenv("PROC_TEST_INNER")},
		}); err != nil {
			panic(err)
		}
		fmt.Println("{}")
		select {}
	default:
		panic("no such mode: " + mode)
	}
}

// holdLifeline opens a connection that lives exactly as long as this process, tells
// its pid on it, and answers every byte.
func holdLifeline() {
	addr := os.Getenv(lifelineEnv)
	if addr == "" {
		return
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(conn, os.Getpid())
	go io.Copy(conn, conn)
}

// lifeline is the test's end: it knows whether a process is there that is not its
// child, whatever state it is in, and is fooled by no zombie.
type lifeline struct {
	ln   net.Listener
	conn net.Conn
	r    *bufio.Reader
}

func newLifeline(t *testing.T) *lifeline {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	return &lifeline{ln: ln}
}

func (l *lifeline) env() string { return lifelineEnv + "=" + l.ln.Addr().String() }

// pid waits for the process.
func (l *lifeline) pid(t *testing.T) int {
	t.Helper()
	conn, err := l.ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	l.conn, l.r = conn, bufio.NewReader(conn)
	var pid int
	_, err = fmt.Fscanln(l.r, &pid)
	require.NoError(t, err)
	return pid
}

// requireAlive asks the process for an answer.
func (l *lifeline) requireAlive(t *testing.T) {
	t.Helper()
	_, err := l.conn.Write([]byte("?"))
	require.NoError(t, err)
	b, err := l.r.ReadByte()
	require.NoError(t, err, "the process is gone")
	require.Equal(t, byte('?'), b)
}

// requireGone waits for the end of the process.
func (l *lifeline) requireGone(t *testing.T, within time.Duration) {
	t.Helper()
	require.NoError(t, l.conn.SetReadDeadline(time.Now().Add(within)))
	_, err := l.r.ReadByte()
	require.Error(t, err)
	require.False(t, errors.Is(err, os.ErrDeadlineExceeded), "the process is still there after %v", within)
}

// start starts this test binary in a mode.
func start(t *testing.T, mode string, change ...func(*Spec)) (*Child, error) {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	spec := Spec{Name: "target blue", Path: exe, Hello: time.Minute}
	// The race detector would hold every child for a second at its exit.
	spec.Env = []string{modeEnv + "=" + mode, "GORACE=atexit_sleep_ms=0"}
	for _, f := range change {
		f(&spec)
	}
	c, err := Start(t.Context(), spec)
	if c != nil {
		t.Cleanup(func() { require.NoError(t, c.Stop(context.Background())) })
	}
	return c, err
}

func mustStart(t *testing.T, mode string, change ...func(*Spec)) *Child {
	t.Helper()
	c, err := start(t, mode, change...)
	require.NoError(t, err)
	return c
}
