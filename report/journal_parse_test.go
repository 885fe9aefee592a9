package report

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stepLines are the steps of the hand-made journals, and full.
func stepLines(tb testing.TB) (lines []string) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "journals", "*", "journal.ndjson"))
	require.NoError(tb, err)
	for _, name := range files {
		f, err := os.Open(name)
		require.NoError(tb, err)
		for s := bufio.NewScanner(f); s.Scan(); {
			var rec Record
			if json.Unmarshal(s.Bytes(), &rec) == nil && rec.Step != nil {
				lines = append(lines, s.Text())
			}
		}
		require.NoError(tb, f.Close())
	}
	require.Greater(tb, len(lines), 100)
	return append(lines, string(appendStep(nil, 1, full(tb))))
}

// full is a step of which every field is set, to the largest of its type.
func full(tb testing.TB) *Step {
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 3, 3))
			for i := range v.Len() {
				fill(v.Index(i))
			}
		case reflect.String:
			v.SetString("gave up")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Int, reflect.Int64:
			v.SetInt(-999_999_999_999_999_999)
		case reflect.Uint8, reflect.Uint16, reflect.Uint32:
			v.SetUint(math.MaxUint64 >> (64 - v.Type().Bits()))
		default:
			require.Fail(tb, "a field of a kind that this test does not know", v.Kind())
		}
	}
	var s Step
	fill(reflect.ValueOf(&s).Elem())
	return &s
}

// byHand holds one line against encoding/json: what is read by hand is what it reads.
func byHand(t *testing.T, line string, words *vocabulary, into *Step) (ok bool) {
	at, ok := parseStep([]byte(line), words, into)
	if !ok {
		return false
	}
	want, err := parseRecord([]byte(line))
	require.NoError(t, err, line)
	got := *into
	if len(got.Actions) == 0 && len(want.Step.Actions) == 0 {
		got.Actions = want.Step.Actions // no list, or an empty one that is there to be used again
	}
	require.Equal(t, want, Record{T: at, Step: &got}, line)
	return true
}

// Every step that Writer writes is read by hand, into one that had another before.
func TestStepsAreReadByHand(t *testing.T) {
	var words vocabulary
	into := full(t)
	for _, line := range stepLines(t) {
		assert.True(t, byHand(t, line, &words, into), line)
	}
}

// What is not as Writer writes it is left to encoding/json, also where that takes it.
func TestUnusualStepsAreNotReadByHand(t *testing.T) {
	const sound = `{"t":5,"step":{"c":7,"gen":1,"ev":"lost","only":true,"from":"ready","to":"waiting","do":[{"a":"arm","timer":1,"at":9}]}}`
	var words vocabulary
	require.True(t, byHand(t, sound, &words, new(Step)))
	for _, c := range [][2]string{
		{`{"t":5,`, `{ "t":5,`},
		{`"t":5`, `"t":-5`},
		{`"t":5`, `"t":05`},
		{`"t":5`, `"t":5.0`},
		{`"t":5`, `"t":5e3`},
		{`"t":5`, `"t":`},
		{`"t":5`, `"t":-`},
		{`"t":5`, `"t":"5"`},
		{`"t":5`, `"t":null`},
		{`"t":5`, `"t":1000000000000000000`},
		{`"t":5`, `"t":5,"t":6`},
		{`"t":5`, `"T":5`},
		{`"t":5`, `"u":5`},
		{`"t":5,`, `"t":5,"note":{"text":"x"},`},
		{`"c":7`, `"c":7,"c":8`},
		{`"c":7`, `"c":7,"shoe":8`},
		{`"c":7`, `"\u0063":7`},
		{`"c":7,`, ``},
		{`"gen":1,`, ``},
		{`"ev":"lost",`, ``},
		{`"from":"ready",`, ``},
		{`,"to":"waiting"`, ``},
		{`"t":5,`, ``},
		{`"gen":1`, `"gen":4294967296`},
		{`"gen":1`, `"gen":-1`},
		{`"gen":1`, `"gen":1,"ep":256`},
		{`"gen":1`, `"gen":1,"code":65536`},
		{`"lost"`, `"l\u006fst"`},
		{`"lost"`, `"löst"`},
		{`"lost"`, "\"l\xffst\""},
		{`"lost"`, "\"l\tst\""},
		{`"lost"`, `null`},
		{`"lost"`, `7`},
		{`true`, `false`},
		{`true`, `tru`},
		{`[{"a":"arm","timer":1,"at":9}]`, `[]`},
		{`[{"a":"arm","timer":1,"at":9}]`, `null`},
		{`[{"a":"arm","timer":1,"at":9}]`, `[{}]`},
		{`[{"a":"arm",`, `[{"a":"arm","a":"arm",`},
		{`"at":9}]`, `"at":9}`},
		{`"at":9}]`, `"at":9},]`},
		{`"at":9}]}}`, `"at":9}]}`},
		{`"at":9}]}}`, `"at":9}]}} `},
		{`"at":9}]}}`, `"at":9}]}}}`},
		{sound, `{"t":5}`},
		{sound, `{"t":5,"step":{}}`},
		{sound, ``},
	} {
		require.Contains(t, sound, c[0])
		line := strings.Replace(sound, c[0], c[1], 1)
		assert.False(t, byHand(t, line, &words, new(Step)), line)
	}
	for n := range len(sound) {
		assert.False(t, byHand(t, sound[:n], &words, new(Step)), sound[:n])
	}
}

