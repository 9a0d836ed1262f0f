// The dots, compiled for this machine: `make test`.
#include <stdio.h>

#include "plugin.c"

static int black(uint8_t level) {
  uint8_t pixels[16 * 16];
  memset(pixels, level, sizeof pixels);
  const char *params = "{\"cell_px\": 16}";
  sl_call call = { SL_TEXT("halftone"), { params, strlen(params) }, NULL, 0 };
  sl_image image = { 16, 16, SL_GRAY8, pixels, sizeof pixels };
  sl_view view = { { 16, 16 }, { 0, 0, 16, 16 } };
  sl_refusal refusal = { 0 };
  halftone(&call, &image, &view, &refusal);
  int sum = 0;
  for (size_t index = 0; index < sizeof pixels; index++) sum += 255 - pixels[index];
  return sum / 255;
}

int main(void) {
  // White has no dot; half of the light leaves half of the 256 pixels black, within the edge's rounding; the
  // largest dot is cut by its cell and leaves the corners.
  if (black(255) != 0 || black(128) < 120 || black(128) > 136 || black(0) < 225) {
    printf("black pixels: %d %d %d\n", black(255), black(128), black(0));
    return 1;
  }
  puts("passed");
  return 0;
}
