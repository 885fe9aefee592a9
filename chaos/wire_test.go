package chaos_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

func TestEffectsSurviveTheWire(t *testing.T) {
	for _, e := range []chaos.Effect{
		chaos.Reset{},
		chaos.Partition{Direction: chaos.Up},
		chaos.Latency{Delay: 1500 * time.Microsecond, Jitter: 7, Direction: chaos.Both},
	} {
		for _, sent := range []chaos.Effect{e, pointerTo(e)} {
			b, err := chaos.EncodeEffect(sent)
			require.NoError(t, err)
			got, err := chaos.DecodeEffect(sent.Kind(), b)
			require.NoError(t, err)
			assert.Equal(t, e, got)
		}
	}
}

func pointerTo(e chaos.Effect) chaos.Effect {
	switch e := e.(type) {
	case chaos.Reset:
		return &e
	case chaos.Partition:
		return &e
	case chaos.Latency:
		return &e
	}
	return nil
}

func TestDecodeEffect(t *testing.T) {
	for _, c := range []struct {
		kind, attributes string
		want             chaos.Effect
		err              string
	}{
		{kind: "partition", attributes: ``, want: chaos.Partition{Direction: chaos.Both}},
		{kind: "partition", attributes: `{"direction":"down"}`, want: chaos.Partition{Direction: chaos.Down}},
		{kind: "latency", attributes: `{"delay":5}`, want: chaos.Latency{Delay: 5, Direction: chaos.Down}},
		{
			kind: "latency", attributes: `{"latency":120,"jitter":30}`,
			want: chaos.Latency{Delay: 120 * time.Millisecond, Jitter: 30 * time.Millisecond, Direction: chaos.Down},
		},
		{kind: "reset", attributes: `{"share":1}`, err: `reset: unknown attribute "share", expected none`},
		{kind: "latency", attributes: `{"latancy":500}`, err: `latency: unknown attribute "latancy", expected delay, jitter, dist, correlation, connect, direction`},
		{kind: "latency", attributes: `{"Delay":500}`, err: `latency: unknown attribute "Delay", expected delay, jitter, dist, correlation, connect, direction`},
		{kind: "latency", attributes: `{"jitter":-1}`, err: `latency: delay 0s is not above 0; jitter -1ns is below 0`},
		{kind: "latency", attributes: `{"delay":1,"jitter":2}`, err: `latency: jitter 2ns is more than delay 1ns`},
		{kind: "latency", attributes: `{"delay":1,"latency":2}`, err: `latency: both delay (ns) and latency (ms) are given`},
		{kind: "latency", attributes: `{"latency":9223372036854775807}`, err: `latency: attribute "latency": 9223372036854775807 ms is out of range`},
		{kind: "partition", attributes: `{"direction":"sideways"}`, err: `partition: direction "sideways" is none of both, up, down`},
	} {
		t.Run(c.kind+c.attributes, func(t *testing.T) {
			got, err := chaos.DecodeEffect(c.kind, json.RawMessage(c.attributes))
			if c.err != "" {
				require.EqualError(t, err, c.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	_, err := chaos.DecodeEffect("lag", nil)
	assert.ErrorContains(t, err, `unknown fault "lag", expected one of `)
	_, err = chaos.DecodeEffect("latency", json.RawMessage(`{"delay":"1s"}`))
	assert.ErrorContains(t, err, `latency: attribute "delay": `)
	_, err = chaos.DecodeEffect("latency", json.RawMessage(`[]`))
	assert.ErrorContains(t, err, `latency: attributes: `)
	_, err = chaos.EncodeEffect(nil)
	assert.Error(t, err)
}

func TestDefaultsOfZeroValues(t *testing.T) {
	assert.Equal(t, chaos.Both, chaos.Partition{}.Way())
	assert.Equal(t, chaos.Down, chaos.Latency{}.Way())
	assert.True(t, chaos.Both.Covers(chaos.Up))
	assert.True(t, chaos.Up.Covers(chaos.Up))
	assert.False(t, chaos.Up.Covers(chaos.Down))
}

func TestEffectsInWords(t *testing.T) {
	for _, c := range []struct {
		e    chaos.Effect
		want string
	}{
		{chaos.Reset{}, ""},
		{chaos.Partition{}, "both ways"},
		{chaos.Partition{Direction: chaos.Up}, "up"},
		{chaos.Latency{Delay: 100 * time.Millisecond}, "100ms down"},
		{chaos.Latency{Delay: time.Second, Jitter: 5 * time.Millisecond, Direction: chaos.Both}, "1s ± 5ms both ways"},
	} {
		assert.Equal(t, c.want, c.e.String())
	}
}
