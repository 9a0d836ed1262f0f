#include <math.h>

#define SAFELIGHT_PLUGIN
#include "safelight.h"

// Source of the weights: ITU-R BT.709, luma of R'G'B'.
static double luma(const uint8_t *pixel, uint8_t format) {
  return format == SL_GRAY8 ? pixel[0] : 0.2126 * pixel[0] + 0.7152 * pixel[1] + 0.0722 * pixel[2];
}

// Black dots on white, one in each cell, with as much area as the cell's mean luma leaves black. Alpha stays.
static bool halftone(const sl_call *call, sl_image *image, const sl_view *view, sl_refusal *refusal) {
  (void)view, (void)refusal;
  uint32_t cell = (uint32_t)sl_number(call, "cell_px", 8);
  size_t step = sl_bytes(image->format), colours = step == 4 ? 3 : step;
  for (uint32_t top = 0; top < image->height; top += cell) {
    for (uint32_t left = 0; left < image->width; left += cell) {
      uint32_t bottom = top + cell < image->height ? top + cell : image->height;
      uint32_t right = left + cell < image->width ? left + cell : image->width;
      double sum = 0;
      for (uint32_t y = top; y < bottom; y++)
        for (uint32_t x = left; x < right; x++)
          sum += luma(image->pixels + ((size_t)y * image->width + x) * step, image->format);
      double dark = 1 - sum / ((double)(bottom - top) * (right - left)) / 255;
      // A circle of that area; it is cut by the cell where it would be larger.
      double radius = cell * sqrt(dark / 3.14159265358979);
      for (uint32_t y = top; y < bottom; y++) {
        for (uint32_t x = left; x < right; x++) {
          double dx = x + 0.5 - left - cell / 2.0, dy = y + 0.5 - top - cell / 2.0;
          double outside = sqrt(dx * dx + dy * dy) - radius + 0.5;
          double light = outside < 0 ? 0 : outside > 1 ? 1 : outside;
          uint8_t *pixel = image->pixels + ((size_t)y * image->width + x) * step;
          memset(pixel, (int)(light * 255 + 0.5), colours);
        }
      }
    }
  }
  return true;
}

static const sl_transform transforms[] = {
  {
    .name = SL_TEXT("halftone"),
    .summary = SL_TEXT("Black dots on white, larger where the picture is darker."),
    .schema = SL_TEXT("{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
                      "\"cell_px\": {\"type\": \"integer\", \"minimum\": 2, \"maximum\": 200, \"default\": 8, \"description\":"
                      " \"The distance of the dots.\"}}}"),
    .apply = halftone,
  },
};

const sl_plugin safelight = {
  .name = SL_TEXT("halftone"),
  .version = SL_TEXT("0.1.0"),
  .license = SL_TEXT("Apache-2.0"),
  .summary = SL_TEXT("Halftone dots."),
  .transforms = transforms,
  .transform_count = sizeof transforms / sizeof *transforms,
};
