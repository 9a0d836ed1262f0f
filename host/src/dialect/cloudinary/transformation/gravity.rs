//! What a cut keeps and where a layer stands.

use std::fmt;

use super::{
    Expected,
    words::{Word, words},
};

words! {
    /// A side, a corner or the middle.
    pub enum Compass {
        /// Top left.
        NorthWest = "north_west",
        /// Top.
        North = "north",
        /// Top right.
        NorthEast = "north_east",
        /// Left.
        West = "west",
        /// Middle.
        Center = "center",
        /// Right.
        East = "east",
        /// Bottom left.
        SouthWest = "south_west",
        /// Bottom.
        South = "south",
        /// Bottom right.
        SouthEast = "south_east",
    }
}

words! {
    /// Something to be found in the image, or a point told otherwise.
    pub enum Focus {
        /// `x` and `y` are the middle of the cut.
        XyCenter = "xy_center",
        /// The first stored coordinates.
        Custom = "custom",
        /// All stored coordinates.
        Customs = "customs",
        /// The largest face.
        Face = "face",
        /// All faces.
        Faces = "faces",
        /// The most interesting part.
        Auto = "auto",
        /// Seam carving.
        Liquid = "liquid",
        /// A face, found by an add-on.
        AdvFace = "adv_face",
        /// Faces, found by an add-on.
        AdvFaces = "adv_faces",
        /// Eyes, found by an add-on.
        AdvEyes = "adv_eyes",
        /// A body.
        Body = "body",
        /// Text.
        OcrText = "ocr_text",
        /// Follows a person through a video.
        TrackPerson = "track_person",
        /// A person.
        Person = "person",
        /// A bird.
        Bird = "bird",
        /// A cat.
        Cat = "cat",
        /// A dog.
        Dog = "dog",
        /// A bottle.
        Bottle = "bottle",
        /// A car.
        Car = "car",
    }
}

/// What a cut keeps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Gravity {
    /// A side or corner.
    Compass(Compass),
    /// Something in the image, with further words: what else when it is not there (`face:center`),
    /// or what to prefer (`auto:subject`).
    Focus(Focus, Vec<String>),
}

impl Gravity {
    /// Reads the value of `g`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        if let Some(compass) = Compass::from_word(text) {
            return Ok(Self::Compass(compass));
        }
        let expected = || {
            let words: Vec<_> = Compass::list().into_iter().chain(Focus::list()).collect();
            Expected::new(format!("one of {}", words.join(", ")))
        };
        let mut words = text.split(':');
        let focus = words.next().and_then(Focus::from_word).ok_or_else(expected)?;
        let words: Vec<String> = words.map(str::to_owned).collect();
        if words.len() <= 8 && words.iter().all(|word| plain_word(word)) {
            Ok(Self::Focus(focus, words))
        } else {
            Err(Expected::new(format!("up to 8 plain words joined by colons after \"{focus}\"")))
        }
    }
}

/// A word of letters, digits, underscores and hyphens.
pub(super) fn plain_word(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=64).contains(&word.len()) && word.bytes().all(plain)
}

impl fmt::Display for Gravity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compass(compass) => compass.fmt(f),
            Self::Focus(focus, words) => {
                focus.fmt(f)?;
                words.iter().try_for_each(|word| write!(f, ":{word}"))
            }
        }
    }
}
