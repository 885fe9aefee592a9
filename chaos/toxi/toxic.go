package toxi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
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
	expiry *time.Timer // nil: until it is removed
}

func (t *toxic) stopExpiry() {
	if t.expiry != nil {
		t.expiry.Stop()
	}
}

// Attributes of ours that any toxic may have beside those of its type.
const (
	attrSeed  = "seed"  // key of the cohort and of the jitter; default 0
	attrFault = "fault" // key of the cohort; default the toxic's name
	attrFor   = "for"   // ns after which the proxy ends it by itself; default 0: not
)

// resetPeer is Toxiproxy's own reset. Here it also resets what was open before.
const resetPeer = "reset_peer"

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
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, unreadable(err, "a toxic, an object")
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
	o := &order{share: t.Toxicity}
	own := maps.Clone(t.Attributes)
	if own == nil {
		own = map[string]json.RawMessage{}
	}
	t.Attributes = maps.Clone(own)
	if err := take(own, attrSeed, &o.seed); err != nil {
		return err
	}
	if err := take(own, attrFault, &o.key); err != nil {
		return err
	}
	if err := take(own, attrFor, &o.lasts); err != nil {
		return err
	}
	if o.lasts < 0 {
		return badRequest(fmt.Sprintf("attribute %q: %v is below 0", attrFor, o.lasts))
	}
	if err := o.obey(t.Type, own, way); err != nil {
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
	t.order = o
	return nil
}

// obey sets what the order does, from the toxic's type and its attributes. Way is the
// direction that the stream names, empty when it names none.
func (o *order) obey(kind string, attributes map[string]json.RawMessage, way chaos.Direction) error {
	if kind == resetPeer {
		return o.obeyResetPeer(attributes, way)
	}
	if _, ok := chaos.Lookup(kind); !ok {
		return notOffered(kind)
	}
	raw, err := json.Marshal(attributes)
	if err != nil {
		return badRequest(err.Error())
	}
	effect, err := chaos.DecodeEffect(kind, raw)
	if err != nil {
		return badRequest(wording(err))
	}
	switch e := effect.(type) {
	case chaos.Reset:
		o.resets, o.way = resetOnce, chaos.Both
		return nil
	case chaos.Partition:
		o.holds, o.way = true, e.Way()
	case chaos.Latency:
		o.delay, o.jitter, o.way = e.Delay, e.Jitter, e.Way()
	default:
		return notOffered(kind)
	}
	// The attribute says both ways or one; without it the stream does.
	if _, said := attributes["direction"]; !said && way != "" {
		o.way = way
	}
	if way != "" && !o.way.Covers(way) {
		return badRequest(fmt.Sprintf("stream and direction contradict each other: direction is %s", o.way))
	}
	return nil
}

// obeyResetPeer reads Toxiproxy's reset_peer, of which only the immediate one is offered.
func (o *order) obeyResetPeer(attributes map[string]json.RawMessage, way chaos.Direction) error {
	var timeout int64
	if err := take(attributes, "timeout", &timeout); err != nil {
		return err
	}
	if timeout != 0 {
		return badRequest("reset_peer: only timeout 0 is offered")
	}
	for name := range attributes {
		return badRequest(fmt.Sprintf("reset_peer: unknown attribute %q, expected timeout", name))
	}
	o.resets, o.way = resetKeep, chaos.Down
	if way != "" {
		o.way = way
	}
	return nil
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
	var names []string
	for _, k := range chaos.Kinds() {
		names = append(names, k.Name)
	}
	return &stock.ApiError{
		Message: fmt.Sprintf("%s: %q, expected one of %s, %s", stock.ErrInvalidToxicType.Message, kind,
			strings.Join(names, ", "), resetPeer),
		StatusCode: stock.ErrInvalidToxicType.StatusCode,
	}
}
