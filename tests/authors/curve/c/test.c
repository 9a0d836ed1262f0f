#include <stdio.h>

#include "plugin.c"

static uint8_t opposite[256];

static bool provide(const char *interface, const char *name, sl_file *file) {
  *file = (sl_file){ opposite, sizeof opposite };
  return strcmp(interface, "tables") == 0 && strcmp(name, "curve") == 0;
}

int main(void) {
  for (int value = 0; value < 256; value++) opposite[value] = (uint8_t)(255 - value);
  uint8_t pixel[4] = { 0, 100, 255, 7 };
  sl_image image = { 1, 1, SL_RGBA8, pixel, sizeof pixel };
  sl_refusal refusal = { 0 };
  if (curve(NULL, &image, NULL, &refusal)) return puts("worked without a table"), 1;
  sl_provide = provide;
  if (!curve(NULL, &image, NULL, &refusal)) return puts("refused with a table"), 1;
  if (pixel[0] != 255 || pixel[1] != 155 || pixel[2] != 0 || pixel[3] != 7) return puts("another picture"), 1;
  puts("passed");
  return 0;
}
