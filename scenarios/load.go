package scenarios

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/wsheal/wsheal/report"
)

// Load is the messages: those that the clients send, open-loop, and what the target does
// with them.
type Load struct {
	Pattern   string  // report.Echo, Reply, Push, Silent or NoLoad
	Rate      float64 // messages per second over all clients; 0: they send none
	Size      int     // bytes of one; 0: nothing is sent on schedule
	Payload   Payload // what a message says; "": a number and padding
	Text      bool    // they are text; false: binary
	Correlate string  // Reply: dotted path of the field of an answer's JSON that has the message's {id}
	Guarantee string  // "at-most-once", "at-least-once"

	source string // Payload as it is written, with variables in place of secrets; "": it has none
}

var loadShape = shape{fields: []field{
	{name: "pattern", about: "what the server does. echo: it sends each message back; reply: it answers with JSON that has its id; push: it sends of its own accord, and clients nothing; silent: it answers nothing; none: there are no messages", preset: report.Echo, shape: valueOf(choice(report.Echo, report.Reply, report.Push, report.Silent, report.NoLoad))},
	{name: "rate", about: "messages over all clients", deduced: "one per client and second", shape: valueOf(rateValue)},
	{name: "size", about: "of one message, at least 32 bytes; with payload, what {pad} fills it up to", preset: "128", shape: valueOf(sizeValue)},
	{name: "payload", about: "of each message: {id} is its number in the run, {client} its client's, {pad} fills it up to size, ${NAME} a variable whose value is in no file of the run; with push, sent once on each connection", deduced: "a number and padding", shape: valueOf(textValue)},
	{name: "as", about: "messages are text or binary", deduced: "text with payload, else binary", shape: valueOf(choice("text", "binary"))},
	{name: "correlate", about: "with reply, the field of an answer that has {id}, dotted, as in data.id", deduced: "the field of payload that has it", shape: valueOf(textValue)},
	{name: "guarantee", about: "at-least-once: unacknowledged messages are sent again; push and silent acknowledge none, and are at-most-once", deduced: "at-least-once where answered", shape: valueOf(choice("at-most-once", "at-least-once"))},
}}

func (r *resolver) load(v view) {
	l := &r.s.Load
	l.Pattern, _ = read(v, "pattern", asText)
	if r.s.Clients.Command != nil {
		if v.written("pattern") && l.Pattern != report.NoLoad && !v.wrong("pattern") {
			v.complain("pattern", "expected none where clients.command has the clients: what they send is theirs")
		}
		l.Pattern = report.NoLoad
	}
	r.payload(v)
	r.size(v)
	r.rate(v)
	l.Correlate, _ = read(v, "correlate", asText)
	switch {
	case v.written("correlate") && l.Pattern != report.Reply:
		v.complain("correlate", "expected pattern: reply with it, in which answers are JSON")
	case l.Correlate != "" && slices.Contains(strings.Split(l.Correlate, "."), ""):
		v.complain("correlate", "%s", expected("names joined by dots, as in data.id", l.Correlate))
	case l.Pattern == report.Reply && l.Correlate == "" && l.Payload != "" && !v.wrong("payload"):
		if l.Correlate = l.Payload.field(); l.Correlate == "" {
			v.complain("correlate", "required where payload is not JSON with {id} in a field: the field of an answer that has it")
		}
	}
	var ok bool
	if l.Guarantee, ok = read(v, "guarantee", asText); !ok {
		l.Guarantee = "at-least-once"
		if l.unanswered() {
			l.Guarantee = "at-most-once"
		}
	} else if l.unanswered() && l.Guarantee != "at-most-once" {
		v.complain("guarantee", "expected at-most-once with pattern: %s, which acknowledges nothing", l.Pattern)
	}
}

// unanswered says whether nothing that is sent is acknowledged.
func (l Load) unanswered() bool { return l.Pattern == report.Push || l.Pattern == report.Silent }

// Answers is how many answers are due per second; 0 where nothing is answered.
func (l Load) Answers() float64 {
	if l.unanswered() {
		return 0
	}
	return l.Rate
}

// scheduled says whether the clients send messages on schedule.
func (l Load) scheduled() bool { return l.Pattern != report.Push && l.Pattern != report.NoLoad }

