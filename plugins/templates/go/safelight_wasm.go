// The exports of the world, by the canonical ABI of the component model.

package main

import (
	"encoding/binary"
	"runtime/debug"
	"unsafe"
)

// The instance ends with the call: there is nothing to collect. And a collection would look at the clock, which is not
// allowed while the host hands its arguments over.
func init() { debug.SetGCPercent(-1) }

// The variant `reason`.
const (
	unknownTransform = 0
	invalidParams    = 1
	other            = 3
)

// What the host holds pointers to. The instance ends with the call, so nothing is given back.
var held [][]uint64

func room(bytes uint32) unsafe.Pointer {
	made := make([]uint64, bytes/8+1)
	held = append(held, made)
	return unsafe.Pointer(&made[0])
}

func view(at unsafe.Pointer, bytes uint32) []byte {
	if bytes == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(at), bytes)
}

//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldBytes, align, bytes uint32) unsafe.Pointer {
	made := room(bytes)
	copy(view(made, bytes), view(old, oldBytes))
	return made
}

// A record that is written field by field; addresses have four bytes.
type record struct {
	at    unsafe.Pointer
	bytes []byte
}

func newRecord(bytes uint32) record {
	at := room(bytes)
	return record{at, view(at, bytes)}
}

func (r record) u32(offset int, value uint32) { binary.LittleEndian.PutUint32(r.bytes[offset:], value) }

func (r record) address(offset int, at unsafe.Pointer) { r.u32(offset, uint32(uintptr(at))) }

func (r record) list(offset int, at unsafe.Pointer, count int) {
	r.address(offset, at)
	r.u32(offset+4, uint32(count))
}

func (r record) data(offset int, data []byte) {
	at := room(uint32(len(data)))
	copy(view(at, uint32(len(data))), data)
	r.list(offset, at, len(data))
}

func (r record) text(offset int, text string) { r.data(offset, []byte(text)) }

// The error of a result whose value begins at 4.
func (r record) failed(call int, reason byte, first, second string) unsafe.Pointer {
	r.bytes[0] = 1
	r.u32(4, uint32(call))
	r.bytes[8] = reason
	r.text(12, first)
	r.text(20, second)
	return r.at
}

//go:wasmimport safelight:plugin/fonts@0.2.0 load
func loadFont(name unsafe.Pointer, bytes uint32, into unsafe.Pointer)

//go:wasmimport safelight:plugin/tables@0.2.0 load
func loadTable(name unsafe.Pointer, bytes uint32, into unsafe.Pointer)

//go:wasmimport safelight:plugin/models@0.2.0 load
func loadModel(name unsafe.Pointer, bytes uint32, into unsafe.Pointer)

// LoadFont fetches a font that the plugin asks for; nil if it is not there or was not granted.
func LoadFont(name string) []byte { return load(loadFont, name) }

// LoadTable fetches a lookup table in the same way.
func LoadTable(name string) []byte { return load(loadTable, name) }

// LoadModel fetches a neural network in the same way.
func LoadModel(name string) []byte { return load(loadModel, name) }

func load(from func(unsafe.Pointer, uint32, unsafe.Pointer), name string) []byte {
	found := newRecord(12)
	from(unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)), found.at)
	if found.bytes[0] == 0 {
		return nil
	}
	return part(found.bytes, 4)
}

// The bytes that a list in a record stands for.
func part(record []byte, offset int) []byte {
	address := uintptr(binary.LittleEndian.Uint32(record[offset:]))
	// Where the host has put it in this memory.
	start := unsafe.Add(unsafe.Pointer(nil), address)
	return view(start, binary.LittleEndian.Uint32(record[offset+4:]))
}

//go:wasmexport safelight:plugin/transform@0.2.0#describe
func describe() unsafe.Pointer {
	manifest := newRecord(48)
	manifest.text(0, plugin.Name)
	manifest.text(8, plugin.Version)
	manifest.text(16, plugin.License)
	manifest.text(24, plugin.Summary)
	infos := newRecord(uint32(36 * len(plugin.Transforms)))
	for index, transform := range plugin.Transforms {
		at := 36 * index
		infos.text(at, transform.Name)
		infos.bytes[at+8] = 0
		infos.text(at+12, transform.Summary)
		infos.text(at+20, transform.Schema)
		infos.data(at+28, []byte{byte(RGBA8), byte(RGB8), byte(Gray8)})
	}
	manifest.list(32, infos.at, len(plugin.Transforms))
	needs := newRecord(uint32(24 * len(plugin.Needs)))
	for index, need := range plugin.Needs {
		at := 24 * index
		needs.bytes[at] = byte(need.Kind)
		needs.text(at+4, need.Name)
		if need.Optional {
			needs.bytes[at+12] = 1
		}
		needs.text(at+16, need.Summary)
	}
	manifest.list(40, needs.at, len(plugin.Needs))
	return manifest.at
}

//go:wasmexport safelight:plugin/transform@0.2.0#plan
func plan(name unsafe.Pointer, nameBytes uint32, params unsafe.Pointer, paramsBytes uint32, images unsafe.Pointer,
	imageCount, width, height uint32) unsafe.Pointer {
	result := newRecord(48)
	transform := plugin.find(string(view(name, nameBytes)))
	if transform == nil {
		return result.failed(0, unknownTransform, "", "")
	}
	if transform.Plan != nil {
		var refusal *Refusal
		if width, height, refusal = transform.Plan(view(params, paramsBytes), width, height); refusal != nil {
			return result.failed(0, invalidParams, refusal.Field, refusal.Message)
		}
	}
	result.bytes[4] = 1
	result.u32(8, width)
	result.u32(12, height)
	return result.at
}

//go:wasmexport safelight:plugin/transform@0.2.0#arrange
func arrange(name unsafe.Pointer, nameBytes uint32, params unsafe.Pointer, paramsBytes uint32, images unsafe.Pointer,
	imageCount uint32, delays unsafe.Pointer, delayCount, loops uint32) unsafe.Pointer {
	return newRecord(28).failed(0, other, "arranges no frames", "")
}

//go:wasmexport safelight:plugin/transform@0.2.0#apply
func apply(calls unsafe.Pointer, count, some, width, height, format uint32, pixels unsafe.Pointer, length uint32,
	fullWidth, fullHeight, regionX, regionY, regionWidth, regionHeight uint32) unsafe.Pointer {
	result := newRecord(36)
	var image Image
	if some == 1 {
		image = Image{width, height, Format(format), view(pixels, length)}
	}
	list := view(calls, 24*count)
	for call := 0; call < int(count); call++ {
		transform := plugin.find(string(part(list, 24*call)))
		if transform == nil {
			return result.failed(call, unknownTransform, "", "")
		}
		var refusal *Refusal
		if image, refusal = transform.Apply(part(list, 24*call+8), image); refusal != nil {
			return result.failed(call, invalidParams, refusal.Field, refusal.Message)
		}
	}
	result.bytes[4] = 1
	result.u32(8, image.Width)
	result.u32(12, image.Height)
	result.bytes[16] = byte(image.Format)
	result.data(20, image.Pixels)
	// No data for any call.
	result.list(28, newRecord(12*count).at, int(count))
	return result.at
}
