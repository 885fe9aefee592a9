// Command cost measures what healing costs: wsheal's clients against connections over
// gobwas/ws, gorilla/websocket, coder/websocket and lxzan/gws that nobody heals.
//
//	go run ./cost                         everything, 10 pairs each
//	go run ./cost --only idle --conns 8000
//	go run ./cost --only echo,burst --clients fleet --profile /tmp/p
//
// Every client passes package conform first, or it is not timed. Each measurement is a
// process of its own, against an echo server in another:
//
//	cost ──┬── cost serve      echoes; resets everybody on demand
//	       ├── cost measure A  ┐ a pair, in random order; its ratio is what is compared
//	       └── cost measure B  ┘
//
// A pair during which others took more than 15 % of the machine's CPU time, this
// machine's processes or other guests of its host, is repeated, --repeats times at
// most, of which the quietest counts; if that was loaded too, it is counted as such.
//
// On stdout comes a table, then a line per measurement in the format of Go benchmarks
// (benchstat -row /workload,/pair -col /client). Numbers need Linux: /proc is where they
// come from. Nothing leaves the loopback interface.
package main
