//! Values that are computed: `iw_div_2`, `$foo_mul_200_div_fc`, `!text!`.

use std::fmt;

use super::{Decimal, Expected, words::words};
use crate::dialect::cloudinary::escape;

/// Operands of one expression, at most.
const MAX_OPERANDS: usize = 32;
/// Characters of one string, at most.
const MAX_TEXT: usize = 1024;

words! {
    /// A fact about the image that an expression can name.
    pub enum Name {
        /// Present width.
        Width = "w",
        /// Present height.
        Height = "h",
        /// Width of the input.
        InitialWidth = "iw",
        /// Height of the input.
        InitialHeight = "ih",
        /// Width of the input, in the oldest spelling.
        OriginalWidth = "ow",
        /// Height of the input, in the oldest spelling.
        OriginalHeight = "oh",
        /// Present aspect ratio.
        AspectRatio = "ar",
        /// Aspect ratio of the input.
        InitialAspectRatio = "iar",
        /// Aspect ratio of the input without its uniform border.
        TrimmedAspectRatio = "tar",
        /// Present page.
        CurrentPage = "cp",
        /// Number of pages.
        PageCount = "pc",
        /// X offset of the page.
        PageX = "px",
        /// Y offset of the page.
        PageY = "py",
        /// Number of faces.
        FaceCount = "fc",
        /// Tags of the asset.
        Tags = "tags",
        /// Likelihood that it is an illustration.
        Illustration = "ils",
        /// Present duration.
        Duration = "du",
        /// Duration of the input.
        InitialDuration = "idu",
        /// Contextual metadata of the asset.
        Context = "ctx",
        /// Structured metadata of the asset.
        Metadata = "md",
    }
}

words! {
    /// Joins the value so far with the next operand. There is no precedence.
    pub enum Operator {
        /// Sum.
        Add = "add",
        /// Difference.
        Sub = "sub",
        /// Product.
        Mul = "mul",
        /// Quotient.
        Div = "div",
        /// Remainder.
        Mod = "mod",
        /// Power.
        Pow = "pow",
    }
}

/// A value within an expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// A number.
    Number(Decimal),
    /// `16:9`, in conditions and definitions.
    Ratio(Decimal, Decimal),
    /// A fact.
    Name(Name),
    /// `$name`, without the sign.
    Variable(String),
    /// `!text!`, decoded; items of a list are parted by colons.
    Text(String),
    /// `ctx:!key!`: a value of the contextual metadata.
    Context(String),
    /// `md:!field!`: a value of the structured metadata.
    Metadata(String),
    /// `ref:!id!`: another asset.
    Reference(String),
}

/// One step after the first operand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Term {
    /// An operator and its right side.
    Binary(Operator, Operand),
    /// `to_f`: the value as a number.
    ToFloat,
    /// `to_i`: the value as a whole number.
    ToInteger,
}

/// Operands and operators, evaluated from left to right.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expression {
    /// The first operand.
    pub first: Operand,
    /// What happens to it.
    pub rest: Vec<Term>,
}

impl Expression {
    /// Just a number.
    pub fn number(value: Decimal) -> Self {
        Self { first: Operand::Number(value), rest: Vec::new() }
    }

    /// The number, when it is no more than one.
    pub fn as_number(&self) -> Option<Decimal> {
        match (&self.first, self.rest.as_slice()) {
            (Operand::Number(number), []) => Some(*number),
            _ => None,
        }
    }

    /// Reads a whole text as an expression.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let mut tokens = Tokens(text);
        let expression = Self::read(&mut tokens)?;
        if tokens.0.is_empty() { Ok(expression) } else { Err(expected()) }
    }

    /// Reads an expression that is a number in the end: no strings alone.
    pub(super) fn parse_number(text: &str) -> Result<Self, Expected> {
        let expression = Self::parse(text)?;
        let text_alone = matches!(expression.first, Operand::Text(_) | Operand::Reference(_));
        // A ratio would be mistaken for two values where they are parted by colons.
        let ratio = |operand: &Operand| matches!(operand, Operand::Ratio(..));
        let later = expression.rest.iter().any(|term| matches!(term, Term::Binary(_, operand) if ratio(operand)));
        if text_alone || later || ratio(&expression.first) { Err(expected()) } else { Ok(expression) }
    }

    /// Reads as many terms as there are, and leaves the rest, without the underscore in front of it.
    pub(super) fn read(tokens: &mut Tokens<'_>) -> Result<Self, Expected> {
        let first = tokens.operand()?;
        let mut rest = Vec::new();
        loop {
            let before = *tokens;
            let token = tokens.next();
            let term = match token {
                Some("to") => match tokens.next() {
                    Some("f") => Term::ToFloat,
                    Some("i") => Term::ToInteger,
                    _ => return Err(expected()),
                },
                Some(word) => match Operator::from_word(word) {
                    Some(operator) => Term::Binary(operator, tokens.operand()?),
                    None => {
                        *tokens = before;
                        break;
                    }
                },
                None => break,
            };
            rest.push(term);
            if rest.len() >= MAX_OPERANDS {
                return Err(Expected::new(format!("an expression of at most {MAX_OPERANDS} operands")));
            }
        }
        Ok(Self { first, rest })
    }
}

