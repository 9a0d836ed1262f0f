//! Text to effect.

use super::{
    ArtFilter, CartoonFill, Color, Colorblindness, Decimal, Effect, Expected, Level, Plain, TintStop, args::Args,
};

/// Effects that need models or data which are not public, or belong to videos.
const ELSEWHERE: [&str; 36] = [
    "accelerate",
    "auto_enhance",
    "background_removal",
    "boomerang",
    "camera",
    "deshake",
    "drop_shadow",
    "enhance",
    "extract",
    "fade",
    "gen_background_replace",
    "gen_fill",
    "gen_recolor",
    "gen_remove",
    "gen_replace",
    "gen_restore",
    "light",
    "make_video_transparent",
    "morphology",
    "ocr",
    "preview",
    "progressbar",
    "reverse",
    "sheen",
    "style_transfer",
    "swap_image",
    "theme",
    "transition",
    "upscale",
    "vectorize",
    "video_upscale",
    "viesus_correct",
    "visualize",
    "volume",
    "waveform",
    "zoompan",
];

/// Stops of a tint, at most.
const MAX_STOPS: usize = 10;

impl Effect {
    /// Reads the value of `e`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let (name, rest) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let mut args = Args::new(rest);
        let effect = read(name, &mut args)?;
        if args.is_empty() {
            Ok(effect)
        } else {
            Err(Expected::new(format!("{} after the effect \"{name}\"", values_of(name))))
        }
    }
}

fn read(name: &str, args: &mut Args<'_>) -> Result<Effect, Expected> {
    if let Some(plain) = Plain::from_word(name) {
        return Ok(Effect::Plain(plain));
    }
    if name == "contrast"
        && let Some(level) = linear(args)
    {
        return Ok(Effect::LinearContrast(level));
    }
    if let Some(level) = Level::from_word(name) {
        return Ok(Effect::Level(level, args.number()));
    }
    let effect = match name {
        "improve" => Effect::Improve { mode: args.word(), blend: args.number() },
        "fill_light" => Effect::FillLight { blend: args.number(), bias: args.number() },
        "tint" => Effect::Tint { equalize: args.exact("equalize"), amount: args.number(), stops: stops(args)? },
        "replace_color" => {
            let to = args.color().ok_or(Expected::new("a colour after replace_color:"))?;
            Effect::ReplaceColor { to, tolerance: args.number(), from: args.color() }
        }
        "recolor" => {
            let numbers: Vec<Decimal> = std::iter::from_fn(|| args.number()).take(17).collect();
            if ![9, 16].contains(&numbers.len()) {
                return Err(Expected::new("9 or 16 numbers after recolor:"));
            }
            Effect::Recolor(numbers)
        }
        "bgremoval" => Effect::BgRemoval { screen: args.exact("screen"), color: args.color() },
        "trim" => Effect::Trim { tolerance: args.number(), color: args.color() },
        "cartoonify" => {
            let line = args.number();
            let fill = if args.exact("bw") {
                Some(CartoonFill::BlackWhite)
            } else {
                args.number().map(CartoonFill::Reduction)
            };
            Effect::Cartoonify { line, fill }
        }
        "outline" => Effect::Outline { mode: args.word(), width: args.number(), blur: args.number() },
        "dropshadow" => dropshadow(args)?,
        "gradient_fade" => Effect::GradientFade { mode: args.word(), strength: args.number() },
        "distort" if args.exact("arc") => Effect::DistortArc(args.required()?),
        "distort" => {
            let numbers: Vec<Decimal> = std::iter::from_fn(|| args.number()).take(9).collect();
            let corners = numbers.try_into().map_err(|_| Expected::new("8 numbers, or arc: and degrees"))?;
            Effect::Distort(corners)
        }
        "shear" => Effect::Shear(args.required()?, args.required()?),
        "assist_colorblind" if args.exact("xray") => Effect::AssistColorblindXray,
        "assist_colorblind" => Effect::AssistColorblind(args.number()),
        "simulate_colorblind" => Effect::SimulateColorblind(args.word::<Colorblindness>()),
        "art" => {
            let filter = args.word::<ArtFilter>().ok_or(Expected::new("the name of an artistic filter after art:"))?;
            Effect::Art(filter)
        }
        name if ELSEWHERE.contains(&name) => {
            return Err(Expected::new(format!(
                "an effect that this server has; \"{name}\" needs a model or is for videos only"
            )));
        }
        _ => return Err(Expected::new("the name of an effect")),
    };
    Ok(effect)
}

/// `linear_<n>`.
fn linear(args: &mut Args<'_>) -> Option<Decimal> {
    args.take_if(|word| word.strip_prefix("linear_").and_then(Decimal::parse))
}

fn stops(args: &mut Args<'_>) -> Result<Vec<TintStop>, Expected> {
    let mut stops = Vec::new();
    while let Some(color) = args.color() {
        // Some clients write percent as `20p`.
        let position = args.take_if(|word| Decimal::parse(word.strip_suffix('p').unwrap_or(word)));
        stops.push(TintStop { color, position });
    }
    if stops.len() <= MAX_STOPS { Ok(stops) } else { Err(Expected::new(format!("at most {MAX_STOPS} colours"))) }
}

fn dropshadow(args: &mut Args<'_>) -> Result<Effect, Expected> {
    let expected = || Expected::new("azimuth_0..360;elevation_0..90;spread_0..100 after dropshadow:");
    let (mut azimuth, mut elevation, mut spread) = (None, None, None);
    let settings = args.take_if(Some).unwrap_or_default();
    for setting in settings.split(';').filter(|setting| !setting.is_empty()) {
        let (name, value) = setting.split_once('_').ok_or_else(expected)?;
        let place = match name {
            "azimuth" => &mut azimuth,
            "elevation" => &mut elevation,
            "spread" => &mut spread,
            _ => return Err(expected()),
        };
        if place.replace(Decimal::parse(value).ok_or_else(expected)?).is_some() {
            return Err(expected());
        }
    }
    Ok(Effect::Dropshadow { azimuth, elevation, spread })
}

/// What may stand after the name, in words.
fn values_of(name: &str) -> &'static str {
    match name {
        "improve" => "\"outdoor\" or \"indoor\" and a number",
        "fill_light" | "shear" => "two numbers",
        "tint" => "\"equalize\", a number, colours and positions",
        "replace_color" => "a colour, a number and a colour",
        "recolor" => "9 or 16 numbers",
        "bgremoval" => "\"screen\" and a colour",
        "trim" => "a number and a colour",
        "cartoonify" => "a number, and a number or \"bw\"",
        "outline" => "a mode and two numbers",
        "gradient_fade" => "a mode and a number",
        "distort" => "8 numbers",
        "simulate_colorblind" => "a kind of colour blindness",
        "assist_colorblind" => "a number or \"xray\"",
        name if Plain::from_word(name).is_some() || name == "art" => "nothing",
        _ => "one number",
    }
}

impl Color {
    /// Whether an effect could mistake the text of this colour for a number.
    pub(super) fn looks_like_number(&self) -> bool {
        Decimal::parse(&self.bare()).is_some()
    }
}
