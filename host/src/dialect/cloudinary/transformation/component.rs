//! One component: parameters joined by commas, with the variables that it defines.

use std::fmt;

use super::{
    Condition, Decimal, Error, Expected, Expression, Flags, Key, Layer, Param, expression::variable_name, flags::Switch,
};

/// Parameters and variables of one component, at most.
const MAX_PARAMS: usize = 64;

/// `$name_<expression>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Definition {
    /// The variable, without its sign.
    pub name: String,
    /// Its value.
    pub value: Expression,
}

/// Parameters that act together, and the variables defined before them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Component {
    /// Variables, in the order written.
    pub variables: Vec<Definition>,
    /// Parameters in canonical order; each kind once, but effects as often as they are written.
    pub params: Vec<Param>,
}

/// What stands first in a component and steers the others.
#[derive(Debug, PartialEq)]
pub(super) enum Head {
    None,
    If(Condition),
    Else,
    End,
}

impl Component {
    /// The components of these parameters, in canonical order.
    pub fn new(variables: Vec<Definition>, mut params: Vec<Param>) -> Self {
        params.sort_by_key(Param::key);
        Self { variables, params }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty() && self.params.is_empty()
    }

    /// The parameter of a kind; the first one of several effects.
    pub fn param(&self, key: Key) -> Option<&Param> {
        self.params.iter().find(|param| param.key() == key)
    }

    /// The number of a parameter that is one, when it is known: `o`, `x`, `y`, `z`, `dl`, `dn`, `ki`.
    pub fn number(&self, key: Key) -> Option<f64> {
        match self.param(key)? {
            Param::Opacity(value)
            | Param::X(value)
            | Param::Y(value)
            | Param::Zoom(value)
            | Param::Delay(value)
            | Param::Density(value)
            | Param::KeyframeInterval(value) => value.as_number().map(Decimal::value),
            _ => None,
        }
    }

    /// The flags, if there are any.
    pub fn flags(&self) -> Option<&Flags> {
        match self.param(Key::Flags) {
            Some(Param::Flags(flags)) => Some(flags),
            _ => None,
        }
    }

    /// Whether it closes a layer.
    pub fn closes_layer(&self) -> bool {
        self.layer().is_none() && self.flags().is_some_and(|flags| flags.has(Switch::LayerApply))
    }

    /// What it lays over or under the image, and whether under.
    pub fn layer(&self) -> Option<(&Layer, bool)> {
        self.params.iter().find_map(|param| match param {
            Param::Overlay(layer) => Some((layer, false)),
            Param::Underlay(layer) => Some((layer, true)),
            _ => None,
        })
    }

    /// Reads a component.
    pub(super) fn parse(text: &str) -> Result<(Head, Self), Error> {
        let mut head = Head::None;
        let mut variables = Vec::new();
        let mut params: Vec<Param> = Vec::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            if variables.len() + params.len() >= MAX_PARAMS {
                return Err(Error::new("component", text, format!("at most {MAX_PARAMS} parameters")));
            }
            let (key, value) = part
                .split_once('_')
                .ok_or_else(|| Error::new("parameter", part, "a key, an underscore and a value").within(text))?;
            if let Some(name) = key.strip_prefix('$') {
                let definition = definition(name, value);
                variables.push(definition.map_err(|error| Error::new("variable", part, error.0).within(text))?);
            } else if key == "if" {
                if head != Head::None {
                    return Err(Error::new("condition", part, "one condition in a component").within(text));
                }
                head = match value {
                    "else" => Head::Else,
                    "end" => Head::End,
                    value => Head::If(
                        Condition::parse(value)
                            .map_err(|error| Error::new("condition", value, error.0).within(text))?,
                    ),
                };
            } else {
                let key = Key::from_text(key)
                    .ok_or_else(|| Error::new("parameter", part, "a known key before the underscore").within(text))?;
                let param =
                    Param::parse(key, value).map_err(|error| Error::new(key.title(), value, error.0).within(text))?;
                add(&mut params, param, value).map_err(|error| error.within(text))?;
            }
        }
        let component = Self::new(variables, params);
        let layers = [Key::Overlay, Key::Underlay].map(|key| component.param(key).is_some());
        if layers == [true, true] {
            return Err(Error::new("component", text, "an overlay or an underlay, not both"));
        }
        Ok((head, component))
    }
}

fn definition(name: &str, value: &str) -> Result<Definition, Expected> {
    Ok(Definition { name: variable_name(name)?, value: Expression::parse(value)? })
}

fn add(params: &mut Vec<Param>, param: Param, value: &str) -> Result<(), Error> {
    let key = param.key();
    match params.iter_mut().find(|other| other.key() == key) {
        None => params.push(param),
        Some(_) if key == Key::Effect => params.push(param),
        Some(Param::Flags(flags)) => {
            if let Param::Flags(more) = param {
                flags.0.extend(more.0);
            }
        }
        Some(_) => return Err(Error::new(key.title(), value, "each parameter once in a component")),
    }
    Ok(())
}

impl fmt::Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}_{}", self.name, self.value)
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for definition in &self.variables {
            write!(f, "{separator}{definition}")?;
            separator = ",";
        }
        for param in &self.params {
            write!(f, "{separator}{param}")?;
            separator = ",";
        }
        Ok(())
    }
}