fn expected() -> Expected {
    Expected::new("a number or an expression like iw_div_2")
}

/// What is still to be read of an expression: tokens parted by underscores, strings in exclamation marks.
#[derive(Clone, Copy)]
pub(super) struct Tokens<'a>(pub(super) &'a str);

impl<'a> Tokens<'a> {
    /// The next token: up to the next underscore outside a string.
    pub(super) fn next(&mut self) -> Option<&'a str> {
        if self.0.is_empty() {
            return None;
        }
        let mut in_text = false;
        let end = self.0.bytes().position(|byte| {
            in_text ^= byte == b'!';
            byte == b'_' && !in_text
        });
        match end {
            // A trailing underscore is kept, so that it is seen as what does not belong there.
            Some(end) if end + 1 < self.0.len() => {
                let token = &self.0[..end];
                self.0 = &self.0[end + 1..];
                Some(token)
            }
            _ => Some(std::mem::take(&mut self.0)),
        }
    }

    fn operand(&mut self) -> Result<Operand, Expected> {
        let token = self.next().ok_or_else(expected)?;
        if let Some(name) = token.strip_prefix('$') {
            return variable_name(name).map(Operand::Variable);
        }
        if let Some(number) = Decimal::parse(token) {
            return Ok(Operand::Number(number));
        }
        if let Some(name) = Name::from_word(token) {
            return Ok(Operand::Name(name));
        }
        if let Some((width, height)) = token.split_once(':').and_then(|(width, height)| {
            let positive = |text| Decimal::parse(text).filter(|number| number.value() > 0.0);
            positive(width).zip(positive(height))
        }) {
            return Ok(Operand::Ratio(width, height));
        }
        let (kind, text) = token.split_once('!').ok_or_else(expected)?;
        let text = text.strip_suffix('!').filter(|text| !text.contains('!')).ok_or_else(expected)?;
        let text = escape::decode_twice(text).ok_or_else(expected)?;
        if text.len() > MAX_TEXT {
            return Err(Expected::new(format!("a string of at most {MAX_TEXT} bytes")));
        }
        match kind {
            "" => Ok(Operand::Text(text)),
            "ctx:" => Ok(Operand::Context(text)),
            "md:" => Ok(Operand::Metadata(text)),
            "ref:" => Ok(Operand::Reference(text)),
            _ => Err(expected()),
        }
    }
}

/// Checks the name of a variable, given without its sign.
pub(super) fn variable_name(name: &str) -> Result<String, Expected> {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    if first && name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(name.to_owned())
    } else {
        Err(Expected::new("a variable name of letters and digits that starts with a letter"))
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A percent sign is doubly escaped, as the text is decoded twice.
        let quoted = |text: &str| escape::encode_value(text, b"!").replace("%25", "%2525");
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Ratio(width, height) => write!(f, "{width}:{height}"),
            Self::Name(name) => name.fmt(f),
            Self::Variable(name) => write!(f, "${name}"),
            Self::Text(text) => write!(f, "!{}!", quoted(text)),
            Self::Context(key) => write!(f, "ctx:!{}!", quoted(key)),
            Self::Metadata(field) => write!(f, "md:!{}!", quoted(field)),
            Self::Reference(id) => write!(f, "ref:!{}!", quoted(id)),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        for term in &self.rest {
            match term {
                Term::Binary(operator, operand) => write!(f, "_{operator}_{operand}")?,
                Term::ToFloat => f.write_str("_to_f")?,
                Term::ToInteger => f.write_str("_to_i")?,
            }
        }
        Ok(())
    }
}
