//go:build !wasm

package main

// Provided stands for the host's files in a test of the transforms: "tables:curve".
var Provided = map[string][]byte{}

// LoadFont fetches a font; nil if there is none.
func LoadFont(name string) []byte { return Provided["fonts:"+name] }

// LoadTable fetches a lookup table in the same way.
func LoadTable(name string) []byte { return Provided["tables:"+name] }

// LoadModel fetches a neural network in the same way.
func LoadModel(name string) []byte { return Provided["models:"+name] }
