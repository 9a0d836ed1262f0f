//! Conditions: `w_gt_100_and_ar_lt_1`.

use std::fmt;

use super::{
    Expected, Expression,
    expression::Tokens,
    words::{join, words},
};

/// Comparisons of one condition, at most.
const MAX_COMPARISONS: usize = 32;

words! {
    /// How two values are compared.
    pub enum Comparator {
        /// Equal.
        Eq = "eq",
        /// Not equal.
        Ne = "ne",
        /// Less.
        Lt = "lt",
        /// Greater.
        Gt = "gt",
        /// Less or equal.
        Lte = "lte",
        /// Greater or equal.
        Gte = "gte",
        /// All items of the left list are in the right one.
        In = "in",
        /// No item of the left list is in the right one.
        Nin = "nin",
    }
}

/// Two values compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Comparison {
    /// The left value.
    pub left: Expression,
    /// How.
    pub comparator: Comparator,
    /// The right value.
    pub right: Expression,
}

/// Comparisons joined by `and`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct All(pub Vec<Comparison>);

/// Groups joined by `or`; `and` binds before `or`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// At least one must hold. Neither the list nor a group is empty.
    pub any: Vec<All>,
}

impl Condition {
    /// Reads the text after `if_`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let mut tokens = Tokens(text);
        let mut any = Vec::new();
        let mut all = Vec::new();
        for _ in 0..MAX_COMPARISONS {
            all.push(comparison(&mut tokens)?);
            match tokens.next() {
                None => {
                    any.push(All(all));
                    return Ok(Self { any });
                }
                Some("and") => {}
                Some("or") => any.push(All(std::mem::take(&mut all))),
                Some(_) => return Err(expected()),
            }
        }
        Err(Expected::new(format!("a condition of at most {MAX_COMPARISONS} comparisons")))
    }
}

fn comparison(tokens: &mut Tokens<'_>) -> Result<Comparison, Expected> {
    let left = Expression::read(tokens).map_err(|_| expected())?;
    let comparator = tokens.next().and_then(Comparator::from_word).ok_or_else(expected)?;
    let right = Expression::read(tokens).map_err(|_| expected())?;
    Ok(Comparison { left, comparator, right })
}

fn expected() -> Expected {
    Expected::new("a condition like w_gt_100_and_ar_lte_1.5")
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}", self.left, self.comparator, self.right)
    }
}

impl fmt::Display for All {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        join(f, &self.0, "_and_")
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        join(f, &self.any, "_or_")
    }
}
