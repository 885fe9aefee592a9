// Package failures shows the known failures of reconnecting WebSocket clients.
package failures