// Whatever a line has, it is the same record as for encoding/json, or is left to it.
func FuzzSteps(f *testing.F) {
	for i, line := range stepLines(f) {
		if i%10 == 0 || i < 20 {
			f.Add([]byte(line))
			f.Add([]byte(line[:len(line)*2/3]))
		}
	}
	f.Add([]byte(`{"step":{"from":"ready","to":"ready","c":-0},"t":0}`))
	f.Add([]byte(`{"t":1,"step":{"c":1,"C":2,"do":[{"a":"dial"},{"a":"x","at":-1}]}}`))
	var words vocabulary
	into := full(f)
	f.Fuzz(func(t *testing.T, line []byte) { byHand(t, string(line), &words, into) })
}

// Words are remembered, so that none is made twice, but neither too many nor long ones.
func TestWordsAreRemembered(t *testing.T) {
	var w vocabulary
	for _, hash := range []uint32{0, 1, 0} { // a word is the same in whatever place it is looked for
		for _, word := range []string{"ready", "waiting", "", "dialing"} {
			assert.Equal(t, word, w.get([]byte(word), hash))
		}
	}
	assert.Len(t, w.known, 4)
	long := strings.Repeat("x", wordLongest+1)
	assert.Equal(t, long, w.get([]byte(long), 5))
	assert.Len(t, w.known, 4)
	for i := range 2 * wordsMost {
		word := "w" + FormatCount(int64(i))
		assert.Equal(t, word, w.get([]byte(word), uint32(i)))
	}
	assert.Len(t, w.known, wordsMost)
	ready := []byte("ready")
	assert.Zero(t, testing.AllocsPerRun(100, func() { w.get(ready, 0); w.get(ready, 7) }))
}

// A step is written the short way, and nothing else is, whatever kinds of records there are.
func TestOnlyStep(t *testing.T) {
	assert.True(t, onlyStep(&Record{Step: &Step{}}))
	assert.False(t, onlyStep(&Record{}))
	kinds := reflect.TypeFor[Record]()
	for i := range kinds.NumField() {
		f := kinds.Field(i)
		if f.Type.Kind() != reflect.Pointer || f.Name == "Step" {
			continue
		}
		rec := Record{Step: &Step{}}
		reflect.ValueOf(&rec).Elem().Field(i).Set(reflect.New(f.Type.Elem()))
		assert.False(t, onlyStep(&rec), f.Name)
	}
}
