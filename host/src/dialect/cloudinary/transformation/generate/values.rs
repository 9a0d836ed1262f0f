//! Random parameters of every kind.

use super::{super::*, Random};

impl Random {
    pub(super) fn effect(&mut self) -> Effect {
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
    pub(in crate::dialect::cloudinary::transformation) fn param(&mut self, key: Key) -> Param {
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
}
