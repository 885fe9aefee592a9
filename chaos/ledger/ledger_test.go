package ledger_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/ledger"
)

const childEnv = "LEDGER_TEST_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	l := ledger.New(dir)
	for i := range 3 {
		if _, err := l.Write(entry(fmt.Sprint("t", i))); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	_ = l.Strike(2)
	fmt.Println("written")
	select {}
}

func entry(toxic string) ledger.Entry {
	return ledger.Entry{By: chaos.ByToxiproxy, Where: map[string]string{"toxic": toxic}}
}

func TestNothingIsWrittenForNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	require.NoError(t, ledger.New(dir).Close())
	assert.NoDirExists(t, dir)
	left, err := ledger.Left(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestWhatIsStruckIsGone(t *testing.T) {
	dir := t.TempDir()
	l := ledger.New(dir)
	n, err := l.Write(entry("a"))
	require.NoError(t, err)
	left, err := ledger.Left(dir)
	require.NoError(t, err)
	assert.Empty(t, left, "whoever wrote it lives")
	require.NoError(t, l.Strike(n))
	require.NoError(t, l.Strike(n), "again")
	require.NoError(t, l.Close())
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, files)
}

func TestWhatIsLeftIsFoundAgain(t *testing.T) {
	dir := t.TempDir()
	l := ledger.New(dir)
	_, err := l.Write(entry("a"))
	require.NoError(t, err)
	require.NoError(t, l.Close())
	for range 2 { // what was not put right is there again
		left, err := ledger.Left(dir)
		require.NoError(t, err)
		require.Len(t, left, 1)
		assert.Equal(t, "a", left[0].Entries[1].Where["toxic"])
		again, err := ledger.Left(dir)
		require.NoError(t, err)
		assert.Empty(t, again, "one at a time")
		require.NoError(t, left[0].Close())
	}
	left, err := ledger.Left(dir)
	require.NoError(t, err)
	require.NoError(t, left[0].Strike(1))
	require.NoError(t, left[0].Close())
	left, err = ledger.Left(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// A process that is killed leaves its file, of which the last line may be cut off.
func TestKilledOwner(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	left, err := ledger.Left(dir)
	require.NoError(t, err)
	assert.Empty(t, left, "it lives")
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()

	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	f, err := os.OpenFile(files[0], os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(`{"n":3,"struck":tr`)
	require.NoError(t, err)
	require.NoError(t, f.Close())

	left, err = ledger.Left(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Len(t, left[0].Entries, 2)
	assert.Equal(t, "t0", left[0].Entries[1].Where["toxic"])
	e := left[0].Entries[3]
	assert.Equal(t, "t2", e.Where["toxic"])
	assert.Equal(t, cmd.Process.Pid, e.PID)
	assert.Equal(t, ledger.BootID(), e.Boot)
	require.NoError(t, left[0].Strike(3))
	require.NoError(t, left[0].Close())
	left, err = ledger.Left(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Len(t, left[0].Entries, 1, "what is written behind the torn line is read")
	require.NoError(t, left[0].Close())
}

func TestDir(t *testing.T) {
	env := map[string]string{"XDG_STATE_HOME": "/state"}
	get := func(name string) string { return env[name] }
	dir, err := ledger.Dir(get)
	require.NoError(t, err)
	assert.Equal(t, filepath.FromSlash("/state/wsheal/ledger"), dir)
	env["WSHEAL_LEDGER"] = "/here"
	dir, err = ledger.Dir(get)
	require.NoError(t, err)
	assert.Equal(t, "/here", dir)
}
