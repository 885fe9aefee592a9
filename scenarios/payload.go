package scenarios

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Payload is what a message says, with places to fill in: {id}, {client} and {pad}.
type Payload string

// longestID is a message number that no run comes to, to see how long one can be.
const longestID = math.MaxInt64

// pad is what {pad} becomes, which needs no escape in JSON.
const pad = "."

var placeholder = regexp.MustCompile(`\{[A-Za-z_]+\}`)

// unknown is a place that nothing fills in, "" when there is none. In JSON a name in braces
// stands nowhere.
func (p Payload) unknown() string {
	for _, place := range p.places() {
		if place != "{id}" && place != "{client}" && place != "{pad}" {
			return place
		}
	}
	return ""
}

// places are all names in braces, in order.
func (p Payload) places() []string { return placeholder.FindAllString(string(p), -1) }

// Append adds the message of a number to b; {pad} fills it up to size bytes.
func (p Payload) Append(b []byte, id, client uint64, size int) []byte {
	from, hole := len(b), -1
	for rest := string(p); ; {
		before, after, found := strings.Cut(rest, "{")
		b = append(b, before...)
		if !found {
			break
		}
		switch {
		case strings.HasPrefix(after, "id}"):
			b, rest = strconv.AppendUint(b, id, 10), after[len("id}"):]
		case strings.HasPrefix(after, "client}"):
			b, rest = strconv.AppendUint(b, client, 10), after[len("client}"):]
		case strings.HasPrefix(after, "pad}"):
			hole, rest = len(b), after[len("pad}"):]
		default:
			b, rest = append(b, '{'), after
		}
	}
	if missing := size - (len(b) - from); hole >= 0 && missing > 0 {
		tail := string(b[hole:])
		b = append(append(b[:hole], strings.Repeat(pad, missing)...), tail...)
	}
	return b
}

// Longest is how many bytes a message can have, given how large {pad} makes it.
func (p Payload) Longest(size int) int {
	return max(size, len(p.Append(nil, longestID, longestID, 0)))
}

// mark is a message number by which the place of {id} is found.
const mark = uint64(7777777777777777)

func (p Payload) marked() []byte { return p.Append(nil, mark, 0, 0) }

// Around is what stands beside {id} in the text of its JSON field, as in "req-{id}"; nothing
// where it is a number, or where the payload is no JSON.
func (p Payload) Around() (before, after string) {
	var value any
	if json.Unmarshal(p.marked(), &value) != nil {
		return "", ""
	}
	_, before, after, _ = markedIn(value)
	return before, after
}

// markedIn looks for the mark in a JSON value.
func markedIn(value any) (path []string, before, after string, found bool) {
	switch v := value.(type) {
	case float64:
		return nil, "", "", v == float64(mark)
	case string:
		before, after, found = strings.Cut(v, strconv.FormatUint(mark, 10))
		return nil, before, after, found
	case []any:
		for i, item := range v {
			if path, before, after, found = markedIn(item); found {
				return append([]string{strconv.Itoa(i)}, path...), before, after, true
			}
		}
	case map[string]any:
		for _, name := range keys(v) {
			if path, before, after, found = markedIn(v[name]); found {
				return append([]string{name}, path...), before, after, true
			}
		}
	}
	return nil, "", "", false
}

// Pattern matches the message of any number as it comes back from a server that echoes; its
// first group is the number.
func (p Payload) Pattern() *regexp.Regexp {
	var b strings.Builder
	for rest := string(p); ; {
		at := placeholder.FindStringIndex(rest)
		if at == nil {
			b.WriteString(regexp.QuoteMeta(rest))
			return regexp.MustCompile(`^(?s:` + b.String() + `)$`)
		}
		b.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		switch rest[at[0]:at[1]] {
		case "{id}":
			b.WriteString(`([0-9]+)`)
		case "{client}":
			b.WriteString(`[0-9]+`)
		case "{pad}":
			b.WriteString(`\.*`)
		default:
			b.WriteString(regexp.QuoteMeta(rest[at[0]:at[1]]))
		}
		rest = rest[at[1]:]
	}
}
