package main

var plugin = Plugin{
	Name:       "curve",
	Version:    "1.0.0",
	License:    "Apache-2.0",
	Summary:    "Curves.",
	Transforms: []Transform{curve},
	Needs:      []Need{{Kind: Table, Name: "curve", Summary: "The curve."}},
}

// Every value of gray, red, green and blue by the operator's table of 256 values.
var curve = Transform{
	Name:    "curve",
	Summary: "Lays the operator's curve over a picture.",
	Schema:  `{"type": "object", "additionalProperties": false}`,
	Apply: func(params []byte, image Image) (Image, *Refusal) {
		table := LoadTable("curve")
		if len(table) != 256 {
			return image, &Refusal{"", "the table curve has no 256 values"}
		}
		for index, value := range image.Pixels {
			if image.Format != RGBA8 || index%4 != 3 {
				image.Pixels[index] = table[value]
			}
		}
		return image, nil
	},
}
