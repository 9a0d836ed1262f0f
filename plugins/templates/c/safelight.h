// What stands between your transforms and the world `safelight:plugin/transformer`. You need not change it.
//
// Exactly one source file defines SAFELIGHT_PLUGIN before it includes this one, and names the plugin:
//
//     #define SAFELIGHT_PLUGIN
//     #include "safelight.h"
//     const sl_plugin safelight = { .name = "...", ... };
//
// Memory that a call allocates need not be freed: the instance ends with the call.
//
// The structures below are the canonical ABI's (WebAssembly component model): they cross as they lie.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct { const char *text; size_t bytes; } sl_string;

#define SL_TEXT(literal) ((sl_string){ (literal), sizeof(literal) - 1 })

// One byte (luma), three (red, green, blue), four (and straight alpha, 255 is opaque).
enum { SL_GRAY8, SL_RGB8, SL_RGBA8 };

static inline size_t sl_bytes(uint8_t format) { return format == SL_GRAY8 ? 1 : format == SL_RGB8 ? 3 : 4; }

typedef struct { uint32_t width, height; } sl_size;
typedef struct { uint32_t x, y, width, height; } sl_rect;

// Rows from the top, pixels from the left, nothing between them.
typedef struct {
  uint32_t width, height;
  uint8_t format;
  uint8_t *pixels;
  size_t length;
} sl_image;

typedef struct { sl_size full; sl_rect region; } sl_view;

typedef struct {
  sl_string transform;
  // A JSON object that is valid under the schema; defaults are not filled in.
  sl_string params;
  const sl_image *images;
  size_t image_count;
} sl_call;

// Why a call is refused.
typedef struct {
  // The parameter's name; empty if it is about several together.
  sl_string field;
  // What came and what was expected: "is -3, expected a number from 0 to 250".
  sl_string message;
} sl_refusal;

typedef struct {
  sl_string name;
  sl_string summary;
  // A JSON Schema (2020-12) of an object.
  sl_string schema;
  // The size of the result; null: that of the input. False refuses.
  bool (*plan)(const sl_call *call, sl_size input, sl_size *output, sl_refusal *refusal);
  // Changes the picture, or puts another in its place. False refuses.
  bool (*apply)(const sl_call *call, sl_image *image, const sl_view *view, sl_refusal *refusal);
} sl_transform;

// The sorts of files that the host keeps for plugins to read.
enum { SL_FONT, SL_TABLE, SL_MODEL };

// A file that the plugin asks for. It is there once the operator has granted it.
typedef struct {
  uint8_t kind;
  // "*" asks for all of the sort.
  sl_string name;
  // Whether the plugin is of use without; if not, calls are refused until it is granted.
  bool optional;
  // One line for the operator: what for.
  sl_string summary;
} sl_need;

typedef struct {
  sl_string name, version, license, summary;
  const sl_transform *transforms;
  size_t transform_count;
  const sl_need *needs;
  size_t need_count;
} sl_plugin;

extern const sl_plugin safelight;

typedef struct { uint8_t *bytes; size_t count; } sl_file;

// `sl_font`, `sl_table` and `sl_model` fetch a file that the plugin asks for; false if it is not there or was not granted.
// In a test of the transforms `sl_provide` stands for the host, if it is set.
#ifdef __wasm__
typedef struct { uint8_t some; sl_file file; } sl_maybe_file;
#define SL_ASSETS(function, interface)                                                                                  \
  __attribute__((import_module("safelight:plugin/" interface "@0.2.0"), import_name("load"))) void function##_import(   \
    const char *name, size_t bytes, sl_maybe_file *into);                                                               \
  static inline bool function(const char *name, sl_file *file) {                                                        \
    sl_maybe_file found = { 0 };                                                                                        \
    function##_import(name, strlen(name), &found);                                                                      \
    *file = found.file;                                                                                                 \
    return found.some;                                                                                                  \
  }
#else
static bool (*sl_provide)(const char *interface, const char *name, sl_file *file);
#define SL_ASSETS(function, interface)                                                                                  \
  static inline bool function(const char *name, sl_file *file) {                                                        \
    return sl_provide && sl_provide(interface, name, file);                                                             \
  }
#endif
SL_ASSETS(sl_font, "fonts")
SL_ASSETS(sl_table, "tables")
SL_ASSETS(sl_model, "models")

// A number among the parameters; `otherwise` if it is not there. Finds the first key of this name at any depth,
// which is right for schemas of plain values.
double sl_number(const sl_call *call, const char *name, double otherwise);

#ifdef SAFELIGHT_PLUGIN

double sl_number(const sl_call *call, const char *name, double otherwise) {
  size_t length = strlen(name);
  const char *at = call->params.text, *end = at + call->params.bytes;
  for (; at + length + 2 < end; at++) {
    if (at[0] != '"' || memcmp(at + 1, name, length) != 0 || at[length + 1] != '"') continue;
    const char *value = at + length + 2;
    while (value < end && (*value == ' ' || *value == ':' || *value == '\n' || *value == '\t' || *value == '\r')) value++;
    char digits[64] = { 0 };
    for (size_t index = 0; index < sizeof digits - 1 && value < end; index++, value++) {
      if (!strchr("+-.0123456789eE", *value)) break;
      digits[index] = *value;
    }
    return digits[0] ? strtod(digits, NULL) : otherwise;
  }
  return otherwise;
}

#ifdef __wasm__

#define SL_EXPORT(name) __attribute__((export_name(name)))
#define SL_WORLD "safelight:plugin/transform@0.2.0#"

