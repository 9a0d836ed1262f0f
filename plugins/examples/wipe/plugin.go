package main

import "math"

var plugin = Plugin{
	Name:       "wipe",
	Version:    "0.1.0",
	License:    "Apache-2.0",
	Summary:    "Wipes.",
	Transforms: []Transform{wipe},
}

type wipeParams struct{ Progress float64 }

func (given wipeParams) width(width uint32) uint32 {
	return uint32(math.Max(1, math.Floor(float64(width)*given.Progress+0.5)))
}

// The left part of a picture, as a curtain that opens shows it: one pixel at least, all of it in the end.
var wipe = Transform{
	Name:    "wipe",
	Summary: "Keeps the left part of a picture, as far as a curtain has opened.",
	Schema: `{"type": "object", "additionalProperties": false, "properties": {
		"progress": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5,
			"description": "How much of the width is kept."}}}`,
	Plan: func(params []byte, width, height uint32) (uint32, uint32, *Refusal) {
		given := wipeParams{0.5}
		refusal := Decode(params, &given)
		return given.width(width), height, refusal
	},
	Apply: func(params []byte, image Image) (Image, *Refusal) {
		given := wipeParams{0.5}
		if refusal := Decode(params, &given); refusal != nil {
			return image, refusal
		}
		width := given.width(image.Width)
		step := image.Format.Bytes()
		kept := make([]byte, 0, int(width)*int(image.Height)*step)
		for row := 0; row < int(image.Height); row++ {
			start := row * int(image.Width) * step
			kept = append(kept, image.Pixels[start:start+int(width)*step]...)
		}
		return Image{width, image.Height, image.Format, kept}, nil
	},
}
