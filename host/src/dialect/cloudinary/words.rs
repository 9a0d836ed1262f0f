//! Parameters of `text`: a text and how it looks, as the layer that writes it.

use super::{
    escape,
    lower::TextStyle,
    params::{Form, ParamError},
    transformation::{FontStyle, Layer, Node, Param, Style, Transformation},
};

/// Bytes of a text, at most.
const MAX_TEXT: usize = 1000;

/// A text and how it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    text: String,
    /// `Arial_12_bold`
    font: String,
    color: Option<String>,
    background: Option<String>,
    opacity: Option<u64>,
}

impl Words {
    /// Reads the fields of a call.
    ///
    /// # Errors
    /// A missing or too long text; words of a style that are none.
    pub fn read(form: &Form) -> Result<Words, ParamError> {
        let missing = || ParamError::Message("Missing required parameter - text".to_owned());
        let text = form.text("text").ok_or_else(missing)?.to_owned();
        let invalid = |field: &'static str, value: &str, expected: &str| ParamError::Invalid {
            field,
            value: value.to_owned(),
            expected: expected.to_owned(),
        };
        if text.len() > MAX_TEXT {
            return Err(invalid("text", &text, &format!("at most {MAX_TEXT} bytes")));
        }
        let family = form.text("font_family").unwrap_or("Arial");
        let plain = |word: &str| word.chars().all(|character| character.is_alphanumeric() || " -.".contains(character));
        if !plain(family) {
            return Err(invalid("font_family", family, "letters, digits, spaces, - and ."));
        }
        let size = form.whole("font_size")?.unwrap_or(12);
        let mut font =
            format!("{}_{size}", escape::encode(family, |byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)));
        for field in ["font_weight", "font_style", "text_decoration", "text_align"] {
            if let Some(word) = form.text(field) {
                if !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
                    return Err(invalid(field_name(field), word, "a lower-case word"));
                }
                // What is usual needs no word.
                if !matches!(word, "normal" | "none") {
                    font.push_str(&format!("_{word}"));
                }
            }
        }
        for (field, word) in [("letter_spacing", "letter_spacing"), ("line_spacing", "line_spacing")] {
            if let Some(value) = form.text(field) {
                let number: i64 = value.parse().map_err(|_| invalid(field_name(field), value, "a whole number"))?;
                font.push_str(&format!("_{word}_{number}"));
            }
        }
        let color = |field: &'static str| form.text(field).map(|value| color(field, value)).transpose();
        Ok(Words {
            text,
            font,
            color: color("font_color")?,
            background: color("background")?,
            opacity: form.whole("opacity")?,
        })
    }

    /// The transformation that writes the text onto nothing.
    pub fn transformation(&self) -> String {
        let once = escape::encode(&self.text, |byte| byte.is_ascii_alphanumeric());
        let mut text = format!("l_text:{}:{}", self.font, once.replace('%', "%25"));
        for (key, color) in [("co", &self.color), ("b", &self.background)] {
            if let Some(color) = color {
                text.push_str(&format!(",{key}_{color}"));
            }
        }
        if let Some(opacity) = self.opacity {
            text.push_str(&format!(",o_{}", opacity.min(100)));
        }
        text
    }

    /// How other texts are written like this one: font, colour and background, parted by `,`.
    pub fn style(&self) -> String {
        let mut style = self.font.clone();
        for (key, color) in [("co", &self.color), ("b", &self.background)] {
            if let Some(color) = color {
                style.push_str(&format!(",{key}_{color}"));
            }
        }
        style
    }
}

/// Reads a style as [`Words::style`] writes it: it is that of a layer.
pub fn style(text: &str) -> Option<TextStyle> {
    let (font, rest) = text.split_once(',').map_or((text, ""), |(font, rest)| (font, rest));
    let separator = if rest.is_empty() { "" } else { "," };
    let transformation = Transformation::parse(&format!("l_text:{font}:x{separator}{rest}")).ok()?;
    let component = transformation.nodes.iter().find_map(|node| match node {
        Node::Layer { open, .. } => Some(open),
        Node::Apply(component) => Some(component),
        _ => None,
    })?;
    let mut found = TextStyle { font: font_of(component.layer()?.0)?, color: None, background: None };
    for param in &component.params {
        match param {
            Param::Color(color) => found.color = Some(color.clone()),
            Param::Background(background) => found.background = Some(background.clone()),
            _ => {}
        }
    }
    Some(found)
}

fn font_of(layer: &Layer) -> Option<FontStyle> {
    match layer {
        Layer::Text { style: Style::Font(font), .. } => Some((**font).clone()),
        _ => None,
    }
}

fn field_name(field: &str) -> &'static str {
    match field {
        "font_weight" => "font_weight",
        "font_style" => "font_style",
        "text_decoration" => "text_decoration",
        "text_align" => "text_align",
        "letter_spacing" => "letter_spacing",
        _ => "line_spacing",
    }
}

/// `#ff0000` or a name, as transformations write colours.
fn color(field: &'static str, value: &str) -> Result<String, ParamError> {
    let (digits, prefix) = match value.strip_prefix('#').or_else(|| value.strip_prefix("rgb:")) {
        Some(digits) => (digits, "rgb:"),
        None => (value, ""),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let expected = "#rrggbb or the name of a colour".to_owned();
        return Err(ParamError::Invalid { field, value: value.to_owned(), expected });
    }
    Ok(format!("{prefix}{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_layer() {
        let words = |fields: &[(&str, &str)]| Words::read(&Form::new(fields.iter().copied()));
        let plain = words(&[("text", "Hi, a/b!")]).unwrap();
        assert_eq!(plain.transformation(), "l_text:Arial_12:Hi%252C%2520a%252Fb%2521");
        let styled = words(&[
            ("text", "x"),
            ("font_family", "Open Sans"),
            ("font_size", "30"),
            ("font_weight", "bold"),
            ("font_style", "normal"),
            ("font_color", "#ff0000"),
            ("background", "white"),
            ("opacity", "50"),
        ]);
        let styled = styled.unwrap();
        assert_eq!(styled.transformation(), "l_text:Open%20Sans_30_bold:x,co_rgb:ff0000,b_white,o_50");
        assert_eq!(styled.style(), "Open%20Sans_30_bold,co_rgb:ff0000,b_white");
        for words in [&plain, &styled] {
            Transformation::parse(&words.transformation()).unwrap();
        }
        for wrong in [vec![], vec![("text", "x"), ("font_color", "a,b")], vec![("text", "x"), ("font_family", "a_b")]] {
            assert!(words(&wrong).is_err(), "{wrong:?}");
        }
    }
}