typedef struct { const uint8_t *values; size_t count; } sl_formats;
typedef struct { sl_string name; uint8_t kind; sl_string summary, schema; sl_formats formats; } sl_info;
typedef struct {
  sl_string name, version, license, summary;
  const sl_info *transforms;
  size_t count;
  const sl_need *needs;
  size_t need_count;
} sl_manifest;
typedef struct { uint32_t call; uint8_t reason; sl_string first, second; } sl_error;
typedef struct { uint8_t some; sl_size size; } sl_maybe_size;
typedef struct { uint8_t some; sl_rect rect; } sl_maybe_rect;
typedef struct { uint8_t some; sl_image image; } sl_maybe_image;
typedef struct { uint8_t some; sl_string text; } sl_maybe_text;
typedef struct { sl_maybe_size output; sl_maybe_rect region; sl_maybe_size enough; } sl_planned;
typedef struct { sl_maybe_image image; const sl_maybe_text *data; size_t count; } sl_outcome;
typedef struct { uint8_t failed; union { sl_planned planned; sl_error error; } as; } sl_plan_result;
typedef struct { uint8_t failed; union { sl_outcome outcome; sl_error error; } as; } sl_apply_result;

// The variant `reason`.
enum { SL_UNKNOWN_TRANSFORM, SL_INVALID_PARAMS, SL_UNSUPPORTED_IMAGE, SL_OTHER };

SL_EXPORT("cabi_realloc")
void *sl_realloc(void *old, size_t old_bytes, size_t align, size_t bytes) {
  (void)old_bytes;
  (void)align;
  void *made = realloc(old, bytes ? bytes : 1);
  if (!made) __builtin_trap();
  return made;
}

static const sl_transform *sl_find(sl_string name) {
  for (size_t index = 0; index < safelight.transform_count; index++) {
    const sl_transform *each = &safelight.transforms[index];
    if (each->name.bytes == name.bytes && memcmp(each->name.text, name.text, name.bytes) == 0) return each;
  }
  return NULL;
}

static sl_error sl_refused(uint32_t call, sl_refusal refusal) {
  return (sl_error){ call, SL_INVALID_PARAMS, refusal.field, refusal.message };
}

SL_EXPORT(SL_WORLD "describe")
sl_manifest *sl_describe(void) {
  static const uint8_t formats[] = { SL_RGBA8, SL_RGB8, SL_GRAY8 };
  static sl_manifest manifest;
  sl_info *infos = calloc(safelight.transform_count, sizeof *infos);
  for (size_t index = 0; index < safelight.transform_count; index++) {
    const sl_transform *each = &safelight.transforms[index];
    infos[index] = (sl_info){ each->name, 0, each->summary, each->schema, { formats, sizeof formats } };
  }
  manifest = (sl_manifest){ safelight.name, safelight.version, safelight.license, safelight.summary, infos,
                            safelight.transform_count, safelight.needs, safelight.need_count };
  return &manifest;
}

// Records arrive as one argument for each of their numbers.

SL_EXPORT(SL_WORLD "plan")
sl_plan_result *sl_plan(const char *name, size_t name_bytes, const char *params, size_t params_bytes,
                        const sl_image *images, size_t image_count, uint32_t width, uint32_t height) {
  static sl_plan_result result;
  sl_call call = { { name, name_bytes }, { params, params_bytes }, images, image_count };
  sl_size input = { width, height };
  const sl_transform *transform = sl_find(call.transform);
  if (!transform) {
    result = (sl_plan_result){ .failed = 1, .as.error = { .reason = SL_UNKNOWN_TRANSFORM } };
    return &result;
  }
  sl_size output = input;
  sl_refusal refusal = { 0 };
  if (transform->plan && !transform->plan(&call, input, &output, &refusal)) {
    result = (sl_plan_result){ .failed = 1, .as.error = sl_refused(0, refusal) };
    return &result;
  }
  result = (sl_plan_result){ .as.planned = { .output = { 1, output } } };
  return &result;
}

SL_EXPORT(SL_WORLD "arrange")
sl_plan_result *sl_arrange(const char *name, size_t name_bytes, const char *params, size_t params_bytes,
                           const sl_image *images, size_t image_count, const uint32_t *delays, size_t delay_count,
                           uint32_t loops) {
  (void)name, (void)name_bytes, (void)params, (void)params_bytes, (void)images, (void)image_count;
  (void)delays, (void)delay_count, (void)loops;
  static sl_plan_result result = { .failed = 1, .as.error = { 0, SL_OTHER, { "arranges no frames", 18 }, { 0 } } };
  return &result;
}

SL_EXPORT(SL_WORLD "apply")
sl_apply_result *sl_apply(const sl_call *calls, size_t count, uint32_t some, uint32_t width, uint32_t height,
                          uint32_t format, uint8_t *pixels, size_t length, uint32_t full_width, uint32_t full_height,
                          uint32_t region_x, uint32_t region_y, uint32_t region_width, uint32_t region_height) {
  static sl_apply_result result;
  sl_image image = some ? (sl_image){ width, height, (uint8_t)format, pixels, length } : (sl_image){ 0 };
  sl_view view = { { full_width, full_height }, { region_x, region_y, region_width, region_height } };
  for (size_t index = 0; index < count; index++) {
    const sl_transform *transform = sl_find(calls[index].transform);
    sl_refusal refusal = { 0 };
    if (!transform) {
      result = (sl_apply_result){ .failed = 1, .as.error = { (uint32_t)index, SL_UNKNOWN_TRANSFORM, { 0 }, { 0 } } };
      return &result;
    }
    if (!transform->apply(&calls[index], &image, &view, &refusal)) {
      result = (sl_apply_result){ .failed = 1, .as.error = sl_refused((uint32_t)index, refusal) };
      return &result;
    }
  }
  result = (sl_apply_result){ .as.outcome = { { 1, image }, calloc(count, sizeof(sl_maybe_text)), count } };
  return &result;
}

#endif
#endif
