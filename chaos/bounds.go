package chaos

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// fieldOf returns the field of an effect that carries an attribute's name; the zero Value
// when there is none.
func fieldOf(e Effect, name string) reflect.Value {
	v := reflect.Indirect(reflect.ValueOf(e))
	for i := range v.NumField() {
		if tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ","); tag == name {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

// inBounds returns what of an effect's attributes is out of the bounds of its row, one
// sentence each that begins with the attribute's name. Kinds whose attributes do not
// depend on each other have no other Check. An empty word stands for the default.
func inBounds(e Effect) []string {
	k, ok := Lookup(e.Kind())
	if !ok {
		return []string{unknownKind(e.Kind()).Error()}
	}
	var bad []string
	for _, p := range k.Params {
		if why := p.outside(fieldOf(e, p.Name)); why != "" {
			bad = append(bad, p.Name+" "+why)
		}
	}
	return bad
}

// outside says what is wrong with a value, "" when nothing is.
func (p Param) outside(v reflect.Value) string {
	var x float64
	switch {
	case v.CanInt():
		x = float64(v.Int())
	case v.CanFloat():
		x = v.Float()
	case v.Kind() == reflect.String && strings.Contains(p.Type, " | "):
		words := strings.Split(p.Type, " | ")
		for _, w := range append(words, "") {
			if v.String() == w {
				return ""
			}
		}
		return fmt.Sprintf("%q is none of %s", v.String(), strings.Join(words, ", "))
	default:
		return ""
	}
	switch {
	case x != x || x < p.Min:
		return fmt.Sprintf("%s is below %s", p.shown(x), p.shown(p.Min))
	case p.Max != 0 && x > p.Max:
		return fmt.Sprintf("%s is above %s", p.shown(x), p.shown(p.Max))
	}
	return ""
}

// Bounds are the parameter's bounds in words: "1ms to 1h", "at least 1", "" for none.
func (p Param) Bounds() string {
	switch {
	case p.Min == 0 && p.Max == 0:
		return ""
	case p.Max == 0:
		return "at least " + p.shown(p.Min)
	}
	return p.shown(p.Min) + " to " + p.shown(p.Max)
}

// shown is a number as a scenario writes it.
func (p Param) shown(x float64) string {
	switch {
	case x == 0:
		return "0"
	case p.Type == "duration":
		return time.Duration(x).String()
	case p.Type == "rate":
		return strconv.FormatFloat(x, 'f', -1, 64) + "/s"
	case p.Type == "share":
		return strconv.FormatFloat(x*100, 'f', -1, 64) + "%"
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}
