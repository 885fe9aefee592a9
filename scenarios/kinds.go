package scenarios

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = string(x)
	}
	return out
}

// canarySights are all that a canary can see of any kind of fault, in order.
func canarySights() []string {
	var all []string
	for _, k := range chaos.Kinds() {
		for _, s := range k.Expect {
			if chaos.CanaryTells(s) {
				all = append(all, string(s))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// expectedSights reads what a canary must see of a fault.
func expectedSights(f chaos.Fault, v view) []chaos.Sight {
	list := readAll(v, "expect", asText)
	var all []chaos.Sight
	for _, word := range list {
		if !slices.Contains(f.Sights(), chaos.Sight(word)) {
			v.complain("expect", "expected what a client sees of %s, %s, got %s", f.Effect.Kind(), strings.Join(texts(f.Sights()), " or "), word)
			return nil
		}
		all = append(all, chaos.Sight(word))
	}
	return all
}

func kindNames() []string {
	var names []string
	for _, k := range chaos.Kinds() {
		names = append(names, k.Name)
	}
	return names
}

// kindValue is a choice of so many words that a complaint names only the one that may be
// meant.
var kindValue = &valueType{
	words:  "a kind of fault",
	schema: choice(kindNames()...).schema,
	check: func(text string) error {
		if _, ok := chaos.Lookup(text); ok {
			return nil
		}
		err := expected("a kind of fault", text)
		if near := nearest(text, kindNames()); near != "" {
			return fmt.Errorf("%w; did you mean %s?", err, near)
		}
		return fmt.Errorf("%w; wsheal faults lists them", err)
	},
}

// faultCases makes the format's part on each kind of fault from chaos's own record.
func faultCases() []variant {
	var cases []variant
	for _, k := range chaos.Kinds() {
		c := variant{is: k.Name, about: k.About}
		if !k.Once || len(k.Conns) > 1 {
			c.fields = append(c.fields, field{
				name: "for", about: "how long it is in force",
				deduced: "the rest of the phase in which it starts", shape: valueOf(durationValue),
			})
		}
		if !k.Once {
			c.fields = append(c.fields, field{
				name: "flap", about: "it comes and goes while it lasts",
				deduced: "it does not", shape: flapShape,
			})
		}
		c.fields = append(c.fields, field{
			name: "connections", about: "which of the cohort's, by when they were opened",
			preset: string(k.Conns[0]), shape: valueOf(choice(texts(k.Conns)...)),
		})
		if k.Ramp {
			c.fields = append(c.fields, field{
				name: "ramp", about: "over this time the cohort grows from nobody to its share; 0: at once",
				preset: "0s", shape: valueOf(durationValue),
			})
		}
		for _, a := range k.Params {
			about := a.About
			if b := a.Bounds(); b != "" {
				about += ", " + b
			}
			c.fields = append(c.fields, field{
				name: a.Name, about: about, preset: a.Default,
				required: a.Default == "", shape: valueOf(attributeType(a.Type)),
			})
		}
		cases = append(cases, c)
	}
	return cases
}

// attributeType is the type of scalar that chaos names in words.
func attributeType(words string) *valueType {
	switch {
	case strings.Contains(words, "|"):
		options := strings.Split(words, "|")
		for i := range options {
			options[i] = strings.TrimSpace(options[i])
		}
		return choice(options...)
	case words == "duration":
		return durationValue
	case words == "share":
		return shareValue
	case words == "rate":
		return rateValue
	case words == "size":
		return sizeValue
	case words == "integer":
		return integer(0, 1<<30)
	case words == "boolean":
		return boolValue
	case words == "text":
		return textValue
	}
	panic(fmt.Sprintf("scenarios: there is no type of attribute %q", words))
}

// decodeEffect fills a new effect of a kind with the attributes of a fault.
func decodeEffect(k chaos.Kind, v view) (chaos.Effect, bool) {
	e := k.New()
	ok := true
	for _, a := range k.Params {
		text, there := read(v, a.Name, asText)
		if !there {
			ok = false
			continue
		}
		if err := assign(attribute(e, a.Name), a.Type, text); err != nil {
			v.complain(a.Name, "%s", err)
			ok = false
		}
	}
	if !ok {
		return nil, false
	}
	for _, wrong := range e.Check() {
		// Check tells attributes apart by naming them first.
		name, _, _ := strings.Cut(wrong, " ")
		if v.written(name) {
			v.complain(name, "%s", wrong)
		} else {
			v.complain("inject", "%s", wrong)
		}
		ok = false
	}
	return chaos.Value(e), ok
}

// attribute returns the field of an effect that carries the yaml name.
func attribute(e chaos.Effect, name string) reflect.Value {
	v := reflect.Indirect(reflect.ValueOf(e))
	for i := range v.NumField() {
		if tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ","); tag == name {
			return v.Field(i)
		}
	}
	panic(fmt.Sprintf("scenarios: fault %s has no attribute %s", e.Kind(), name))
}

// assign puts a written attribute into its field.
func assign(to reflect.Value, words, text string) error {
	var err error
	switch {
	case to.Type() == reflect.TypeFor[time.Duration]():
		var d time.Duration
		d, err = parseDuration(text)
		to.SetInt(int64(d))
	case to.Kind() == reflect.Float64 && words == "rate":
		var x float64
		x, err = parseRate(text)
		to.SetFloat(x)
	case to.Kind() == reflect.Float64:
		var x float64
		x, err = parseShare(text)
		to.SetFloat(x)
	case to.CanInt():
		var n int
		n, err = parseSize(text)
		to.SetInt(int64(n))
	case to.Kind() == reflect.Bool:
		var b bool
		b, err = parseBool(text)
		to.SetBool(b)
	case to.Kind() == reflect.String:
		to.SetString(text)
	default:
		panic(fmt.Sprintf("scenarios: cannot fill a %s", to.Type()))
	}
	return err
}

// written returns an attribute's value as a scenario writes it.
func written(from reflect.Value, words string) string {
	switch {
	case from.Type() == reflect.TypeFor[time.Duration]():
		return formatDuration(time.Duration(from.Int()))
	case from.Kind() == reflect.Float64 && words == "rate":
		return formatRate(from.Float())
	case from.Kind() == reflect.Float64:
		return formatShare(from.Float())
	case from.CanInt():
		return strconv.FormatInt(from.Int(), 10)
	case from.Kind() == reflect.Bool:
		return strconv.FormatBool(from.Bool())
	}
	return from.String()
}
