package main

import (
	"bytes"
	"testing"
)

func TestTheLeftPartIsKept(t *testing.T) {
	image := Image{4, 2, Gray8, []byte{1, 2, 3, 4, 5, 6, 7, 8}}
	made, refusal := wipe.Apply([]byte(`{"progress": 0.5}`), image)
	if refusal != nil || made.Width != 2 || !bytes.Equal(made.Pixels, []byte{1, 2, 5, 6}) {
		t.Errorf("%v %v", made, refusal)
	}
	if width, _, _ := wipe.Plan([]byte(`{"progress": 0}`), 100, 1); width != 1 {
		t.Errorf("width %d, expected 1", width)
	}
}
