package main

import (
	"bytes"
	"testing"
)

func TestTheTableIsLaidOverThePicture(t *testing.T) {
	image := Image{1, 1, RGBA8, []byte{0, 100, 255, 7}}
	if _, refusal := curve.Apply(nil, image); refusal == nil {
		t.Error("worked without a table")
	}
	opposite := make([]byte, 256)
	for value := range opposite {
		opposite[value] = byte(255 - value)
	}
	Provided["tables:curve"] = opposite
	made, refusal := curve.Apply(nil, image)
	if refusal != nil || !bytes.Equal(made.Pixels, []byte{255, 155, 0, 7}) {
		t.Errorf("%v %v", made, refusal)
	}
}
