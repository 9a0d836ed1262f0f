//! Random transformations, the same for the same seed.

mod values;

use super::*;

/// A small generator of numbers (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() >> 33) as usize % end
    }

    pub(crate) fn chance(&mut self, in_hundred: usize) -> bool {
        self.below(100) < in_hundred
    }

    pub(crate) fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.chance(50).then(|| make(self))
    }

    fn list<T>(&mut self, least: usize, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = least + self.below(most - least + 1);
        (0..count).map(|_| make(self)).collect()
    }

    fn decimal(&mut self) -> Decimal {
        let decimals = self.pick(&[0, 0, 0, 1, 2, 3]);
        Decimal::new(self.below(9999) as i64 - 2000, decimals).unwrap()
    }

    /// Between 0 and 99.
    fn small(&mut self) -> Decimal {
        let decimals = self.pick(&[0, 0, 1, 2]);
        Decimal::new(self.below(98) as i64 + 1, decimals).unwrap()
    }

    fn name(&mut self) -> String {
        self.pick(&["a", "w", "foo", "Foo1", "x9y", "auto", "iw"]).to_owned()
    }

    /// Characters of all kinds.
    fn words(&mut self) -> String {
        let characters: Vec<char> = "ab zZ09_-.:,/%$()!|*+~'\"&?#ß火😍%2Cif_end".chars().collect();
        self.list(1, 12, |random| random.pick(&characters)).into_iter().collect()
    }

    fn word(&mut self) -> String {
        self.pick(&["a", "subject", "ocr_text", "x-1", "444", "auto"]).to_owned()
    }

    fn id(&mut self) -> String {
        let id = self.words();
        let id = id.trim_matches('/');
        if id.is_empty() { "sample.jpg".into() } else { id.to_owned() }
    }

    fn url(&mut self) -> String {
        format!("https://example.com/{}", self.words())
    }

    fn operand(&mut self) -> Operand {
        match self.below(6) {
            0 | 1 => Operand::Number(self.decimal()),
            2 => Operand::Name(self.pick(Name::ALL)),
            3 => Operand::Variable(self.name()),
            4 => Operand::Context(self.words()),
            _ => Operand::Metadata(self.words()),
        }
    }

    /// A value with operators, so that it is no number.
    fn computed(&mut self) -> Expression {
        let first = self.operand();
        let mut rest = self.list(1, 3, |random| match random.below(8) {
            0 => Term::ToFloat,
            1 => Term::ToInteger,
            _ => Term::Binary(random.pick(Operator::ALL), random.operand()),
        });
        rest.push(Term::Binary(self.pick(Operator::ALL), Operand::Name(Name::Width)));
        Expression { first, rest }
    }

    /// A number within 0 and 99, or computed.
    fn value(&mut self) -> Expression {
        if self.chance(70) { Expression::number(self.small()) } else { self.computed() }
    }

    fn any_value(&mut self) -> Expression {
        match self.below(9) {
            0 => Expression { first: Operand::Text(self.words()), rest: Vec::new() },
            8 => Expression { first: Operand::Ratio(self.small(), self.small()), rest: Vec::new() },
            1 => Expression { first: Operand::Reference(self.words()), rest: Vec::new() },
            2 => Expression::number(self.decimal()),
            _ => self.value(),
        }
    }

    /// Without strings, as where values are parted by colons.
    fn plain_value(&mut self) -> Expression {
        match self.below(3) {
            0 => Expression { first: Operand::Variable(self.name()), rest: Vec::new() },
            1 => Expression::parse("iw_mul_0.5_add_$a").unwrap(),
            _ => Expression::number(self.small()),
        }
    }

    fn color(&mut self) -> Color {
        match self.below(6) {
            0 => Color::Transparent,
            1 => Color::Auto,
            2 => Color::None,
            3 => Color::Variable(self.name()),
            4 => Color::hex(self.pick(&["fff", "12345678", "a0b1c2", "1234"])).unwrap(),
            _ => Color::parse(self.pick(&Color::names().collect::<Vec<_>>())).unwrap(),
        }
    }

    fn component(&mut self, layer: bool) -> Component {
        let variables = self.list(0, 2, |r| Definition { name: r.name(), value: r.any_value() });
        let mut kinds = self.list(1, 4, |r| r.pick(Key::ALL));
        kinds.retain(|key| ![Key::Overlay, Key::Underlay].contains(key));
        kinds.push(if layer { self.pick(&[Key::Overlay, Key::Underlay]) } else { Key::Width });
        kinds.sort();
        kinds.dedup();
        let mut params: Vec<Param> = kinds.into_iter().map(|key| self.param(key)).collect();
        if self.chance(10) {
            params.push(Param::Effect(self.effect()));
        }
        Component::new(variables, params)
    }

    fn apply(&mut self) -> Component {
        let component = self.component(false);
        let mut params: Vec<Param> = component.params.into_iter().filter(|param| param.key() != Key::Flags).collect();
        params.push(Param::Flags(Flags(vec![Flag::Switch(Switch::LayerApply), Flag::Switch(Switch::NoOverflow)])));
        Component::new(component.variables, params)
    }

    fn comparison(&mut self) -> Comparison {
        let comparator = self.pick(Comparator::ALL);
        Comparison { left: self.any_value(), comparator, right: self.any_value() }
    }

    fn condition(&mut self) -> Condition {
        Condition { any: self.list(1, 3, |r| All(r.list(1, 3, Self::comparison))) }
    }

    fn nodes(&mut self, depth: usize, in_layer: bool) -> Vec<Node> {
        self.list(0, 4, |r| match r.below(if depth > 0 { 8 } else { 5 }) {
            5 | 6 => Node::Layer { open: r.component(true), inner: r.nodes(depth - 1, true), apply: r.apply() },
            7 => {
                let otherwise = r.maybe(|r| r.nodes(depth - 1, false));
                Node::If { condition: r.condition(), then: r.nodes(depth - 1, false), otherwise }
            }
            4 => {
                let layer = r.chance(20);
                let otherwise = r.maybe(|r| r.component(false));
                Node::Inline { condition: r.condition(), then: r.component(layer), otherwise }
            }
            _ => {
                let layer = !in_layer && r.chance(20);
                Node::Apply(r.component(layer))
            }
        })
    }

    /// A whole transformation.
    pub(crate) fn transformation(&mut self) -> Transformation {
        Transformation { nodes: self.nodes(3, false) }
    }
}
