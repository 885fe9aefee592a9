package ledger_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos/ledger"
)

const sound = `{"n":2,"entry":{"by":"toxiproxy","where":{"toxic":"b"},"pid":1,"boot":""}}`

// What cannot be read may have been an entry: it is told, what can be read is cleared all
// the same, and the file stays.
func TestDamagedFile(t *testing.T) {
	for name, text := range map[string]string{
		"a byte":        "\n{\"n\":1,\"entry\"#{\"by\":\"toxiproxy\"}}\n\n" + sound + "\n",
		"no entry":      "\n{\"n\":1}\n\n" + sound + "\n",
		"another's":     "garbage\n" + sound + "\n",
		"behind zeroes": "\x00\x00\x00\n" + sound + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "1-x.ledger")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			left, err := ledger.Left(dir)
			require.EqualError(t, err, "ledger: "+path+": 1 of its lines cannot be read; what they say was broken must be put right by hand, and the file removed")
			require.Len(t, left, 1)
			require.Len(t, left[0].Entries, 1)
			assert.Equal(t, "b", left[0].Entries[2].Where["toxic"])
			require.NoError(t, left[0].Strike(2))
			require.NoError(t, left[0].Close())
			assert.FileExists(t, path)
		})
	}
}

// A line that was never finished says nothing of what was done.
func TestLinesThatWereCutOff(t *testing.T) {
	for name, text := range map[string]string{
		"in the middle":  "\n{\"n\":1,\"entry\":{\"by\":\"toxi\n" + sound + "\n",
		"in a word":      "\n" + sound + "\n\n{\"n\":1,\"struck\":tr\n",
		"at the end":     "\n" + sound + "\n\n{\"n\":3,\"ent",
		"zeroes instead": "\n" + sound + "\n\x00\x00\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "1-x.ledger")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			left, err := ledger.Left(dir)
			require.NoError(t, err)
			require.Len(t, left, 1)
			require.Len(t, left[0].Entries, 1)
			require.NoError(t, left[0].Strike(2))
			require.NoError(t, left[0].Close())
			assert.NoFileExists(t, path)
		})
	}
}

// What is no file keeps nobody from the files beside it.
func TestWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "0-x.ledger"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "1-x.ledger"), []byte(sound+"\n"), 0o600))
	left, err := ledger.Left(dir)
	require.EqualError(t, err, "ledger: "+filepath.Join(dir, "0-x.ledger")+" is no file")
	require.Len(t, left, 1)
	assert.Len(t, left[0].Entries, 1)
	require.NoError(t, left[0].Close())
}
