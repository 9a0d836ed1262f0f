//! Names in values: gravities, composite operators, channels, weights, widths.

use crate::dialect::blitline::values::{Members, number};

/// A gravity, with or without its ending; none when the parameter is not there. What is not known is the centre,
/// as in the original.
pub(super) fn gravity(params: Members<'_>, name: &str) -> Result<Option<&'static str>, String> {
    let Some(text) = params.text(name)? else { return Ok(None) };
    let text = text.to_ascii_lowercase();
    Ok(Some(match text.strip_suffix("gravity").unwrap_or(&text) {
        "northwest" => "north_west",
        "north" => "north",
        "northeast" => "north_east",
        "west" => "west",
        "east" => "east",
        "southwest" => "south_west",
        "south" => "south",
        "southeast" => "south_east",
        _ => "center",
    }))
}

/// The same, or the centre.
pub(super) fn gravity_or_center(params: Members<'_>, name: &str) -> Result<&'static str, String> {
    Ok(gravity(params, name)?.unwrap_or("center"))
}

/// A channel; none for black, which pictures of red, green and blue do not have.
pub(super) fn channel(params: Members<'_>) -> Result<&'static str, String> {
    let text = params.text_or("channel", "AllChannels")?.to_ascii_lowercase();
    let name = text.strip_suffix("channels").or_else(|| text.strip_suffix("channel")).unwrap_or(&text);
    Ok(match name {
        "all" | "default" | "gray" => "all",
        "red" | "cyan" => "red",
        "green" | "magenta" => "green",
        "blue" | "yellow" => "blue",
        "alpha" | "opacity" => "alpha",
        _ => {
            let expected = "AllChannels, RedChannel, GreenChannel, BlueChannel or AlphaChannel";
            return Err(params.wrong("channel", expected));
        }
    })
}

/// A font's weight: a number, or `normal`, `bold`.
pub(super) fn weight(params: Members<'_>) -> Result<f64, String> {
    let name = if params.get("font_weight").is_some() { "font_weight" } else { "weight" };
    let Some(value) = params.get(name) else { return Ok(700.0) };
    let named = value.as_str().and_then(|text| match text.to_ascii_lowercase().as_str() {
        "normal" => Some(400.0),
        "bold" | "all" | "any" => Some(700.0),
        "lighter" => Some(300.0),
        "bolder" => Some(800.0),
        _ => None,
    });
    let found = named.or_else(|| number(value)).filter(|weight| (1.0..=1000.0).contains(weight));
    found.ok_or_else(|| params.wrong(name, "normal, bold or 100 to 900"))
}

/// A font's width: 1 is usual.
pub(super) fn stretch(params: Members<'_>) -> Result<Option<f64>, String> {
    let Some(text) = params.text("stretch")? else { return Ok(None) };
    let name = text.to_ascii_lowercase().replace(['_', '-', ' '], "");
    let width = match name.trim_end_matches("stretch") {
        "ultracondensed" => 0.5,
        "extracondensed" => 0.625,
        "condensed" => 0.75,
        "semicondensed" => 0.875,
        "normal" | "any" => 1.0,
        "semiexpanded" => 1.125,
        "expanded" => 1.25,
        "extraexpanded" => 1.5,
        "ultraexpanded" => 2.0,
        _ => return Err(params.wrong("stretch", "a name from ultra_condensed to ultra_expanded")),
    };
    Ok(Some(width))
}

/// Composite operators that are blends of the library, without their ending, and the blends.
pub(super) const BLENDS: [(&str, &str); 51] = [
    ("over", "over"),
    ("srcover", "over"),
    ("dstover", "dst_over"),
    ("atop", "atop"),
    ("srcatop", "atop"),
    ("dstatop", "dst_atop"),
    ("in", "in"),
    ("srcin", "in"),
    ("dstin", "dst_in"),
    ("out", "out"),
    ("srcout", "out"),
    ("dstout", "dst_out"),
    ("src", "src"),
    ("dst", "dst"),
    ("clear", "clear"),
    ("xor", "xor"),
    ("plus", "plus"),
    ("add", "modulus_add"),
    ("multiply", "multiply"),
    ("screen", "screen"),
    ("overlay", "overlay"),
    ("darken", "darken"),
    ("lighten", "lighten"),
    ("darkenintensity", "darken_intensity"),
    ("lightenintensity", "lighten_intensity"),
    ("colordodge", "color_dodge"),
    ("colorburn", "color_burn"),
    ("hardlight", "hard_light"),
    ("softlight", "soft_light"),
    ("pegtoplight", "pegtop_light"),
    ("lineardodge", "linear_dodge"),
    ("linearburn", "linear_burn"),
    ("linearlight", "linear_light"),
    ("vividlight", "vivid_light"),
    ("pinlight", "pin_light"),
    ("hardmix", "hard_mix"),
    ("difference", "difference"),
    ("exclusion", "exclusion"),
    ("minus", "minus_dst"),
    ("minussrc", "minus_src"),
    ("minusdst", "minus_dst"),
    ("subtract", "modulus_subtract"),
    ("modulusadd", "modulus_add"),
    ("modulussubtract", "modulus_subtract"),
    ("divide", "divide_src"),
    ("dividesrc", "divide_src"),
    ("dividedst", "divide_dst"),
    ("hue", "hue"),
    ("saturate", "saturation"),
    ("colorize", "color"),
    ("luminize", "luminosity"),
];

/// The rest of the blends: single channels.
pub(super) const CHANNEL_BLENDS: [(&str, &str); 9] = [
    ("bumpmap", "bumpmap"),
    ("copyopacity", "copy_alpha"),
    ("copyalpha", "copy_alpha"),
    ("copyred", "copy_red"),
    ("copygreen", "copy_green"),
    ("copyblue", "copy_blue"),
    ("copycyan", "copy_red"),
    ("copymagenta", "copy_green"),
    ("copyyellow", "copy_blue"),
];
