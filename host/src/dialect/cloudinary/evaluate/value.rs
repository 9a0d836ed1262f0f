//! Values of expressions and conditions.

use std::collections::BTreeMap;

use super::{super::geometry::Size, Facts};
use crate::dialect::cloudinary::transformation::{
    Comparator, Comparison, Condition, Decimal, Error, Expression, Name, Operand, Operator, Term,
};

/// Decimals that computed numbers keep.
const DECIMALS: u8 = 6;

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// A number; as written, when nothing was computed, so that `0.5` is still a fraction.
    Number(f64, Option<Decimal>),
    /// A text; items of a list are parted by colons.
    Text(String),
    /// A list.
    List(Vec<String>),
}

impl Value {
    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number, _) => Some(*number),
            Self::Text(text) => Decimal::parse(text.trim()).map(Decimal::value),
            Self::List(_) => None,
        }
    }

    /// As text: what stands where a variable is used.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Number(_, Some(decimal)) => decimal.to_string(),
            Self::Number(number, None) => {
                Decimal::nearest(*number, DECIMALS).map_or_else(|| number.to_string(), |decimal| decimal.to_string())
            }
            Self::Text(text) => text.clone(),
            Self::List(items) => items.join(":"),
        }
    }

    fn items(&self) -> Vec<String> {
        match self {
            Self::List(items) => items.clone(),
            other => other.text().split(':').map(str::to_owned).collect(),
        }
    }
}

/// What expressions are computed from.
pub(super) struct Scope<'a> {
    pub(super) facts: &'a Facts,
    /// The present size.
    pub(super) size: Size,
    pub(super) variables: &'a BTreeMap<String, Value>,
}

