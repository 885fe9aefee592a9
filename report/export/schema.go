package export

import (
	_ "embed"
	"fmt"
)

var (
	//go:embed summary.schema.json
	summarySchema []byte
	//go:embed journal.schema.json
	journalSchema []byte
)

// Schemas are the names of the files that have a JSON Schema: of summary.json, and of a
// line of journal.ndjson.
func Schemas() []string { return []string{"summary", "journal"} }

// Schema returns the JSON Schema (draft 2020-12) of a file. It is made from the Go types
// and their comments. Later versions may add fields and keep the schema's number.
func Schema(name string) ([]byte, error) {
	switch name {
	case "summary":
		return summarySchema, nil
	case "journal":
		return journalSchema, nil
	}
	return nil, fmt.Errorf("there is no schema %q; expected summary or journal", limited(name, 40))
}
