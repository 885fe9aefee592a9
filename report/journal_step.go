package report

import (
	"encoding/json"
	"strconv"
)

// appendStep writes the line of a step as encoding/json would, byte for byte, without
// its reflection: in a storm nearly every line of the journal is a step.
func appendStep(b []byte, t int64, s *Step) []byte {
	b = strconv.AppendInt(append(b, `{"t":`...), t, 10)
	b = strconv.AppendInt(append(b, `,"step":{"c":`...), int64(s.Client), 10)
	b = strconv.AppendUint(append(b, `,"gen":`...), uint64(s.Gen), 10)
	b = appendString(append(b, `,"ev":`...), s.Event)
	b = appendUint(b, `,"eg":`, uint64(s.EventGen))
	b = appendUint(b, `,"ee":`, uint64(s.EventEndpoint))
	b = appendUint(b, `,"timer":`, uint64(s.Timer))
	b = appendWord(b, `,"cause":`, s.Cause)
	b = appendUint(b, `,"code":`, uint64(s.Code))
	b = appendWord(b, `,"verdict":`, s.Verdict)
	if s.Only {
		b = append(b, `,"only":true`...)
	}
	b = appendInt(b, `,"retry_after":`, s.RetryAfter)
	b = appendInt(b, `,"within":`, s.Within)
	b = appendInt(b, `,"rtt":`, s.RTT)
	b = appendInt(b, `,"inbound":`, s.Inbound)
	b = appendInt(b, `,"outbound":`, s.Outbound)
	b = appendInt(b, `,"drained":`, s.Drained)
	b = appendInt(b, `,"handed":`, s.Handed)
	b = appendInt(b, `,"heard":`, s.Heard)
	b = appendWord(b, `,"path":`, s.Path)
	b = appendInt(b, `,"connected":`, s.Connected)
	b = appendInt(b, `,"secured":`, s.Secured)
	b = appendString(append(b, `,"from":`...), s.From)
	b = appendString(append(b, `,"to":`...), s.To)
	b = appendUint(b, `,"attempt":`, uint64(s.Attempt))
	b = appendUint(b, `,"ep":`, uint64(s.Endpoint))
	b = appendInt(b, `,"late":`, s.Late)
	for i := range s.Actions {
		if i == 0 {
			b = append(b, `,"do":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendAction(b, &s.Actions[i])
	}
	if len(s.Actions) > 0 {
		b = append(b, ']')
	}
	return append(b, `}}`...)
}

func appendAction(b []byte, a *Action) []byte {
	b = appendString(append(b, `{"a":`...), a.Kind)
	b = appendUint(b, `,"gen":`, uint64(a.Gen))
	b = appendUint(b, `,"timer":`, uint64(a.Timer))
	b = appendInt(b, `,"at":`, a.At)
	b = appendUint(b, `,"ep":`, uint64(a.Endpoint))
	b = appendUint(b, `,"code":`, uint64(a.Code))
	if a.Avoid {
		b = append(b, `,"avoid":true`...)
	}
	if a.Fresh {
		b = append(b, `,"fresh":true`...)
	}
	return append(b, '}')
}

// appendWord, appendInt and appendUint leave a zero out, as omitempty does.
func appendWord(b []byte, key, v string) []byte {
	if v == "" {
		return b
	}
	return appendString(append(b, key...), v)
}

func appendInt(b []byte, key string, v int64) []byte {
	if v == 0 {
		return b
	}
	return strconv.AppendInt(append(b, key...), v, 10)
}

func appendUint(b []byte, key string, v uint64) []byte {
	if v == 0 {
		return b
	}
	return strconv.AppendUint(append(b, key...), v, 10)
}

// appendString quotes s. Anything but plain ASCII is left to encoding/json, which knows
// what to escape.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(s) // a string always has a JSON form
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