impl Scope<'_> {
    /// The value of an expression.
    pub(super) fn value(&self, expression: &Expression) -> Result<Value, Error> {
        let problem = |expected: &'static str| Error::new("expression", expression.to_string(), expected);
        let mut value = self.operand(&expression.first)?;
        for term in &expression.rest {
            let left = value.number().ok_or_else(|| problem("numbers on both sides of an operator"))?;
            value = match term {
                Term::ToFloat => match value {
                    Value::Number(..) => value,
                    _ => Value::Number(left, Decimal::parse(value.text().trim())),
                },
                Term::ToInteger => Value::Number(left.trunc(), Decimal::nearest(left.trunc(), 0)),
                Term::Binary(operator, operand) => {
                    let right = self.operand(operand)?.number();
                    let right = right.ok_or_else(|| problem("numbers on both sides of an operator"))?;
                    let result = match operator {
                        Operator::Add => left + right,
                        Operator::Sub => left - right,
                        Operator::Mul => left * right,
                        Operator::Div | Operator::Mod if right == 0.0 => {
                            return Err(problem("a divisor other than zero"));
                        }
                        Operator::Div => left / right,
                        Operator::Mod => left % right,
                        Operator::Pow => left.powf(right),
                    };
                    if !result.is_finite() || result.abs() > 1e12 {
                        return Err(problem("a number of at most twelve digits"));
                    }
                    Value::Number(result, None)
                }
            };
        }
        Ok(value)
    }

    /// The value of an expression that is a number: as written, or computed.
    pub(super) fn number(&self, expression: &Expression) -> Result<Decimal, Error> {
        let value = self.value(expression)?;
        let written = match &value {
            Value::Number(_, written) => *written,
            Value::Text(text) => Decimal::parse(text.trim()),
            Value::List(_) => None,
        };
        let number = written.or_else(|| value.number().and_then(|number| Decimal::nearest(number, DECIMALS)));
        number.ok_or_else(|| Error::new("expression", expression.to_string(), "a number"))
    }

    /// A length: computed ones are whole pixels, so that none is taken for a fraction.
    pub(super) fn length(&self, expression: &Expression) -> Result<Decimal, Error> {
        let number = self.number(expression)?;
        let computed = expression.rest.iter().any(|term| matches!(term, Term::Binary(..)));
        let fact = matches!(expression.first, Operand::Name(_));
        let variable = match &expression.first {
            Operand::Variable(name) => matches!(self.variables.get(name), Some(Value::Number(_, None))),
            _ => false,
        };
        let rounded =
            if computed || fact || variable { Decimal::nearest(number.value().round(), 0) } else { Some(number) };
        rounded.ok_or_else(|| Error::new("expression", expression.to_string(), "a length"))
    }

    fn operand(&self, operand: &Operand) -> Result<Value, Error> {
        let found = |map: &BTreeMap<String, String>, key: &str| Value::Text(map.get(key).cloned().unwrap_or_default());
        Ok(match operand {
            Operand::Number(number) => Value::Number(number.value(), Some(*number)),
            Operand::Ratio(width, height) => Value::Number(width.value() / height.value(), None),
            Operand::Name(name) => self.fact(*name)?,
            Operand::Variable(name) => self.variable(name)?.clone(),
            Operand::Text(text) | Operand::Reference(text) => Value::Text(text.clone()),
            Operand::Context(key) => found(&self.facts.context, key),
            Operand::Metadata(field) => found(&self.facts.metadata, field),
        })
    }

    pub(super) fn variable(&self, name: &str) -> Result<&Value, Error> {
        let value = self.variables.get(name);
        value.ok_or_else(|| Error::new("variable", format!("${name}"), "a variable that is defined before"))
    }

    fn fact(&self, name: Name) -> Result<Value, Error> {
        let facts = self.facts;
        let whole = |number: u32| Ok(Value::Number(f64::from(number), Some(Decimal::whole(number.into()))));
        let number = |number: f64| Ok(Value::Number(number, None));
        let known = |value: Option<f64>| {
            value
                .map(|value| Value::Number(value, None))
                .ok_or_else(|| Error::new("expression", name.to_string(), "a value that is known of this image"))
        };
        match name {
            Name::Width => whole(self.size.width),
            Name::Height => whole(self.size.height),
            Name::InitialWidth | Name::OriginalWidth => whole(facts.size.width),
            Name::InitialHeight | Name::OriginalHeight => whole(facts.size.height),
            Name::AspectRatio => number(self.size.ratio()),
            Name::InitialAspectRatio => number(facts.size.ratio()),
            Name::TrimmedAspectRatio => number(facts.trimmed_aspect_ratio.unwrap_or(facts.size.ratio())),
            Name::CurrentPage => whole(facts.page),
            Name::PageCount => whole(facts.pages),
            Name::PageX => number(facts.page_offset.0),
            Name::PageY => number(facts.page_offset.1),
            Name::FaceCount => whole(facts.faces.len() as u32),
            Name::Tags => Ok(Value::List(facts.tags.clone())),
            Name::Illustration => known(facts.illustration),
            Name::Duration | Name::InitialDuration => known(facts.duration),
            Name::Context | Name::Metadata => Err(Error::new("expression", name.to_string(), format!("{name}:!key!"))),
        }
    }

    /// Whether a condition holds.
    pub(super) fn holds(&self, condition: &Condition) -> Result<bool, Error> {
        for all in &condition.any {
            let mut held = true;
            for comparison in &all.0 {
                held = held && self.compares(comparison)?;
            }
            if held {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn compares(&self, comparison: &Comparison) -> Result<bool, Error> {
        let (left, right) = (self.value(&comparison.left)?, self.value(&comparison.right)?);
        let numbers = left.number().zip(right.number());
        let equal = || match numbers {
            Some((left, right)) => (left - right).abs() < 1e-9,
            None => left.text() == right.text(),
        };
        let ordered =
            || numbers.ok_or_else(|| Error::new("condition", comparison.to_string(), "numbers on both sides"));
        let contained = |all: bool| {
            let list = right.items();
            let items = left.items();
            if all {
                items.iter().all(|item| list.contains(item))
            } else {
                !items.iter().any(|item| list.contains(item))
            }
        };
        Ok(match comparison.comparator {
            Comparator::Eq => equal(),
            Comparator::Ne => !equal(),
            Comparator::Lt => ordered().map(|(left, right)| left < right)?,
            Comparator::Gt => ordered().map(|(left, right)| left > right)?,
            Comparator::Lte => ordered().map(|(left, right)| left <= right)?,
            Comparator::Gte => ordered().map(|(left, right)| left >= right)?,
            Comparator::In => contained(true),
            Comparator::Nin => contained(false),
        })
    }
}
