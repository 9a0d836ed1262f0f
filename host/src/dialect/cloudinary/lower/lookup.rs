//! What a transformation refers to, looked up beforehand.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use super::super::{
    evaluate::{Library, Measured},
    geometry::Size,
    transformation::{Background, Color, Delivery, FontStyle, Layer, LayerId, Transformation},
};
use crate::job::ImageSource;

/// What steps are made of beside the transformation.
pub trait Assets {
    /// Where the picture of a layer comes from; none when there is no such asset. Not asked for texts that are
    /// written out.
    fn image(&self, layer: &Layer) -> Option<ImageSource>;
    /// The text of a raw asset: a table of colours.
    fn table(&self, id: &str) -> Option<String>;
    /// The style of a text that was made before.
    fn style(&self, id: &str) -> Option<TextStyle>;
    /// The SHA-256 of a stored component, in lower-case hex.
    fn component(&self, id: &str) -> Option<String>;
}

/// How a text looks that was made before.
#[derive(Clone, Debug, PartialEq)]
pub struct TextStyle {
    /// Its font.
    pub font: FontStyle,
    /// The letters' colour.
    pub color: Option<Color>,
    /// What is behind them.
    pub background: Option<Background>,
}

/// Something to look up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// A named transformation.
    Named(String),
    /// An image by its way of delivery (`upload`, `private`, `authenticated`, `text`) and its public id, which may
    /// end with an extension that is no part of it.
    Image(&'static str, String),
    /// The text of a raw asset: a table of colours.
    Table(String),
    /// The style of the text asset with this public id.
    Style(String),
    /// A component: a raw asset of type `authenticated`.
    Component(String),
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// For [`Missing::Named`].
    Named(Transformation),
    /// For [`Missing::Image`]: where the bytes are, and the size.
    Image(ImageSource, Size),
    /// For [`Missing::Table`]: its text.
    Table(String),
    /// For [`Missing::Style`].
    Style(TextStyle),
    /// For [`Missing::Component`]: the SHA-256 of its bytes.
    Component(String),
    /// There is none.
    Nothing,
}

/// What was looked up so far, and what is still to be.
#[derive(Debug, Default)]
pub struct Lookup {
    known: BTreeMap<Missing, Found>,
    asked: RefCell<BTreeSet<Missing>>,
}

impl Lookup {
    /// What was asked for and not known since the last call. When it is empty the last answer stands.
    pub fn missing(&mut self) -> Vec<Missing> {
        std::mem::take(self.asked.get_mut()).into_iter().collect()
    }

    /// Says what was found.
    pub fn insert(&mut self, what: Missing, found: Found) {
        self.known.insert(what, found);
    }

    /// Everything that was found, to be kept with a job.
    pub fn known(&self) -> impl Iterator<Item = (&Missing, &Found)> {
        self.known.iter()
    }

    fn get(&self, what: Missing) -> Option<&Found> {
        let found = self.known.get(&what);
        if found.is_none() {
            self.asked.borrow_mut().insert(what);
        }
        found
    }
}

/// What an asset layer is looked up by; none for layers that are no stored images.
fn image_of(layer: &Layer) -> Option<Missing> {
    match layer {
        Layer::Asset { video: false, delivery, id: LayerId::Public(id) } => {
            let delivery = match delivery {
                Delivery::Upload => "upload",
                Delivery::Private => "private",
                Delivery::Authenticated => "authenticated",
            };
            Some(Missing::Image(delivery, id.clone()))
        }
        Layer::TextAsset(id) => Some(Missing::Image("text", id.clone())),
        _ => None,
    }
}

/// The size of what has none of its own and changes none.
const POINT: Size = Size::new(1, 1);

impl Library for Lookup {
    fn named(&self, name: &str) -> Option<Transformation> {
        match self.get(Missing::Named(name.to_owned())) {
            Some(Found::Named(transformation)) => Some(transformation.clone()),
            _ => None,
        }
    }

    fn measure(&self, layer: &Layer) -> Measured {
        match (layer, image_of(layer)) {
            (_, Some(image)) => match self.get(image) {
                Some(Found::Image(_, size)) => Measured::Size(*size),
                Some(_) => Measured::Missing,
                None => Measured::Later,
            },
            (Layer::Text { .. } | Layer::Fetch { video: false, .. }, _) => Measured::Later,
            // Tables change no size; the others are refused when they are lowered.
            _ => Measured::Size(POINT),
        }
    }
}

impl Assets for Lookup {
    fn image(&self, layer: &Layer) -> Option<ImageSource> {
        match self.get(image_of(layer)?) {
            Some(Found::Image(source, _)) => Some(source.clone()),
            _ => None,
        }
    }

    fn table(&self, id: &str) -> Option<String> {
        match self.get(Missing::Table(id.to_owned())) {
            Some(Found::Table(text)) => Some(text.clone()),
            _ => None,
        }
    }

    fn style(&self, id: &str) -> Option<TextStyle> {
        match self.get(Missing::Style(id.to_owned())) {
            Some(Found::Style(style)) => Some(style.clone()),
            _ => None,
        }
    }

    fn component(&self, id: &str) -> Option<String> {
        match self.get(Missing::Component(id.to_owned())) {
            Some(Found::Component(sha256)) => Some(sha256.clone()),
            _ => None,
        }
    }
}
