package target

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// fewEnv makes the test binary a target with few descriptors, until its stdin ends.
const fewEnv = "TARGET_TEST_FEW"

func few() int {
	limit := unix.Rlimit{Cur: 64, Max: 64}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if err := Run(ctx, Options{}, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// A target whose clients have used up its descriptors can still be asked and told.
func TestControlIsReachedWhenDescriptorsRunOut(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fewEnv+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		assert.NoError(t, stdin.Close())
		assert.NoError(t, cmd.Wait())
	})
	var hello Hello
	require.NoError(t, json.NewDecoder(bufio.NewReader(stdout)).Decode(&hello))
	for range 64 {
		c, err := net.Dial("tcp", hello.Listen)
		require.NoError(t, err, "the kernel completes the connection whoever accepts it")
		defer c.Close()
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range time.Minute / time.Millisecond {
		client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Get("http://" + hello.Control + "/stats")
		require.NoError(t, err)
		var s Stats
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&s))
		require.NoError(t, resp.Body.Close())
		if s.AcceptErrors > 0 {
			return
		}
		<-tick.C
	}
	assert.Fail(t, "descriptors have not run out")
}
