//! Random transformations, the same for the same seed.

use super::*;

/// A small generator of numbers (xorshift64*).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() >> 33) as usize % end
    }

    fn chance(&mut self, in_hundred: usize) -> bool {
        self.below(100) < in_hundred
    }

    pub(super) fn pick<T: Clone>(&mut self, items: &[T]) -> T {
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
        match self.below(8) {
            0 => Expression { first: Operand::Text(self.words()), rest: Vec::new() },
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

    fn effect(&mut self) -> Effect {
        match self.below(24) {
            0 => Effect::Plain(self.pick(Plain::ALL)),
            1..=4 => Effect::Level(self.pick(Level::ALL), self.maybe(Self::decimal)),
            5 => Effect::LinearContrast(self.decimal()),
            6 => Effect::Improve { mode: self.maybe(|r| r.pick(ImproveMode::ALL)), blend: self.maybe(Self::decimal) },
            7 => Effect::FillLight { blend: Some(self.decimal()), bias: self.maybe(Self::decimal) },
            8 => Effect::Tint {
                equalize: self.chance(50),
                amount: Some(self.decimal()),
                stops: self.list(0, 4, |r| TintStop { color: r.color(), position: r.maybe(Self::decimal) }),
            },
            9 => Effect::ReplaceColor {
                to: self.color(),
                tolerance: self.maybe(Self::decimal),
                from: self.maybe(Self::color),
            },
            10 => Effect::Recolor({
                let count = self.pick(&[9, 16]);
                self.list(count, count, Self::decimal)
            }),
            11 => Effect::BgRemoval { screen: self.chance(50), color: self.maybe(Self::color) },
            12 => Effect::Trim { tolerance: self.maybe(Self::decimal), color: self.maybe(Self::color) },
            13 => Effect::Cartoonify {
                line: Some(self.decimal()),
                fill: self.maybe(|r| match r.below(2) {
                    0 => CartoonFill::BlackWhite,
                    _ => CartoonFill::Reduction(r.decimal()),
                }),
            },
            14 => Effect::Outline {
                mode: self.maybe(|r| r.pick(OutlineMode::ALL)),
                width: Some(self.decimal()),
                blur: self.maybe(Self::decimal),
            },
            15 => Effect::Dropshadow {
                azimuth: self.maybe(Self::decimal),
                elevation: self.maybe(Self::decimal),
                spread: self.maybe(Self::decimal),
            },
            16 => Effect::GradientFade {
                mode: self.maybe(|r| r.pick(FadeMode::ALL)),
                strength: self.maybe(Self::decimal),
            },
            17 => Effect::Distort(std::array::from_fn(|_| self.decimal())),
            18 => Effect::DistortArc(self.decimal()),
            19 => Effect::Shear(self.decimal(), self.decimal()),
            20 => Effect::AssistColorblind(self.maybe(Self::decimal)),
            21 => Effect::AssistColorblindXray,
            22 => Effect::SimulateColorblind(self.maybe(|r| r.pick(Colorblindness::ALL))),
            _ => Effect::Art(self.pick(ArtFilter::ALL)),
        }
    }

    fn measure(&mut self) -> Measure {
        if self.chance(80) { Measure::Number(self.decimal()) } else { Measure::Variable(self.name()) }
    }

    fn font(&mut self) -> FontStyle {
        FontStyle {
            family: self.id(),
            size: self.measure(),
            weight: self.maybe(|r| r.pick(Weight::ALL)),
            italic: self.chance(30),
            decoration: self.maybe(|r| r.pick(Decoration::ALL)),
            align: self.maybe(|r| r.pick(TextAlign::ALL)),
            stroke: self.chance(30),
            letter_spacing: self.maybe(Self::measure),
            line_spacing: self.maybe(Self::measure),
            antialias: self.maybe(|r| r.pick(Antialias::ALL)),
            hinting: self.maybe(|r| r.pick(Hinting::ALL)),
        }
    }

    fn layer_id(&mut self) -> LayerId {
        if self.chance(80) { LayerId::Public(self.id()) } else { LayerId::Variable(self.name()) }
    }

    fn text(&mut self) -> Text {
        let mut parts = vec![TextPart::Literal(self.words())];
        for _ in 0..self.below(3) {
            parts.push(TextPart::Variable(self.name()));
            parts.push(TextPart::Literal(self.words()));
        }
        Text(parts)
    }

    fn layer(&mut self) -> Layer {
        match self.below(7) {
            0 | 1 => Layer::Asset {
                video: self.chance(20),
                delivery: self.pick(Delivery::ALL),
                id: match self.below(3) {
                    0 => LayerId::Public("text/upload/x".into()),
                    _ => self.layer_id(),
                },
            },
            2 => Layer::Fetch { video: self.chance(20), url: self.url() },
            3 => Layer::Text {
                style: match self.below(4) {
                    0 => Style::Asset(self.id()),
                    1 => Style::Variable(self.name()),
                    _ => Style::Font(Box::new(self.font())),
                },
                text: self.text(),
            },
            4 => Layer::TextAsset(self.id()),
            5 => Layer::Subtitles { style: Some(self.font()), id: self.layer_id() },
            _ => Layer::Lut(self.layer_id()),
        }
    }

    fn flags(&mut self) -> Flags {
        Flags(self.list(1, 4, |r| match r.below(6) {
            0 => Flag::Attachment(r.maybe(Self::words)),
            1 => Flag::Progressive(r.maybe(|r| r.pick(Progressive::ALL))),
            _ => Flag::Switch(r.pick(&Switch::ALL[1..])),
        }))
    }

    fn dimension(&mut self) -> Dimension {
        let number = |r: &mut Self| r.below(2000) as u32 + 1;
        match self.below(6) {
            0 => {
                let step = self.maybe(number);
                let fallback = step.and_then(|_| self.maybe(number));
                Dimension::Auto(AutoWidth::Step { step, fallback })
            }
            1 => Dimension::Auto(AutoWidth::Breakpoints {
                settings: self.maybe(|r| std::array::from_fn(|_| number(r))),
                fallback: self.maybe(number),
                json: self.chance(30),
            }),
            _ => Dimension::Value(self.value()),
        }
    }

    fn time(&mut self) -> Time {
        match self.below(3) {
            0 => Time::Auto,
            1 => Time::Percent(self.small()),
            _ => Time::Seconds(self.value()),
        }
    }

    fn pages(&mut self) -> Pages {
        match self.below(5) {
            0 => Pages::All,
            1 => Pages::Names(self.list(1, 3, Self::word)),
            2 => Pages::Embedded(self.word()),
            _ => Pages::List(self.list(1, 4, |r| match r.below(4) {
                0 => PageItem::Range(2, r.maybe(|r| r.below(7) as u32 + 2)),
                1 => PageItem::One(Expression { first: Operand::Variable(r.name()), rest: Vec::new() }),
                _ => PageItem::One(Expression::number(Decimal::whole(r.below(99) as i64 + 1))),
            })),
        }
    }

    fn quality(&mut self) -> Quality {
        match self.below(4) {
            0 => Quality::Auto(self.maybe(|r| r.pick(AutoQuality::ALL)), self.maybe(|r| r.pick(Chroma::ALL))),
            1 => Quality::Jpegmini(self.maybe(|r| r.below(3) as u8)),
            2 => Quality::Value { quality: self.plain_value(), chroma: None, qmax: Some(self.plain_value()) },
            _ => {
                Quality::Value { quality: self.plain_value(), chroma: self.maybe(|r| r.pick(Chroma::ALL)), qmax: None }
            }
        }
    }

    fn angles(&mut self) -> Angles {
        if self.chance(60) {
            return Angles(vec![Angle::Degrees(self.value())]);
        }
        let mut angles = vec![Angle::Turn(self.pick(Turn::ALL))];
        for _ in 0..self.below(3) {
            angles.push(Angle::Degrees(Expression::number(Decimal::whole(self.below(360) as i64 - 180))));
            angles.push(Angle::Turn(self.pick(Turn::ALL)));
        }
        Angles(angles)
    }

    fn background(&mut self) -> Background {
        match self.below(4) {
            0 => Background::Auto(self.list(1, 3, Self::word)),
            1 => {
                let intensity = self.maybe(|r| r.below(2000) as u32 + 1);
                let brightness = intensity.and_then(|_| self.maybe(|r| r.below(400) as i32 - 300));
                Background::Blurred { intensity, brightness }
            }
            _ => Background::Color(self.color()),
        }
    }

    fn words_value(&mut self) -> Words {
        Words(self.list(1, 4, Self::word))
    }

    /// A parameter of this kind.
    pub(super) fn param(&mut self, key: Key) -> Param {
        match key {
            Key::Angle => Param::Angle(self.angles()),
            Key::AudioCodec => Param::AudioCodec(self.words_value()),
            Key::AudioFrequency => Param::AudioFrequency(self.words_value()),
            Key::AspectRatio => Param::AspectRatio(match self.below(2) {
                0 => AspectRatio::Value(self.value()),
                _ => AspectRatio::Ratio(self.plain_value(), self.plain_value()),
            }),
            Key::Background => Param::Background(self.background()),
            Key::Baseline => Param::Baseline(Id(self.id())),
            Key::Border => Param::Border(Border { width: self.below(50) as u32, color: self.color() }),
            Key::BitRate => Param::BitRate(BitRate {
                value: self.small(),
                unit: self.maybe(|r| r.pick(&['k', 'm'])),
                constant: self.chance(30),
            }),
            Key::Crop if self.chance(10) => {
                let name = Expression { first: Operand::Variable(self.name()), rest: Vec::new() };
                Param::Deferred(Key::Crop, vec![Piece::Value(name)])
            }
            Key::Crop => Param::Crop(self.pick(Crop::ALL)),
            Key::Color => Param::Color(self.color()),
            Key::ColorSpace => Param::ColorSpace(match self.below(3) {
                0 => ColorSpace::Icc(self.id()),
                _ => ColorSpace::Name(self.pick(SpaceName::ALL)),
            }),
            Key::DefaultImage => Param::DefaultImage(Id(self.id())),
            Key::Delay => Param::Delay(self.value()),
            Key::Density => Param::Density(self.value()),
            Key::Dpr => Param::Dpr(self.maybe(Self::value).map_or(Dpr::Auto, Dpr::Value)),
            Key::Duration => Param::Duration(self.time()),
            Key::Effect if self.chance(10) => {
                let name = Expression { first: Operand::Variable(self.name()), rest: Vec::new() };
                Param::Deferred(Key::Effect, vec![Piece::Value(name), Piece::Word("100".into())])
            }
            Key::Effect if self.chance(10) => {
                let value = self.pick(&["iw_div_10", "$a_add_2"]);
                let value = Expression::parse(value).unwrap();
                Param::Deferred(Key::Effect, vec![Piece::Word("blur".into()), Piece::Value(value)])
            }
            Key::Effect => Param::Effect(self.effect()),
            Key::EndOffset => Param::EndOffset(self.time()),
            Key::Format => Param::Format(match self.below(3) {
                0 => Format::Auto(self.maybe(|r| r.pick(AutoFormat::ALL))),
                _ => Format::Name(self.pick(&FormatName::all().collect::<Vec<_>>())),
            }),
            Key::Flags => Param::Flags(self.flags()),
            Key::Function => Param::Function(Function {
                pre: self.chance(30),
                code: if self.chance(50) { Code::Wasm(self.id()) } else { Code::Remote(self.url()) },
            }),
            Key::FrameRate => Param::FrameRate(match self.below(4) {
                0 => FrameRate::Exactly(Expression::number(self.small())),
                1 => FrameRate::Between(self.plain_value(), self.plain_value()),
                2 => FrameRate::AtLeast(self.plain_value()),
                _ => FrameRate::AtMost(self.plain_value()),
            }),
            Key::Gravity => Param::Gravity(match self.below(2) {
                0 => Gravity::Compass(self.pick(Compass::ALL)),
                _ => Gravity::Focus(self.pick(Focus::ALL), self.list(0, 3, Self::word)),
            }),
            Key::Height => Param::Height(self.dimension()),
            Key::KeyframeInterval => Param::KeyframeInterval(self.value()),
            Key::Overlay => Param::Overlay(self.layer()),
            Key::Opacity => Param::Opacity(self.value()),
            Key::Prefix => Param::Prefix(Id(self.word())),
            Key::Page => Param::Page(self.pages()),
            Key::Quality => Param::Quality(self.quality()),
            Key::Radius => Param::Radius(Radius(
                self.list(1, 4, |r| r.maybe(Self::plain_value).map_or(Corner::Max, Corner::Radius)),
            )),
            Key::StartOffset => Param::StartOffset(self.time()),
            Key::StreamingProfile => Param::StreamingProfile(self.words_value()),
            Key::Named => Param::Named(Names(self.list(1, 3, Self::words))),
            Key::Underlay => Param::Underlay(self.layer()),
            Key::VideoCodec => Param::VideoCodec(self.words_value()),
            Key::VideoSampling => Param::VideoSampling(match self.below(2) {
                0 => Sampling::Frames(self.value()),
                _ => Sampling::Seconds(self.small()),
            }),
            Key::Width => Param::Width(self.dimension()),
            Key::X => Param::X(self.value()),
            Key::Y => Param::Y(self.value()),
            Key::Zoom => Param::Zoom(self.value()),
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
    pub(super) fn transformation(&mut self) -> Transformation {
        Transformation { nodes: self.nodes(3, false) }
    }
}
