//! Effect to text.

use std::fmt::{self, Display};

use super::{CartoonFill, Effect};

impl Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(plain) => plain.fmt(f),
            Self::Level(level, value) => {
                level.fmt(f)?;
                optional(f, value)
            }
            Self::LinearContrast(level) => write!(f, "contrast:linear_{level}"),
            Self::Improve { mode, blend } => {
                f.write_str("improve")?;
                optional(f, mode)?;
                optional(f, blend)
            }
            Self::FillLight { blend, bias } => {
                f.write_str("fill_light")?;
                optional(f, blend)?;
                optional(f, bias)
            }
            Self::Tint { equalize, amount, stops } => {
                f.write_str(if *equalize { "tint:equalize" } else { "tint" })?;
                optional(f, amount)?;
                for stop in stops {
                    write!(f, ":{}", stop.color)?;
                    optional(f, &stop.position)?;
                }
                Ok(())
            }
            Self::ReplaceColor { to, tolerance, from } => {
                write!(f, "replace_color:{}", to.bare())?;
                optional(f, tolerance)?;
                match from {
                    // Without a tolerance before it, such a colour would be one.
                    Some(from) if tolerance.is_none() && from.looks_like_number() => write!(f, ":{from}"),
                    Some(from) => write!(f, ":{}", from.bare()),
                    None => Ok(()),
                }
            }
            Self::Recolor(numbers) => {
                f.write_str("recolor")?;
                numbers.iter().try_for_each(|number| write!(f, ":{number}"))
            }
            Self::BgRemoval { screen, color } => {
                f.write_str(if *screen { "bgremoval:screen" } else { "bgremoval" })?;
                optional(f, color)
            }
            Self::Trim { tolerance, color } => {
                f.write_str("trim")?;
                optional(f, tolerance)?;
                optional(f, color)
            }
            Self::Cartoonify { line, fill } => {
                f.write_str("cartoonify")?;
                optional(f, line)?;
                match fill {
                    Some(CartoonFill::BlackWhite) => f.write_str(":bw"),
                    Some(CartoonFill::Reduction(number)) => write!(f, ":{number}"),
                    None => Ok(()),
                }
            }
            Self::Outline { mode, width, blur } => {
                f.write_str("outline")?;
                optional(f, mode)?;
                optional(f, width)?;
                optional(f, blur)
            }
            Self::Dropshadow { azimuth, elevation, spread } => {
                f.write_str("dropshadow")?;
                let mut separator = ":";
                for (name, value) in [("azimuth", azimuth), ("elevation", elevation), ("spread", spread)] {
                    if let Some(value) = value {
                        write!(f, "{separator}{name}_{value}")?;
                        separator = ";";
                    }
                }
                Ok(())
            }
            Self::GradientFade { mode, strength } => {
                f.write_str("gradient_fade")?;
                optional(f, mode)?;
                optional(f, strength)
            }
            Self::Distort(corners) => {
                f.write_str("distort")?;
                corners.iter().try_for_each(|number| write!(f, ":{number}"))
            }
            Self::DistortArc(degrees) => write!(f, "distort:arc:{degrees}"),
            Self::Shear(x, y) => write!(f, "shear:{x}:{y}"),
            Self::AssistColorblind(stripes) => {
                f.write_str("assist_colorblind")?;
                optional(f, stripes)
            }
            Self::AssistColorblindXray => f.write_str("assist_colorblind:xray"),
            Self::SimulateColorblind(kind) => {
                f.write_str("simulate_colorblind")?;
                optional(f, kind)
            }
            Self::Art(filter) => write!(f, "art:{filter}"),
        }
    }
}

fn optional<T: Display>(f: &mut fmt::Formatter<'_>, value: &Option<T>) -> fmt::Result {
    value.as_ref().map_or(Ok(()), |value| write!(f, ":{value}"))
}
