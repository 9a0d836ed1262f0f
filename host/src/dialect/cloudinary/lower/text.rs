//! Texts: their style to parameters of `text_image`.

use serde_json::{Value, json};

use super::{
    super::{
        evaluate::{EvaluateError, Step as Evaluation},
        transformation::{
            Antialias, Background, Border, Color, Component, Crop, Decimal, Dimension, Error, FontStyle, Key, Measure,
            Param, Style, Switch, Text, TextPart, Weight,
        },
    },
    Picture, TextStyle, call, color, effect, finish, refused, resize,
};

/// Draws a text. `own` is the component that names it: `co`, `b` and `bo` are about the letters, and with `c_fit`
/// `w` and `h` are the box that lines are broken for. All else in it is done to the picture of the text.
pub(super) fn text(
    picture: &mut Picture<'_>,
    style: &Style,
    text: &Text,
    own: Option<&Evaluation>,
    apply: &Component,
) -> Result<(), EvaluateError> {
    let stored = match style {
        Style::Font(font) => TextStyle { font: (**font).clone(), color: None, background: None },
        Style::Asset(id) => picture.assets.style(id).ok_or_else(|| EvaluateError::MissingLayer(id.clone()))?,
        Style::Variable(name) => return Err(Error::new("overlay", format!("${name}"), "a style").into()),
    };
    let component = own.map_or_else(Component::default, |own| own.component.clone());
    let within = |error: Error| error.within(&component.to_string());
    let mut step = call("text_image", font(&stored.font, text).map_err(within)?);
    let mut set = |name: &str, value: Value| {
        step.params.insert(name.to_owned(), value);
    };
    if let Some(color) = color::own(&component).map_err(within)?.or_else(|| stored.color.as_ref().and_then(plain)) {
        set("color", color.into());
    }
    let background = component.param(Key::Background).cloned().or(stored.background.map(Param::Background));
    if let Some(param) = background {
        match &param {
            Param::Background(Background::Color(color)) if plain(color).is_some() => {
                set("background", plain(color).into());
            }
            _ => return Err(within(refused(&param, "one colour behind a text")).into()),
        }
    }
    let mut left = component.clone();
    left.params.retain(|param| !matches!(param.key(), Key::Background | Key::Color));
    if let Some(param @ Param::Border(Border { width, color })) = component.param(Key::Border)
        && stored.font.stroke
    {
        let color = plain(color).ok_or_else(|| within(refused(param, "an outline of one colour")))?;
        set("stroke_color", color.into());
        set("stroke_width_px", json!(f64::from(*width).min(200.0)));
        left.params.retain(|param| param.key() != Key::Border);
    }
    let has = |switch| [&component, apply].iter().any(|at| at.flags().is_some_and(|flags| flags.has(switch)));
    if has(Switch::TextNoTrim) {
        set("trim", json!(false));
    }
    let fits = matches!(component.param(Key::Crop), Some(Param::Crop(Crop::Fit)));
    if fits {
        let (width, height) = (pixels(component.param(Key::Width)), pixels(component.param(Key::Height)));
        set("max_width", json!(width));
        set("max_height", json!(height));
        let overflow = match (has(Switch::TextDisallowOverflow), height) {
            (true, _) => "refuse",
            (false, Some(_)) => "ellipsis",
            (false, None) => "visible",
        };
        set("overflow", overflow.into());
    }
    step.params.retain(|_, value| !value.is_null());
    picture.steps.push(step);
    let Some(own) = own else { return Ok(()) };
    let mut own = own.clone();
    if fits {
        (own.resize, own.layout) = (None, None);
    }
    picture.steps.extend(resize::resize(&own).map_err(within)?);
    // Effects of a text may take its colour.
    picture.steps.extend(effect::effects(&own).map_err(within)?);
    picture.steps.extend(finish::finish(&left).map_err(within)?);
    Ok(())
}

fn plain(color: &Color) -> Option<String> {
    color::text(color)
}

fn pixels(side: Option<&Param>) -> Option<u32> {
    match side? {
        Param::Width(Dimension::Value(value)) | Param::Height(Dimension::Value(value)) => {
            value.as_number().map(|number| number.value().round().clamp(1.0, 65_535.0) as u32)
        }
        _ => None,
    }
}

/// The parameters that the style tells.
fn font(style: &FontStyle, text: &Text) -> Result<Value, Error> {
    let number = |measure: &Measure, least: f64, most: f64| match measure {
        Measure::Number(number) => Ok(number.value().clamp(least, most)),
        Measure::Variable(name) => Err(Error::new("overlay", format!("${name}"), "a number")),
    };
    let whole = |value: Decimal| value.value();
    if let Measure::Number(size) = style.size
        && !(1.0..=2000.0).contains(&whole(size))
    {
        return Err(Error::new("overlay", size.to_string(), "a font size of 1 to 2000 pixels"));
    }
    if [".ttf", ".otf", ".woff", ".woff2"].iter().any(|end| style.family.to_ascii_lowercase().ends_with(end)) {
        return Err(Error::new("overlay", style.family.clone(), "the name of a font, not a stored font file"));
    }
    let words: String = text
        .0
        .iter()
        .map(|part| match part {
            TextPart::Literal(words) => words.as_str(),
            TextPart::Variable(_) => "",
        })
        .collect();
    let spacing = |measure: &Option<Measure>, least: f64| {
        measure.as_ref().map(|measure| number(measure, least, 1000.0)).transpose()
    };
    Ok(json!({
        "text": words,
        "font": style.family,
        "size_px": number(&style.size, 1.0, 2000.0)?,
        "weight": style.weight.map(|weight| match weight {
            Weight::Normal => 400,
            Weight::Bold => 700,
            Weight::Thin => 100,
            Weight::Light => 300,
        }),
        "style": style.italic.then_some("italic"),
        "decoration": style.decoration.map(|decoration| decoration.word()),
        "align": style.align.map(|align| align.word()),
        "letter_spacing_px": spacing(&style.letter_spacing, -100.0)?,
        "line_spacing_px": spacing(&style.line_spacing, -1000.0)?,
        "antialias": style.antialias.map(|antialias| antialias != Antialias::None),
        "hinting": style.hinting.map(|hinting| hinting.word()),
    }))
}
