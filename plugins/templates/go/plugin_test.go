package main

import (
	"bytes"
	"testing"
)

func check(t *testing.T, params string, format Format, pixels, expected []byte) {
	t.Helper()
	made, refusal := invert.Apply([]byte(params), Image{1, 1, format, pixels})
	if refusal != nil || !bytes.Equal(made.Pixels, expected) {
		t.Errorf("%s: %v %v, expected %v", params, made.Pixels, refusal, expected)
	}
}

func TestColoursBecomeTheirOppositesAndAlphaStays(t *testing.T) {
	check(t, "{}", RGBA8, []byte{0, 100, 255, 7}, []byte{255, 155, 0, 7})
	check(t, `{"amount": 0}`, RGB8, []byte{1, 2, 3}, []byte{1, 2, 3})
	check(t, `{"amount": 0.5}`, Gray8, []byte{0}, []byte{128})
}
