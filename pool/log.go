package pool

import (
	"context"
	"log/slog"
)

// narrate writes what happens in a pool to a log. It is a watcher like any other, so that
// a log that blocks holds up nobody.
func narrate(w *Watch, log *slog.Logger) {
	for ev := range w.Events(context.Background()) {
		if log.Enabled(context.Background(), ev.level()) {
			log.LogAttrs(context.Background(), ev.level(), "pool: "+ev.Kind.String(), ev.attributes()...)
		}
	}
}