// payload reads what messages say.
func (r *resolver) payload(v view) {
	l := &r.s.Load
	text, source := r.secret(v, "payload")
	l.Payload, l.source = Payload(text), source
	as, ok := read(v, "as", asText)
	l.Text = as == "text" || !ok && text != ""
	if l.Pattern == report.NoLoad {
		for _, name := range []string{"payload", "as"} {
			if v.written(name) {
				v.complain(name, "expected none where there are no messages (pattern: none)")
			}
		}
		return
	}
	if l.Pattern == report.Reply && !v.written("payload") {
		v.complain("payload", "required with pattern: reply: a message such as {\"id\": {id}}, whose answer has the id")
	}
	if text == "" {
		return
	}
	if name := r.spoils(source); name != "" {
		v.complain("payload", "expected a value of %s that leaves it the JSON that it is: one with a quote, a backslash, a line end or a place to fill in does not, unless it is escaped", name)
		return
	}
	if unknown := l.Payload.unknown(); unknown != "" {
		if source != "" && !strings.Contains(source, unknown) { // it may be of a secret
			unknown = "such name as a variable's value has in braces"
		}
		v.complain("payload", "there is no %s; expected {id}, {client} or {pad}", unknown)
		return
	}
	has := func(what string) bool { return strings.Contains(text, what) }
	switch {
	case l.Pattern == report.Push && (has("{id}") || has("{pad}")):
		v.complain("payload", "expected {client} alone with pattern: push: it is sent once on each connection, and no answer to it is looked for")
	case (l.Pattern == report.Echo || l.Pattern == report.Reply) && !has("{id}"):
		v.complain("payload", "expected {id} in it, by which its answer is known")
	case strings.Count(text, "{pad}") > 1:
		v.complain("payload", "expected {pad} once")
	}
}

// size reads how large messages are. Of a payload without {pad} that is what its first is.
func (r *resolver) size(v view) {
	l := &r.s.Load
	size, ok := read(v, "size", parseSize)
	padded := strings.Contains(string(l.Payload), "{pad}")
	least := leastSize
	switch {
	case l.Pattern == report.Push:
		if v.written("size") {
			v.complain("size", "expected none with pattern: push: how large messages are is for the server to decide")
		}
		return
	case l.Payload != "" && !padded:
		if v.written("size") {
			v.complain("size", "expected {pad} in payload as well, which fills it up to this size")
		}
		l.Size = len(l.Payload.Append(nil, 0, 0, 0))
		return
	case padded:
		least = len(l.Payload.Append(nil, longestID, uint64(max(r.s.Clients.Count-1, 0)), 0))
	}
	if ok && (size < least || size > mostSize) {
		v.complain("size", "expected a size from %d to %s, got %s", least, formatSize(mostSize), formatSize(size))
	}
	l.Size = size
}

// rate reads how many messages there are.
func (r *resolver) rate(v view) {
	l := &r.s.Load
	var ok bool
	l.Rate, ok = read(v, "rate", parseRate)
	switch {
	case l.Pattern == report.Push && v.written("rate"):
		v.complain("rate", "expected none with pattern: push: the server sends of its own accord")
	case !v.written("rate"):
		l.Rate = float64(r.s.Clients.Count)
	case ok && l.Rate == 0:
		v.complain("rate", "expected more than 0; pattern: none is a load without messages")
	}
	if !l.scheduled() {
		l.Rate = 0
	}
}

func (l Load) write(to *node) {
	to.put("pattern", l.Pattern)
	if l.scheduled() {
		to.put("rate", formatRate(l.Rate))
	}
	if l.Pattern != report.Push && (l.Payload == "" || strings.Contains(string(l.Payload), "{pad}")) {
		to.put("size", formatSize(l.Size))
	}
	if l.Payload != "" {
		to.putSource("payload", string(l.Payload), l.source)
	}
	if l.Pattern != report.NoLoad {
		to.put("as", map[bool]string{true: "text", false: "binary"}[l.Text])
	}
	if l.Correlate != "" {
		to.put("correlate", l.Correlate)
	}
	to.put("guarantee", l.Guarantee)
}

// field is the path of the field that has {id} in it, where the payload is a JSON object; ""
// where it is none.
func (p Payload) field() string {
	var value any
	if json.Unmarshal(p.marked(), &value) != nil {
		return ""
	}
	path, _, _, _ := markedIn(value)
	return strings.Join(path, ".")
}

// keys of a mapping in order, so that of two fields the same one is found again.
func keys(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
