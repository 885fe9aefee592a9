module github.com/wsheal/wsheal/bench

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/gobwas/ws v1.5.0
	github.com/gorilla/websocket v1.5.3
	github.com/lxzan/gws v1.8.9
	github.com/stretchr/testify v1.12.1
	github.com/wsheal/wsheal v0.0.0-00010101000000-000000000000
)

replace github.com/wsheal/wsheal => ../
