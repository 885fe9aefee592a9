package toxi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	stock "github.com/Shopify/toxiproxy/v2"

	"github.com/wsheal/wsheal/chaos"
)

// toxic is one fault as the API shows it, in Toxiproxy's shape, and the order that it is.
type toxic struct {
	Attributes map[string]json.RawMessage `json:"attributes"`
	Name       string                     `json:"name"`
	Type       string                     `json:"type"`
	Stream     string                     `json:"stream"`
	Toxicity   float64                    `json:"toxicity"` // the share of the clients, drawn once per client

	order  *order
	lease  string      // "": until it is removed
	expiry *time.Timer // nil: until it is removed
	growth *time.Timer // nil: all of the cohort from the first
	edge   *time.Timer // nil: it does not flap
	due    time.Time   // of the next edge
}

func (t *toxic) stopTimers() {
	for _, timer := range []*time.Timer{t.expiry, t.growth, t.edge} {
		if timer != nil {
			timer.Stop()
		}
	}
}

// Attributes of ours that any toxic may have beside those of its type.
const (
	attrSeed  = "seed"        // key of the cohort and of the jitter; default 0
	attrFault = "fault"       // key of the cohort; default the toxic's name
	attrFor   = "for"         // ns after which the proxy ends it by itself; default 0: not
	attrConns = "connections" // all, existing or new; default the kind's
	attrFlap  = "flap"        // {up, down: ns, cycles}; default: it does not flap
	attrRamp  = "ramp"        // ns over which the cohort grows; default 0: at once
	attrLease = "lease"       // it ends with this; default "": it does not
)

// parseToxic reads a toxic as it is posted, and is strict where Toxiproxy is not: an
// unknown field and an unknown attribute are refused by name.
func parseToxic(body []byte) (*toxic, error) {
	in := struct {
		Attributes map[string]json.RawMessage `json:"attributes"`
		Name       string                     `json:"name"`
		Type       string                     `json:"type"`
		Stream     string                     `json:"stream"`
		Toxicity   *float64                   `json:"toxicity"`
	}{}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return nil, unreadable(err, "a toxic, an object")
	}
	if in.Type == "" {
		return nil, missingField("type")
	}
	t := &toxic{Attributes: in.Attributes, Name: in.Name, Type: in.Type, Stream: strings.ToLower(in.Stream), Toxicity: 1}
	if in.Toxicity != nil {
		t.Toxicity = *in.Toxicity
	}
	return t, t.build()
}

// updated returns the toxic with the attributes and the toxicity of an update put over
// its own.
func (t *toxic) updated(body []byte) (*toxic, error) {
	in := struct {
		Attributes map[string]json.RawMessage `json:"attributes"`
		Toxicity   *float64                   `json:"toxicity"`
	}{}
	// A client that sends the whole toxic back is understood.
	if err := read(body, &in, "a toxic, an object"); err != nil {
		return nil, err
	}
	n := &toxic{Attributes: maps.Clone(t.Attributes), Name: t.Name, Type: t.Type, Stream: t.Stream, Toxicity: t.Toxicity}
	maps.Copy(n.Attributes, in.Attributes)
	if in.Toxicity != nil {
		n.Toxicity = *in.Toxicity
	}
	return n, n.build()
}

// build makes the order, and fills in what the toxic leaves to defaults.
func (t *toxic) build() error {
	way, err := wayOf(t.Stream)
	if err != nil {
		return err
	}
	if t.Toxicity < 0 || t.Toxicity > 1 || t.Toxicity != t.Toxicity {
		return badRequest(fmt.Sprintf("toxicity %v is not between 0 and 1", t.Toxicity))
	}
	if k, ok := chaos.Lookup(t.Type); ok {
		if by, ok := k.By(chaos.ByProxy); ok && by.Whole && t.Toxicity > 0 && t.Toxicity < 1 {
			return badRequest(fmt.Sprintf("toxicity %v: %s cannot pick clients, expected 0 or 1", t.Toxicity, k.Name))
		}
	}
	own := maps.Clone(t.Attributes)
	if own == nil {
		own = map[string]json.RawMessage{}
	}
	t.Attributes = maps.Clone(own)
	common := order{share: t.Toxicity}
	for _, err := range []error{
		take(own, attrSeed, &common.seed), take(own, attrFault, &common.key), take(own, attrFor, &common.lasts),
		take(own, attrConns, &common.conns), take(own, attrRamp, &common.ramp), takeFlap(own, &common.flap),
		take(own, attrLease, &t.lease),
	} {
		if err != nil {
			return err
		}
	}
	for name, d := range map[string]time.Duration{attrFor: common.lasts, attrRamp: common.ramp} {
		if d < 0 {
			return badRequest(fmt.Sprintf("attribute %q: %v is below 0", name, d))
		}
	}
	stocks := asStock(t.Type, own)
	shows := stocks || stockLatency(t.Type, own) || given(own, "latency")
	o, err := obeyed(t.Type, own, way)
	if err != nil {
		return err
	}
	o.share, o.seed, o.key, o.lasts, o.ramp, o.flap = common.share, common.seed, common.key, common.lasts, common.ramp, common.flap
	if err := o.limit(t.Type, common.conns, stocks); err != nil {
		return err
	}
	if t.Stream == "" {
		t.Stream = "downstream"
		if o.way == chaos.Up {
			t.Stream = "upstream"
		}
	}
	if t.Name == "" {
		t.Name = t.Type + "_" + t.Stream
	}
	o.name = t.Name
	if o.key == "" {
		o.key = t.Name
	}
	if shows {
		showAll(t.Type, t.Attributes)
	}
	t.order = o
	return nil
}

