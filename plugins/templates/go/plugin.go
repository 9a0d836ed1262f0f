package main

var plugin = Plugin{
	Name:       "{{name}}",
	Version:    "0.1.0",
	License:    "Apache-2.0",
	Summary:    "Turns colours into their opposites.",
	Transforms: []Transform{invert},
}

// Turns colours into their opposites, as far as `amount` says; alpha stays.
var invert = Transform{
	Name:    "{{transform}}",
	Summary: "Turns colours into their opposites.",
	Schema: `{"type": "object", "additionalProperties": false, "properties": {
		"amount": {"type": "number", "minimum": 0, "maximum": 1, "default": 1,
			"description": "0 leaves the picture as it is, 1 gives the opposite of every colour."}}}`,
	Apply: func(params []byte, image Image) (Image, *Refusal) {
		given := struct{ Amount float64 }{Amount: 1}
		if refusal := Decode(params, &given); refusal != nil {
			return image, refusal
		}
		var table [256]byte
		for value := range table {
			table[value] = byte(float64(value) + float64(255-2*value)*given.Amount + 0.5)
		}
		step := image.Format.Bytes()
		for index, value := range image.Pixels {
			if step < 4 || index%4 != 3 {
				image.Pixels[index] = table[value]
			}
		}
		return image, nil
	},
}
