// What stands between your transforms and the world `safelight:plugin/transformer`. You need not change it.

package main

import (
	"encoding/json"
	"fmt"
)

// Format is the layout of a pixel: one byte (luma), three (red, green, blue), four (and straight alpha, 255 is opaque).
type Format uint8

const (
	Gray8 Format = iota
	RGB8
	RGBA8
)

// Bytes of one pixel.
func (format Format) Bytes() int { return []int{1, 3, 4}[format] }

// Image has its rows from the top and pixels from the left, nothing between them.
type Image struct {
	Width, Height uint32
	Format        Format
	Pixels        []byte
}

// Refusal refuses a call. Field names the parameter, or is empty; the message says what came and what was expected, as
// in "is -3, expected a number from 0 to 250".
type Refusal struct{ Field, Message string }

func (refusal *Refusal) Error() string { return refusal.Field + ": " + refusal.Message }

// Transform is a named transform.
type Transform struct {
	Name, Summary string
	// A JSON Schema (2020-12) of an object.
	Schema string
	// The size of the result; nil: that of the input.
	Plan func(params []byte, width, height uint32) (uint32, uint32, *Refusal)
	// Makes a picture of one. The parameters are JSON; defaults are not filled in.
	Apply func(params []byte, image Image) (Image, *Refusal)
}

// Plugin is all that is offered.
type Plugin struct {
	Name, Version, License, Summary string
	Transforms                      []Transform
	// What is asked of the operator; the functions LoadFont, LoadTable and LoadModel fetch it.
	Needs []Need
}

// Asset is a sort of files that the host keeps for plugins to read.
type Asset uint8

const (
	Font Asset = iota
	Table
	Model
)

// Need is a file that the plugin asks for. It is there once the operator has granted it.
type Need struct {
	Kind Asset
	// "*" asks for all of the sort.
	Name string
	// Whether the plugin is of use without; if not, calls are refused until it is granted.
	Optional bool
	// One line for the operator: what for.
	Summary string
}

// Decode reads parameters over the defaults that `into` holds.
func Decode(params []byte, into any) *Refusal {
	if err := json.Unmarshal(params, into); err != nil {
		return &Refusal{"", fmt.Sprintf("parameters cannot be read: %v", err)}
	}
	return nil
}

func (plugin *Plugin) find(name string) *Transform {
	for index := range plugin.Transforms {
		if plugin.Transforms[index].Name == name {
			return &plugin.Transforms[index]
		}
	}
	return nil
}

func main() {}
