//go:build unix

package door_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/wsheal/wsheal/chaos/door"
)

// limitEnv makes the test binary a process of few descriptors that uses them up.
const limitEnv = "DOOR_TEST_LIMIT"

func TestMain(m *testing.M) {
	if os.Getenv(limitEnv) == "" {
		os.Exit(m.Run())
	}
	if err := useUp(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// useUp takes every descriptor for which there is room, and prints how many are left then.
func useUp() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	dialer := net.Dialer{Control: door.Fits}
	limit := unix.Rlimit{Cur: 64, Max: 64}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	var taken, left []net.Conn
	for door.Room(door.Spare) == nil {
		c, err := dialer.Dial("tcp", l.Addr().String())
		if err != nil {
			return fmt.Errorf("a dial while there is room: %w", err)
		}
		taken = append(taken, c)
	}
	_, full := dialer.Dial("tcp", l.Addr().String())
	for {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		left = append(left, c)
	}
	none := door.Room(0)
	if err := taken[0].Close(); err != nil {
		return err
	}
	c, err := dialer.Dial("tcp", l.Addr().String())
	if err != nil {
		return fmt.Errorf("a dial when there is room again: %w", err)
	}
	fmt.Printf("%t, %d left, %v, %v\n", len(taken) > 32, len(left), full, none)
	return c.Close()
}

func TestRoomLeavesSomeDescriptorsAlone(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), limitEnv+"=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Regexp(t, fmt.Sprintf(`^true, %d left, dial tcp .*%[2]v, %[2]v\n$`, door.Spare, door.ErrFull), string(out))
}
