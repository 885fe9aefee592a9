// Package policies writes healing policies as YAML: those that are built in, and those
// that people bring.
//
// A policy is a mapping of the fields that library/default.yaml explains one by one.
// With base, a name or a file, it starts from another policy and writes only what is
// different; without base every field of one client's healing has to be there, save those
// that can be switched off, which then are. Files are named relative to the file that
// names them. What is wrong is told all at once, as [Mistakes].
//
// What clients decide together, where they share, is the section shared. All of it may be
// left out, and counts for nothing where every client is alone.
package policies

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// Policy is what one file says.
type Policy struct {
	Client heal.Policy  // how each client heals
	Shared crowd.Policy // what they decide together, where they share
}

//go:embed library/*.yaml
var library embed.FS

// Names returns the built-in policies, sorted.
func Names() []string {
	files, err := library.ReadDir("library")
	if err != nil {
		panic("policies: the embedded library is gone: " + err.Error())
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(f.Name(), ".yaml")
	}
	slices.Sort(names)
	return names
}

// Source returns the commented YAML of a built-in policy.
func Source(name string) (string, bool) {
	if !slices.Contains(Names(), name) { // a name is not a path
		return "", false
	}
	data, err := library.ReadFile("library/" + name + ".yaml")
	return string(data), err == nil
}

// About returns what a built-in policy does, in a sentence; "" when there is none of
// the name.
func About(name string) string {
	source, ok := Source(name)
	if !ok {
		return ""
	}
	d := parse(name+".yaml", []byte(source), nil)
	return d.about
}

// Lookup returns how a client heals by a built-in policy. Parse of its Source has what
// clients share as well.
func Lookup(name string) (heal.Policy, error) {
	source, ok := Source(name)
	if !ok {
		return heal.Policy{}, fmt.Errorf("policy %s: expected one of %s", name, strings.Join(Names(), ", "))
	}
	p, err := Parse(name+".yaml", []byte(source))
	return p.Client, err
}
