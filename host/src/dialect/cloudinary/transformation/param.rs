//! One parameter of a component: `w_100`.

use std::fmt::{self, Display as _};

use super::{
    Angles, AspectRatio, Background, BitRate, Border, Color, ColorSpace, Crop, Dimension, Dpr, Effect, Expected,
    Expression, Flags, Format, FrameRate, Function, Gravity, Layer, Pages, Quality, Radius, Sampling, Time, Words,
    gravity::plain_word,
    layer::{printed_id, public_id},
    words::{join, word},
};
use crate::dialect::cloudinary::escape;

/// Declares the parameters: variant, key, name in messages, type, how it is read, and whether
/// percent-escapes are left for the reader. In the order in which they are printed.
macro_rules! params {
    ($($(#[$doc:meta])* $variant:ident $key:literal $title:literal $type:ty, $read:expr, $escapes:expr;)+) => {
        /// The kind of a parameter. Ordered as printed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Key { $($(#[$doc])* $variant,)+ }

        /// A parameter with its value.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Param {
            $($(#[$doc])* $variant($type),)+
            /// A value that is known only when its variables are: `c_$mode`, `e_$name:100`.
            Deferred(Key, Vec<Piece>),
        }

        impl Key {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The kind that a key names.
            pub fn from_text(key: &str) -> Option<Self> {
                match key {
                    $($key => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// The key as written.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $key,)+ }
            }

            /// The name in messages.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            fn reads_escapes(self) -> bool {
                match self { $(Self::$variant => $escapes,)+ }
            }
        }

        impl Param {
            /// Its kind.
            pub fn key(&self) -> Key {
                match self {
                    $(Self::$variant(_) => Key::$variant,)+
                    Self::Deferred(key, _) => *key,
                }
            }

            pub(in crate::dialect::cloudinary) fn read(key: Key, text: &str) -> Result<Self, Expected> {
                match key { $(Key::$variant => ($read)(text).map(Self::$variant),)+ }
            }

            fn print_value(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant(value) => value.fmt(f),)+
                    Self::Deferred(_, pieces) => join(f, pieces, ":"),
                }
            }
        }
    };
}

params! {
    /// Turn.
    Angle "a" "angle" Angles, Angles::parse, false;
    /// Audio codec.
    AudioCodec "ac" "audio codec" Words, Words::parse, false;
    /// Audio rate.
    AudioFrequency "af" "audio frequency" Words, Words::parse, false;
    /// Aspect ratio.
    AspectRatio "ar" "aspect ratio" AspectRatio, AspectRatio::parse, false;
    /// Background.
    Background "b" "background" Background, Background::parse, false;
    /// A named transformation to start from.
    Baseline "bl" "baseline transformation" Id, id, true;
    /// Border.
    Border "bo" "border" Border, Border::parse, false;
    /// Bit rate.
    BitRate "br" "bit rate" BitRate, BitRate::parse, false;
    /// Crop mode.
    Crop "c" "crop" Crop, word, false;
    /// Colour of text, shadows, outlines.
    Color "co" "color" Color, Color::parse, false;
    /// Colour space.
    ColorSpace "cs" "color space" ColorSpace, ColorSpace::parse, true;
    /// The image for missing assets.
    DefaultImage "d" "default image" Id, id, true;
    /// Milliseconds between frames.
    Delay "dl" "delay" Expression, Expression::parse_number, false;
    /// Dots per inch.
    Density "dn" "density" Expression, Expression::parse_number, false;
    /// Device pixel ratio.
    Dpr "dpr" "dpr" Dpr, Dpr::parse, false;
    /// Duration.
    Duration "du" "duration" Time, Time::parse, false;
    /// Effect.
    Effect "e" "effect" Effect, Effect::parse, false;
    /// End.
    EndOffset "eo" "end offset" Time, Time::parse, false;
    /// Format.
    Format "f" "fetch format" Format, Format::parse, false;
    /// Flags.
    Flags "fl" "flag" Flags, Flags::parse, true;
    /// Custom function.
    Function "fn" "custom function" Function, Function::parse, true;
    /// Frame rate.
    FrameRate "fps" "fps" FrameRate, FrameRate::parse, false;
    /// Gravity.
    Gravity "g" "gravity" Gravity, Gravity::parse, false;
    /// Height.
    Height "h" "height" Dimension, Dimension::parse, false;
    /// Seconds between key frames.
    KeyframeInterval "ki" "keyframe interval" Expression, Expression::parse_number, false;
    /// Overlay.
    Overlay "l" "overlay" Layer, Layer::parse, true;
    /// Opacity in percent.
    Opacity "o" "opacity" Expression, percent, false;
    /// Prefix of class names.
    Prefix "p" "prefix" Id, prefix, false;
    /// Pages.
    Page "pg" "page" Pages, Pages::parse, false;
    /// Quality.
    Quality "q" "quality" Quality, Quality::parse, false;
    /// Corner radius.
    Radius "r" "radius" Radius, Radius::parse, false;
    /// Start.
    StartOffset "so" "start offset" Time, Time::parse, false;
    /// Streaming profile.
    StreamingProfile "sp" "streaming profile" Words, Words::parse, false;
    /// Named transformations, in order.
    Named "t" "named transformation" Names, Names::parse, true;
    /// Underlay.
    Underlay "u" "underlay" Layer, Layer::parse, true;
    /// Video codec.
    VideoCodec "vc" "video codec" Words, Words::parse, false;
    /// Video sampling.
    VideoSampling "vs" "video sampling" Sampling, Sampling::parse, false;
    /// Width.
    Width "w" "width" Dimension, Dimension::parse, false;
    /// Offset to the right.
    X "x" "x" Expression, Expression::parse_number, false;
    /// Offset downwards.
    Y "y" "y" Expression, Expression::parse_number, false;
    /// Zoom.
    Zoom "z" "zoom" Expression, positive, false;
}

/// An id or a name, decoded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Id(pub String);

fn id(text: &str) -> Result<Id, Expected> {
    public_id(text).map(Id)
}

fn prefix(text: &str) -> Result<Id, Expected> {
    plain_word(text).then(|| Id(text.to_owned())).ok_or(Expected::new("letters, digits, underscores and hyphens"))
}

fn percent(text: &str) -> Result<Expression, Expected> {
    within(text, |number| (0.0..=100.0).contains(&number), "0 to 100, or an expression")
}

fn positive(text: &str) -> Result<Expression, Expected> {
    within(text, |number| number > 0.0, "a number above 0, or an expression")
}

fn within(text: &str, good: impl Fn(f64) -> bool, words: &'static str) -> Result<Expression, Expected> {
    let value = Expression::parse_number(text).ok();
    let value = value.filter(|value| value.as_number().is_none_or(|number| good(number.value())));
    value.ok_or(Expected::new(words))
}

/// Names of transformations, joined by points.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Names(pub Vec<String>);

impl Names {
    fn parse(text: &str) -> Result<Self, Expected> {
        let names: Vec<String> = text.split('.').map(|name| escape::decode(name).unwrap_or_default()).collect();
        let good = |name: &String| (1..=255).contains(&name.len()) && !name.chars().any(char::is_control);
        if names.len() <= 16 && names.iter().all(good) {
            Ok(Self(names))
        } else {
            Err(Expected::new("up to 16 names joined by points"))
        }
    }
}

/// A piece of a deferred value, between colons.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// A word.
    Word(String),
    /// To be computed.
    Value(Expression),
}

impl Key {
    /// Whether it is about time or sound, which images do not have.
    pub const fn is_of_videos(self) -> bool {
        matches!(
            self,
            Self::AudioCodec
                | Self::AudioFrequency
                | Self::BitRate
                | Self::Duration
                | Self::EndOffset
                | Self::FrameRate
                | Self::KeyframeInterval
                | Self::StartOffset
                | Self::StreamingProfile
                | Self::VideoCodec
                | Self::VideoSampling
        )
    }
}

impl Param {
    /// Reads the value of a parameter.
    pub fn parse(key: Key, text: &str) -> Result<Self, Expected> {
        let decoded = if key.reads_escapes() || text.contains('!') { None } else { escape::decode(text) };
        let text = decoded.as_deref().unwrap_or(text);
        let broken = |text: &str| text.contains([',', '/', '|']) || text.chars().any(char::is_control);
        if text.is_empty() || !key.reads_escapes() && broken(text) {
            return Err(Expected::new("a value"));
        }
        Self::read(key, text).or_else(|error| deferred(key, text).ok_or(error))
    }
}

/// A value that holds variables where they cannot be typed, or expressions among an effect's values.
fn deferred(key: Key, text: &str) -> Option<Param> {
    let simple = !matches!(key, Key::Overlay | Key::Underlay | Key::Function | Key::Flags | Key::Named | Key::Baseline);
    let holds_value = text.contains('$') || key == Key::Effect && text.contains(':');
    if !simple || !holds_value || text.contains('!') {
        return None;
    }
    let piece = |(index, text): (usize, &str)| {
        let computed = text.contains('$') || key == Key::Effect && index > 0;
        match Expression::parse_number(text) {
            Ok(value) if computed && value.as_number().is_none() => Some(Piece::Value(value)),
            _ => {
                let word = plain_word(&text.replace('.', "_"));
                word.then(|| Piece::Word(text.to_owned()))
            }
        }
    };
    let pieces: Vec<Piece> = text.split(':').enumerate().map(piece).collect::<Option<_>>()?;
    pieces.iter().any(|piece| matches!(piece, Piece::Value(_))).then_some(Param::Deferred(key, pieces))
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printed_id(&self.0))
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(|name| escape::encode_value(name, b".")).collect();
        f.write_str(&names.join("."))
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Value(value) => value.fmt(f),
        }
    }
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_", self.key().text())?;
        self.print_value(f)
    }
}