// obeyed makes the order of a toxic's type and attributes. Way is the direction that the
// stream names, empty when it names none.
func obeyed(kind string, attributes map[string]json.RawMessage, way chaos.Direction) (*order, error) {
	if read, ok := stockToxics[kind]; ok {
		return read(attributes, way)
	}
	if stockLatency(kind, attributes) {
		return readLatency(attributes, way)
	}
	return obeyedByKind(kind, attributes, way, nil)
}

// obeyedByKind makes the order of a kind of ours. An error of before is handed on.
func obeyedByKind(kind string, attributes map[string]json.RawMessage, way chaos.Direction, err error) (*order, error) {
	if err != nil {
		return nil, err
	}
	obey, ok := rules[kind]
	if !ok {
		return nil, notOffered(kind)
	}
	raw, err := json.Marshal(attributes)
	if err != nil {
		return nil, badRequest(err.Error())
	}
	effect, err := chaos.DecodeEffect(kind, raw)
	if err != nil {
		return nil, badRequest(wording(err))
	}
	o := &order{}
	o.rule, o.way = obey(effect)
	k, _ := chaos.Lookup(kind)
	o.once = k.Once
	if len(k.Directions()) == 0 {
		return o, nil
	}
	// The attribute says both ways or one; without it the stream does.
	if _, said := attributes["direction"]; !said && way != "" {
		o.way = way
	}
	if way != "" && !o.way.Covers(way) {
		return nil, badRequest(fmt.Sprintf("stream and direction contradict each other: direction is %s", o.way))
	}
	return o, nil
}

// limit sets which connections the order is meant for, when its kind lets it. Toxics of
// Toxiproxy's own are for all.
func (o *order) limit(kind string, conns chaos.Conns, stocks bool) error {
	k, ok := chaos.Lookup(kind)
	switch {
	case stocks && (conns != "" || o.ramp != 0):
		why := fmt.Sprintf("%s has no attributes %s and %s", kind, attrConns, attrRamp)
		if ok {
			why += fmt.Sprintf(" unless %q is %q", attrUnits, unitsOurs)
		}
		return badRequest(why)
	case stocks && o.flap.On():
		return badRequest(fmt.Sprintf("attribute %q: a toxic of Toxiproxy's own does not flap", attrFlap))
	case stocks:
		return nil
	case o.flap.On() && k.Once:
		return badRequest(fmt.Sprintf("attribute %q: %s happens once and is over", attrFlap, kind))
	case conns != "" && !slices.Contains(offered(k), conns):
		return badRequest(fmt.Sprintf("attribute %q: %q, expected one of %v for %s", attrConns, conns, offered(k), kind))
	case o.ramp > 0 && !k.Ramp:
		return badRequest(fmt.Sprintf("attribute %q: %s cannot be ramped", attrRamp, kind))
	}
	o.conns = cmp.Or(conns, k.Conns[0])
	return nil
}

// offered are the connections to which the proxy can limit a kind.
func offered(k chaos.Kind) []chaos.Conns {
	if s, ok := k.By(chaos.ByProxy); ok && len(s.Conns) > 0 {
		return s.Conns
	}
	return k.Conns
}

// take moves one attribute out of the map into a variable; absent, it leaves both alone.
func take[T any](attributes map[string]json.RawMessage, name string, into *T) error {
	raw, ok := attributes[name]
	if !ok {
		return nil
	}
	delete(attributes, name)
	if err := json.Unmarshal(raw, into); err != nil {
		return badRequest(fmt.Sprintf("attribute %q: %s", name, wording(err)))
	}
	return nil
}

// wayOf translates Toxiproxy's stream.
func wayOf(stream string) (chaos.Direction, error) {
	switch stream {
	case "":
		return "", nil
	case "upstream":
		return chaos.Up, nil
	case "downstream":
		return chaos.Down, nil
	}
	return "", stock.ErrInvalidStream
}

// notOffered is Toxiproxy's error for a type it does not know, with those we do.
func notOffered(kind string) error {
	both := maps.Clone(stockToxics)
	for name := range rules {
		both[name] = nil
	}
	names := slices.Sorted(maps.Keys(both))
	return &stock.ApiError{
		Message:    fmt.Sprintf("%s: %q, expected one of %s", stock.ErrInvalidToxicType.Message, kind, strings.Join(names, ", ")),
		StatusCode: stock.ErrInvalidToxicType.StatusCode,
	}
}
