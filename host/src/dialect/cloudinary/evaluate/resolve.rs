//! Parameters with all variables and expressions replaced by their values.

use super::{
    super::transformation::{
        Angle, Angles, AspectRatio, Background, Border, Color, Corner, Decimal, Dimension, Dpr, Effect, Error,
        Expression, FontStyle, FrameRate, Key, Layer, LayerId, Measure, PageItem, Pages, Param, Piece, Quality, Radius,
        Sampling, Style, Text, TextPart, Time, TintStop,
    },
    value::Scope,
};

/// Bytes of a text with its variables, at most.
const MAX_TEXT: usize = 4096;

impl Scope<'_> {
    /// The parameter with its values.
    pub(super) fn param(&self, param: &Param) -> Result<Param, Error> {
        let key = param.key();
        let constant = |expression: &Expression| self.number(expression).map(Expression::number);
        let length = |expression: &Expression| self.length(expression).map(Expression::number);
        let side = |side: &Dimension| {
            Ok::<_, Error>(match side {
                Dimension::Value(value) => Dimension::Value(Expression::number(positive(key, length(value)?, value)?)),
                Dimension::Auto(auto) => Dimension::Auto(auto.clone()),
            })
        };
        let time = |time: &Time| match time {
            Time::Seconds(seconds) => constant(seconds).map(Time::Seconds),
            other => Ok(other.clone()),
        };
        Ok(match param {
            Param::Angle(angles) => {
                let angle = |angle: &Angle| match angle {
                    Angle::Degrees(degrees) => constant(degrees).map(Angle::Degrees),
                    Angle::Turn(turn) => Ok(Angle::Turn(*turn)),
                };
                Param::Angle(Angles(angles.0.iter().map(angle).collect::<Result<_, _>>()?))
            }
            Param::AspectRatio(AspectRatio::Ratio(width, height)) => {
                let (width, height) = (above_zero(key, constant(width)?)?, above_zero(key, constant(height)?)?);
                Param::AspectRatio(AspectRatio::Ratio(width, height))
            }
            Param::AspectRatio(AspectRatio::Value(value)) => {
                Param::AspectRatio(AspectRatio::Value(above_zero(key, constant(value)?)?))
            }
            Param::Background(Background::Color(color)) => {
                Param::Background(Background::Color(self.color(key, color)?))
            }
            Param::Border(border) => {
                Param::Border(Border { width: border.width, color: self.color(key, &border.color)? })
            }
            Param::Color(color) => Param::Color(self.color(key, color)?),
            Param::Delay(value) => Param::Delay(in_range(key, constant(value)?, 0.0, 1e6)?),
            Param::Density(value) => Param::Density(in_range(key, constant(value)?, 1.0, 5000.0)?),
            Param::Dpr(Dpr::Value(value)) => Param::Dpr(Dpr::Value(in_range(key, constant(value)?, 0.01, 100.0)?)),
            Param::Duration(value) => Param::Duration(time(value)?),
            Param::Effect(effect) => Param::Effect(self.effect(effect)?),
            Param::EndOffset(value) => Param::EndOffset(time(value)?),
            Param::FrameRate(rate) => Param::FrameRate(match rate {
                FrameRate::Exactly(rate) => FrameRate::Exactly(constant(rate)?),
                FrameRate::Between(least, most) => FrameRate::Between(constant(least)?, constant(most)?),
                FrameRate::AtLeast(rate) => FrameRate::AtLeast(constant(rate)?),
                FrameRate::AtMost(rate) => FrameRate::AtMost(constant(rate)?),
            }),
            Param::Height(height) => Param::Height(side(height)?),
            Param::Width(width) => Param::Width(side(width)?),
            Param::KeyframeInterval(value) => Param::KeyframeInterval(constant(value)?),
            Param::Overlay(layer) => Param::Overlay(self.layer(layer)?),
            Param::Underlay(layer) => Param::Underlay(self.layer(layer)?),
            Param::Opacity(value) => Param::Opacity(in_range(key, constant(value)?, 0.0, 100.0)?),
            Param::Page(Pages::List(items)) => {
                let item = |item: &PageItem| match item {
                    PageItem::One(page) => Ok(PageItem::One(in_range(key, length(page)?, 1.0, 100_000.0)?)),
                    range => Ok(range.clone()),
                };
                Param::Page(Pages::List(items.iter().map(item).collect::<Result<_, Error>>()?))
            }
            Param::Quality(Quality::Value { quality, chroma, qmax }) => Param::Quality(Quality::Value {
                quality: in_range(key, constant(quality)?, 0.0, 100.0)?,
                chroma: *chroma,
                qmax: qmax.as_ref().map(constant).transpose()?,
            }),
            Param::Radius(radius) => {
                let corner = |corner: &Corner| match corner {
                    Corner::Max => Ok(Corner::Max),
                    Corner::Radius(radius) => in_range(key, constant(radius)?, 0.0, 1e6).map(Corner::Radius),
                };
                Param::Radius(Radius(radius.0.iter().map(corner).collect::<Result<_, _>>()?))
            }
            Param::StartOffset(value) => Param::StartOffset(time(value)?),
            Param::VideoSampling(Sampling::Frames(frames)) => Param::VideoSampling(Sampling::Frames(constant(frames)?)),
            Param::X(value) => Param::X(in_range(key, length(value)?, -1e6, 1e6)?),
            Param::Y(value) => Param::Y(in_range(key, length(value)?, -1e6, 1e6)?),
            Param::Zoom(value) => Param::Zoom(above_zero(key, constant(value)?)?),
            Param::Deferred(key, pieces) => self.deferred(*key, pieces)?,
            other => other.clone(),
        })
    }

    fn deferred(&self, key: Key, pieces: &[Piece]) -> Result<Param, Error> {
        let mut words = Vec::new();
        for piece in pieces {
            words.push(match piece {
                Piece::Word(word) => word.clone(),
                Piece::Value(value) => self.value(value)?.text(),
            });
        }
        let text = words.join(":");
        match Param::parse(key, &text) {
            Ok(Param::Deferred(..)) => Err(Error::new(key.title(), text, "a value without variables")),
            Ok(param) => self.param(&param),
            Err(error) => Err(Error::new(key.title(), text, error.to_string())),
        }
    }

    fn color(&self, key: Key, color: &Color) -> Result<Color, Error> {
        let Color::Variable(name) = color else {
            return Ok(color.clone());
        };
        let text = self.variable(name)?.text();
        match Color::parse(&text) {
            Ok(Color::Variable(_)) => Err(Error::new(key.title(), text, "a colour without variables")),
            Ok(color) => Ok(color),
            Err(error) => Err(Error::new(key.title(), text, error.to_string())),
        }
    }

    fn effect(&self, effect: &Effect) -> Result<Effect, Error> {
        let color = |color: &Color| self.color(Key::Effect, color);
        Ok(match effect {
            Effect::Tint { equalize, amount, stops } => {
                let stop =
                    |stop: &TintStop| Ok::<_, Error>(TintStop { color: color(&stop.color)?, position: stop.position });
                let stops = stops.iter().map(stop).collect::<Result<_, _>>()?;
                Effect::Tint { equalize: *equalize, amount: *amount, stops }
            }
            Effect::ReplaceColor { to, tolerance, from } => Effect::ReplaceColor {
                to: color(to)?,
                tolerance: *tolerance,
                from: from.as_ref().map(color).transpose()?,
            },
            Effect::BgRemoval { screen, color: given } => {
                Effect::BgRemoval { screen: *screen, color: given.as_ref().map(color).transpose()? }
            }
            Effect::Trim { tolerance, color: given } => {
                Effect::Trim { tolerance: *tolerance, color: given.as_ref().map(color).transpose()? }
            }
            other => other.clone(),
        })
    }

    fn layer(&self, layer: &Layer) -> Result<Layer, Error> {
        Ok(match layer {
            Layer::Asset { video, delivery, id } => {
                Layer::Asset { video: *video, delivery: *delivery, id: self.layer_id(id)? }
            }
            Layer::Text { style, text } => Layer::Text { style: self.style(style)?, text: self.words(text)? },
            Layer::Subtitles { style, id } => Layer::Subtitles {
                style: style.as_ref().map(|style| self.font(style)).transpose()?,
                id: self.layer_id(id)?,
            },
            Layer::Lut(id) => Layer::Lut(self.layer_id(id)?),
            other @ (Layer::Fetch { .. } | Layer::TextAsset(_)) => other.clone(),
        })
    }

    fn layer_id(&self, id: &LayerId) -> Result<LayerId, Error> {
        match id {
            LayerId::Variable(name) => {
                let id = self.variable(name)?.text().replace(':', "/");
                if id.is_empty() {
                    Err(Error::new("overlay", format!("${name}"), "a public id"))
                } else {
                    Ok(LayerId::Public(id))
                }
            }
            other => Ok(other.clone()),
        }
    }

    fn style(&self, style: &Style) -> Result<Style, Error> {
        match style {
            Style::Variable(name) => {
                let text = self.variable(name)?.text();
                match Style::parse(&text) {
                    Ok(Style::Variable(_)) => Err(Error::new("overlay", text, "a style without variables")),
                    Ok(style) => self.style(&style),
                    Err(error) => Err(Error::new("overlay", text, error.to_string())),
                }
            }
            Style::Font(font) => Ok(Style::Font(Box::new(self.font(font)?))),
            Style::Asset(id) => Ok(Style::Asset(id.clone())),
        }
    }

    fn font(&self, font: &FontStyle) -> Result<FontStyle, Error> {
        let measure = |measure: &Measure| match measure {
            Measure::Number(number) => Ok(Measure::Number(*number)),
            Measure::Variable(name) => {
                let text = self.variable(name)?.text();
                Decimal::parse(&text).map(Measure::Number).ok_or_else(|| Error::new("overlay", text, "a number"))
            }
        };
        let family = match font.family.strip_prefix('$') {
            Some(name) => self.variable(name)?.text(),
            None => font.family.clone(),
        };
        Ok(FontStyle {
            family,
            size: measure(&font.size)?,
            letter_spacing: font.letter_spacing.as_ref().map(measure).transpose()?,
            line_spacing: font.line_spacing.as_ref().map(measure).transpose()?,
            ..font.clone()
        })
    }

    fn words(&self, text: &Text) -> Result<Text, Error> {
        let mut words = String::new();
        for part in &text.0 {
            match part {
                TextPart::Literal(literal) => words.push_str(literal),
                TextPart::Variable(name) => words.push_str(&self.variable(name)?.text()),
            }
        }
        if words.is_empty() || words.len() > MAX_TEXT {
            return Err(Error::new("overlay", words, format!("text of 1 to {MAX_TEXT} bytes")));
        }
        Ok(Text(vec![TextPart::Literal(words)]))
    }
}

fn in_range(key: Key, value: Expression, least: f64, most: f64) -> Result<Expression, Error> {
    let number = value.as_number().map(Decimal::value);
    if number.is_some_and(|number| (least..=most).contains(&number)) {
        Ok(value)
    } else {
        Err(Error::new(key.title(), value.to_string(), format!("{least} to {most}")))
    }
}

fn above_zero(key: Key, value: Expression) -> Result<Expression, Error> {
    if value.as_number().is_some_and(|number| number.value() > 0.0) {
        Ok(value)
    } else {
        Err(Error::new(key.title(), value.to_string(), "a number above zero"))
    }
}

/// Sides are not negative; what was written is told.
fn positive(key: Key, value: Expression, written: &Expression) -> Result<Decimal, Error> {
    value
        .as_number()
        .filter(|number| (0.0..=1e6).contains(&number.value()))
        .ok_or_else(|| Error::new(key.title(), format!("{written} = {value}"), "0 to 1000000 pixels"))
}
