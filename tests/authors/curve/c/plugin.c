#define SAFELIGHT_PLUGIN
#include "safelight.h"

// Every value of gray, red, green and blue by the operator's table of 256 values.
static bool curve(const sl_call *call, sl_image *image, const sl_view *view, sl_refusal *refusal) {
  (void)call, (void)view;
  sl_file table;
  if (!sl_table("curve", &table) || table.count != 256) {
    *refusal = (sl_refusal){ .message = SL_TEXT("the table curve has no 256 values") };
    return false;
  }
  size_t step = sl_bytes(image->format);
  for (size_t at = 0; at < image->length; at++)
    if (step < 4 || at % 4 != 3) image->pixels[at] = table.bytes[image->pixels[at]];
  return true;
}

static const sl_transform transforms[] = {
  {
    .name = SL_TEXT("curve"),
    .summary = SL_TEXT("Lays the operator's curve over a picture."),
    .schema = SL_TEXT("{\"type\": \"object\", \"additionalProperties\": false}"),
    .apply = curve,
  },
};

static const sl_need needs[] = {
  { .kind = SL_TABLE, .name = SL_TEXT("curve"), .summary = SL_TEXT("The curve.") },
};

const sl_plugin safelight = {
  .name = SL_TEXT("curve"),
  .version = SL_TEXT("1.0.0"),
  .license = SL_TEXT("Apache-2.0"),
  .summary = SL_TEXT("Curves."),
  .transforms = transforms,
  .transform_count = sizeof transforms / sizeof *transforms,
  .needs = needs,
  .need_count = sizeof needs / sizeof *needs,
};
