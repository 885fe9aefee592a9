// Package conformance holds the wire of wsheal against its peers: whatever a gorilla or a
// coder server sends, our client makes of it what their own clients make of it, save where
// a table says why not.
package conformance
