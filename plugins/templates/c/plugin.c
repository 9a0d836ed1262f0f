#define SAFELIGHT_PLUGIN
#include "safelight.h"

// Turns colours into their opposites, as far as `amount` says; alpha stays.
static bool invert(const sl_call *call, sl_image *image, const sl_view *view, sl_refusal *refusal) {
  (void)view, (void)refusal;
  double amount = sl_number(call, "amount", 1);
  uint8_t table[256];
  for (int value = 0; value < 256; value++) table[value] = (uint8_t)(value + (255 - 2 * value) * amount + 0.5);
  size_t step = sl_bytes(image->format), colours = step == 4 ? 3 : step;
  for (size_t at = 0; at < image->length; at += step)
    for (size_t channel = 0; channel < colours; channel++) image->pixels[at + channel] = table[image->pixels[at + channel]];
  return true;
}

static const sl_transform transforms[] = {
  {
    .name = SL_TEXT("{{transform}}"),
    .summary = SL_TEXT("Turns colours into their opposites."),
    .schema = SL_TEXT("{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
                      "\"amount\": {\"type\": \"number\", \"minimum\": 0, \"maximum\": 1, \"default\": 1, \"description\":"
                      " \"0 leaves the picture as it is, 1 gives the opposite of every colour.\"}}}"),
    .apply = invert,
  },
};

const sl_plugin safelight = {
  .name = SL_TEXT("{{name}}"),
  .version = SL_TEXT("0.1.0"),
  .license = SL_TEXT("Apache-2.0"),
  .summary = SL_TEXT("Turns colours into their opposites."),
  .transforms = transforms,
  .transform_count = sizeof transforms / sizeof *transforms,
};
