package policies

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/wsheal/wsheal/pool/heal"
)

// The words of a rule.
var (
	causes   = all(heal.ParseCause)
	verdicts = all(heal.ParseVerdict)
)

const someCodes = "a code like 429, or a range like 4000-4099"

// rules reads the exceptions to the table of causes; they replace those of the base.
func (d *document) rules(value ast.Node) {
	if k := kindOf(value); k != list {
		d.mistake(value, "rules", "expected a list of {cause, codes, then}, got %s", k)
		return
	}
	d.policy.Client.Rules = nil
	for i, item := range items(value) {
		path := fmt.Sprintf("rules.%d", i)
		d.lines[path] = lineOf(item)
		if k := kindOf(item); k != mapping {
			d.mistake(item, path, "expected {cause, codes, then}, got %s", k)
			continue
		}
		d.policy.Client.Rules = append(d.policy.Client.Rules, d.rule(item, path))
	}
}

func (d *document) rule(node ast.Node, path string) (r heal.Rule) {
	for _, pair := range pairs(node) {
		key := textOf(pair.Key)
		at := path + "." + key
		if d.repeated(pair, at) {
			continue
		}
		text := ""
		if key == "cause" || key == "codes" || key == "then" {
			if text = d.text(pair, at); d.wrong[at] {
				continue
			}
		}
		ok := false
		switch key {
		case "cause":
			if r.Cause, ok = heal.ParseCause(text); !ok || r.Cause == heal.None {
				d.mistake(pair.Value, at, "expected %s, got %q", orOf(causes), text)
			}
		case "codes":
			if r.From, r.To, ok = parseCodes(text); !ok {
				d.mistake(pair.Value, at, "expected %s, got %q", someCodes, text)
			}
		case "then":
			if r.Verdict, ok = heal.ParseVerdict(text); !ok || r.Verdict == heal.ByTable {
				d.mistake(pair.Value, at, "expected %s, got %q", orOf(verdicts), text)
			}
		default:
			d.mistakeAt(lineOf(pair.Key), at, "expected one of cause, codes, then")
		}
	}
	for _, key := range []string{"cause", "then"} {
		if _, written := d.lines[path+"."+key]; !written {
			d.mistakeAt(lineOf(node), path+"."+key, "expected it to be there, got nothing")
		}
	}
	d.codes(r, path)
	return r
}

// codes complains about codes that no end of the rule's cause can have.
func (d *document) codes(r heal.Rule, path string) {
	at := path + ".codes"
	if d.wrong[at] || d.wrong[path+".cause"] || r.From == 0 {
		return
	}
	least, most := uint16(0), uint16(0)
	switch r.Cause {
	case heal.Status:
		least, most = 100, 599
	case heal.CloseFrame:
		least, most = 1000, 4999
	default:
		d.mistakeAt(d.lines[at], at, "expected none, for only %s and %s have codes, got %s", heal.Status, heal.CloseFrame, formatCodes(r))
		return
	}
	if r.From < least || r.To > most {
		d.mistakeAt(d.lines[at], at, "expected codes from %d to %d, got %s", least, most, formatCodes(r))
	}
}

func parseCodes(text string) (from, to uint16, ok bool) {
	first, last, ranged := strings.Cut(text, "-")
	if !ranged {
		last = first
	}
	a, errA := strconv.ParseUint(strings.TrimSpace(first), 10, 16)
	b, errB := strconv.ParseUint(strings.TrimSpace(last), 10, 16)
	return uint16(a), uint16(b), errA == nil && errB == nil && 0 < a && a <= b
}

func formatCodes(r heal.Rule) string {
	if r.From == r.To {
		return strconv.Itoa(int(r.From))
	}
	return fmt.Sprintf("%d-%d", r.From, r.To)
}

func formatRule(r heal.Rule) string {
	if r.From == 0 && r.To == 0 {
		return fmt.Sprintf("{cause: %v, then: %v}", r.Cause, r.Verdict)
	}
	return fmt.Sprintf("{cause: %v, codes: %s, then: %v}", r.Cause, formatCodes(r), r.Verdict)
}

// ruleShape is one rule to an editor.
func ruleShape() map[string]any {
	cause, then := words(causes...), words(verdicts...)
	cause["description"], then["description"] = "why the attempt or the connection ended", "what that asks for"
	return map[string]any{
		"type": "object", "additionalProperties": false, "required": []any{"cause", "then"},
		"properties": map[string]any{
			"cause": cause,
			"codes": map[string]any{
				"description": "HTTP statuses or close codes: " + someCodes + "; none: any",
				"anyOf":       []any{map[string]any{"type": "integer", "minimum": 100, "maximum": 4999}, map[string]any{"type": "string", "pattern": `^[0-9]+( *- *[0-9]+)?$`}},
			},
			"then": then,
		},
	}
}
