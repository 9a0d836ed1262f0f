// The transforms, compiled for this machine: `make test`.
#include <assert.h>
#include <stdio.h>

#include "plugin.c"

static void check(const char *params, uint8_t format, const uint8_t *pixels, const uint8_t *expected) {
  uint8_t bytes[4];
  size_t length = sl_bytes(format);
  memcpy(bytes, pixels, length);
  sl_call call = { SL_TEXT("{{transform}}"), { params, strlen(params) }, NULL, 0 };
  sl_image image = { 1, 1, format, bytes, length };
  sl_view view = { { 1, 1 }, { 0, 0, 1, 1 } };
  sl_refusal refusal = { 0 };
  bool applied = safelight.transforms[0].apply(&call, &image, &view, &refusal);
  if (!applied || memcmp(bytes, expected, length) != 0) {
    printf("%s: first byte %d, expected %d\n", params, bytes[0], expected[0]);
    exit(1);
  }
}

int main(void) {
  check("{}", SL_RGBA8, (uint8_t[]){ 0, 100, 255, 7 }, (uint8_t[]){ 255, 155, 0, 7 });
  check("{\"amount\": 0}", SL_RGB8, (uint8_t[]){ 1, 2, 3 }, (uint8_t[]){ 1, 2, 3 });
  check("{\"amount\":0.5}", SL_GRAY8, (uint8_t[]){ 0 }, (uint8_t[]){ 128 });
  puts("passed");
}
