package scenarios

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse: no input makes Parse panic or return neither a scenario nor mistakes,
// and what it accepts is written and read back.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob(badDir + "/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "clients.count=5")
	}
	for _, name := range Names() {
		data, _ := Source(name)
		f.Add(data, "faults.cut.share=0%")
	}
	f.Add([]byte(least), `targets.blue={url: "wss://127.0.0.1:1/?a=${A}&b=$${A}", headers: {X-A: "${A:-b}"}, subprotocols: [a], tls: {insecure_skip_verify: true}}`)
	f.Add([]byte(least), `load={pattern: reply, payload: '{"a": [{id}], "b": "${A}{pad}"}', size: 100}`)
	f.Add([]byte(least), "load={pattern: push, payload: 'x {client}', as: binary}")
	f.Add([]byte(least), "targets.blue.embedded.handshake={workers: 1}")
	f.Fuzz(func(t *testing.T, data []byte, set string) {
		for _, endless := range []string{"/proc", "/sys"} { // a policy may name any file, and reading the kernel's own may wait
			if strings.Contains(string(data)+set, endless) {
				t.Skip()
			}
		}
		s, err := Parse("fuzz.yaml", data, Options{Set: []string{set}, Getenv: environment("A", "a: b", "B", "")})
		if err != nil {
			if s != nil || err.Error() == "" {
				t.Fatalf("%v beside %v", s, err)
			}
			return
		}
		again, err := Parse("again.yaml", s.YAML(), Options{Getenv: environment("A", "a: b", "B", "")})
		if err != nil {
			t.Fatalf("%v\n%s", err, s.YAML())
		}
		if string(again.YAML()) != string(s.YAML()) {
			t.Fatalf("%s\nis read back as\n%s", s.YAML(), again.YAML())
		}
	})
}
