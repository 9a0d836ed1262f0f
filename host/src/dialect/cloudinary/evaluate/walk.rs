//! The walk through the tree.

use std::collections::BTreeMap;

use super::{
    super::{
        geometry::{Anchor, Canvas, Length, Offset, Size, place_layer},
        transformation::{
            Component, Condition, Crop, Effect, Error, Flags, Focus, Gravity, Key, Layer, LayerId, Node, Param, Plain,
            Switch, Transformation,
        },
    },
    Action, Bounds, EvaluateError, Evaluated, Facts, Hints, LayerStep, Library, Measured, Step,
    focus::{self, Map},
    step::{asks_hints, belongs_to_place, finished, first_turn, is_output, offset, resize},
    value::{Scope, Value},
};

/// Where the walk is.
pub(super) struct Walk<'a> {
    facts: &'a Facts,
    library: &'a dyn Library,
    hints: Hints,
    bounds: &'a Bounds,
    variables: BTreeMap<String, Value>,
    output: Vec<Param>,
    asked_hints: (bool, bool),
    steps: usize,
}

/// The image that steps act on: the base, or a layer.
struct Image {
    size: Size,
    exact: bool,
    /// Where the input's pixels are; none when a turn has mixed them up, or for layers.
    map: Option<Map>,
    /// The base's size, for layers.
    base: Option<Size>,
}

type Actions = Vec<Action>;

impl<'a> Walk<'a> {
    pub(super) fn new(facts: &'a Facts, library: &'a dyn Library, hints: Hints, bounds: &'a Bounds) -> Self {
        let (variables, output) = (BTreeMap::new(), Vec::new());
        Self { facts, library, hints, bounds, variables, output, asked_hints: (false, false), steps: 0 }
    }

    pub(super) fn run(mut self, transformation: &Transformation) -> Result<Evaluated, EvaluateError> {
        let mut image = Image { size: self.facts.size, exact: true, map: Some(Map::IDENTITY), base: None };
        let mut actions = Vec::new();
        self.nodes(&transformation.nodes, &mut image, &mut actions, self.bounds.depth)?;
        Ok(Evaluated {
            actions,
            output: Component::new(Vec::new(), self.output),
            size: image.size,
            exact: image.exact,
            asked_width_hint: self.asked_hints.0,
            asked_dpr_hint: self.asked_hints.1,
        })
    }

    fn nodes(
        &mut self,
        nodes: &[Node],
        image: &mut Image,
        actions: &mut Actions,
        depth: usize,
    ) -> Result<(), EvaluateError> {
        for node in nodes {
            match node {
                Node::Apply(component) => self.component(component, image, actions, depth)?,
                Node::Layer { open, inner, apply } => self.layer(open, inner, apply, image, actions, depth)?,
                Node::If { condition, then, otherwise } => {
                    let holds = self.holds(condition, image)?;
                    let branch = if holds { then } else { otherwise.as_deref().unwrap_or_default() };
                    self.nodes(branch, image, actions, depth)?;
                }
                Node::Inline { condition, then, otherwise } => {
                    let branch = if self.holds(condition, image)? { Some(then) } else { otherwise.as_ref() };
                    if let Some(component) = branch {
                        self.component(component, image, actions, depth)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn scope(&self, image: &Image) -> Scope<'_> {
        Scope { facts: self.facts, size: image.size, variables: &self.variables }
    }

    fn holds(&self, condition: &Condition, image: &Image) -> Result<bool, EvaluateError> {
        Ok(self.scope(image).holds(condition).map_err(|error| error.within(&format!("if_{condition}")))?)
    }

    /// Variables defined, values put in, named transformations carried out and taken away.
    fn resolved(
        &mut self,
        component: &Component,
        image: &mut Image,
        actions: &mut Actions,
        depth: usize,
    ) -> Result<Component, EvaluateError> {
        let within = |error: Error| error.within(&component.to_string());
        for definition in &component.variables {
            let value = self.scope(image).value(&definition.value).map_err(within)?;
            self.variables.insert(definition.name.clone(), value);
        }
        let named = component.params.iter().flat_map(|param| match param {
            Param::Baseline(name) => vec![name.0.as_str()],
            Param::Named(names) => names.0.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        });
        for name in named.collect::<Vec<_>>() {
            self.count()?;
            let Some(depth) = depth.checked_sub(1) else {
                let most = self.bounds.depth;
                return Err(within(Error::new(
                    "named transformation",
                    name,
                    format!("at most {most} within each other"),
                ))
                .into());
            };
            let unknown = || EvaluateError::UnknownTransformation(name.to_owned());
            let transformation = self.library.named(name).ok_or_else(unknown)?;
            self.nodes(&transformation.nodes, image, actions, depth)?;
        }
        let mut params = Vec::new();
        let scope = self.scope(image);
        for param in component.params.iter().filter(|param| !matches!(param.key(), Key::Baseline | Key::Named)) {
            if param.key().is_of_videos() {
                return Err(within(Error::new(param.key().title(), param.to_string(), "no parameter of videos")).into());
            }
            params.push(scope.param(param).map_err(within)?);
        }
        let component = Component::new(Vec::new(), params);
        let (width, dpr) = asks_hints(&component);
        self.asked_hints = (self.asked_hints.0 | width, self.asked_hints.1 | dpr);
        Ok(component)
    }

    fn count(&mut self) -> Result<(), EvaluateError> {
        self.steps += 1;
        if self.steps > self.bounds.steps {
            let most = self.bounds.steps;
            return Err(Error::new("transformation", most.to_string(), format!("at most {most} steps")).into());
        }
        Ok(())
    }

    fn component(
        &mut self,
        component: &Component,
        image: &mut Image,
        actions: &mut Actions,
        depth: usize,
    ) -> Result<(), EvaluateError> {
        let component = self.resolved(component, image, actions, depth)?;
        if let Some((layer, under)) = component.layer() {
            // All in one: some parameters act on the layer, the others put it in its place.
            let (layer, laid) = (layer.clone(), |param: &Param| matches!(param.key(), Key::Overlay | Key::Underlay));
            let (place, own): (Vec<_>, Vec<_>) =
                component.params.into_iter().filter(|param| !laid(param)).partition(belongs_to_place);
            let apply = Component::new(Vec::new(), place);
            let own = Component::new(Vec::new(), own);
            let relative = is_relative(&apply);
            let mut above = self.measured(&layer, image)?;
            let mut steps = Vec::new();
            self.step(own, relative, &mut above, &mut steps)?;
            let own = !steps.is_empty();
            return self.apply(LayerParts { layer, under, steps, own, above }, apply, image, actions);
        }
        let relative = is_relative(&component);
        self.step(component, relative, image, actions)
    }

    fn layer(
        &mut self,
        open: &Component,
        inner: &[Node],
        apply: &Component,
        image: &mut Image,
        actions: &mut Actions,
        depth: usize,
    ) -> Result<(), EvaluateError> {
        let open = self.resolved(open, image, actions, depth)?;
        let Some((layer, under)) = open.layer() else {
            return Err(Error::new("overlay", open.to_string(), "a layer").into());
        };
        let layer = layer.clone();
        let mut above = self.measured(&layer, image)?;
        let mut steps = Vec::new();
        let own = open.params.iter().filter(|param| !matches!(param.key(), Key::Overlay | Key::Underlay));
        let own = Component::new(Vec::new(), own.cloned().collect());
        let relative = is_relative(&own);
        self.step(own, relative, &mut above, &mut steps)?;
        let has_own = !steps.is_empty();
        self.nodes(inner, &mut above, &mut steps, depth)?;
        let apply = self.resolved(apply, image, actions, depth)?;
        let (place, own): (Vec<_>, Vec<_>) = apply.params.into_iter().partition(belongs_to_place);
        let apply = Component::new(Vec::new(), place);
        let relative = is_relative(&apply);
        self.step(Component::new(Vec::new(), own), relative, &mut above, &mut steps)?;
        self.apply(LayerParts { layer, under, steps, own: has_own, above }, apply, image, actions)
    }

    fn measured(&self, layer: &Layer, image: &Image) -> Result<Image, EvaluateError> {
        let (size, exact) = match self.library.measure(layer) {
            Measured::Size(size) => (size, true),
            Measured::Later => (image.size, false),
            Measured::Missing => return Err(EvaluateError::MissingLayer(name_of(layer))),
        };
        Ok(Image { size, exact, map: None, base: Some(image.size) })
    }

    fn step(
        &mut self,
        component: Component,
        relative: bool,
        image: &mut Image,
        actions: &mut Actions,
    ) -> Result<(), EvaluateError> {
        if component.is_empty() {
            return Ok(());
        }
        self.count()?;
        let before = image.size;
        let mut resize = resize(&component, self.hints);
        if let (Some(resize), Some(base), true) = (&mut resize, image.base, relative) {
            resize.width = resize.width.map(|width| Length::Pixels(width.of(base.width)));
            resize.height = resize.height.map(|height| Length::Pixels(height.of(base.height)));
        }
        let first_turn_deg = first_turn(&component, resize.as_ref(), before);
        let mut size = before;
        if first_turn_deg.is_some() {
            size = Size::new(size.height, size.width);
            image.map = None;
        }
        if let Some(resize) = &mut resize {
            resize.anchor = self.anchor(&component, image, size)?;
        }
        let layout = resize.as_ref().map(|resize| resize.layout(size));
        if let Some(layout) = &layout {
            for size in [layout.scale, layout.size()] {
                self.check(size)?;
            }
            image.map = image.map.map(|map| map.after(layout, size));
            size = layout.size();
        }
        let faces = image.map.map_or_else(Vec::new, |map| focus::faces(self.facts, map, size));
        let (after, exact) = finished(&component, size);
        self.check(after)?;
        if after != size {
            self.moved(&component, image);
        }
        image.size = after;
        let exact_before = image.exact;
        image.exact &= exact;
        if image.base.is_none() {
            self.keep_output(&component);
        }
        let exact = image.exact;
        actions.push(Action::Step(Box::new(Step {
            component,
            first_turn_deg,
            resize,
            layout,
            before,
            after,
            exact_before,
            exact,
            faces,
        })));
        Ok(())
    }

    /// Borders move pixels, turns mix them up.
    fn moved(&self, component: &Component, image: &mut Image) {
        match (component.param(Key::Border), component.param(Key::Angle)) {
            (Some(Param::Border(border)), None) => {
                let width = -f64::from(border.width);
                if let Some(map) = &mut image.map {
                    map.shift(width, width);
                }
            }
            _ => image.map = None,
        }
    }

    fn anchor(&self, component: &Component, image: &Image, size: Size) -> Result<Option<Anchor>, EvaluateError> {
        let Some(Param::Gravity(gravity)) = component.param(Key::Gravity) else {
            // Thumbnails look for faces by themselves.
            let thumb = matches!(component.param(Key::Crop), Some(Param::Crop(Crop::Thumb)));
            if !thumb || self.facts.faces.is_empty() {
                return Ok(None);
            }
            let face = Gravity::Focus(Focus::Face, Vec::new());
            return Ok(focus::anchor(&face, self.facts, image.map, size)?);
        };
        let anchor = focus::anchor(gravity, self.facts, image.map, size);
        Ok(anchor.map_err(|error| error.within(&component.to_string()))?)
    }

    fn check(&self, size: Size) -> Result<(), EvaluateError> {
        let Size { width, height } = size;
        let most = self.bounds.pixels;
        if size.pixels() > most || width.max(height) > self.bounds.side {
            return Err(EvaluateError::TooLarge { width, height, most });
        }
        Ok(())
    }

    fn apply(
        &mut self,
        parts: LayerParts,
        apply: Component,
        image: &mut Image,
        actions: &mut Actions,
    ) -> Result<(), EvaluateError> {
        self.count()?;
        let LayerParts { layer, under, steps, own, above } = parts;
        let before = image.size;
        let anchor = self.anchor(&apply, image, image.size)?.unwrap_or(Anchor::CENTER);
        let has = |switch| apply.flags().is_some_and(|flags| flags.has(switch));
        let inside = has(Switch::NoOverflow)
            || has(Switch::Tiled)
            || has(Switch::Cutter)
            || apply.params.iter().any(blends_inside);
        let along = |key, side| offset(&apply, key).map_or(0.0, |length| length.of(side));
        let offset = Offset { x: along(Key::X, image.size.width), y: along(Key::Y, image.size.height) };
        let canvas: Option<Canvas> = above.exact.then(|| place_layer(image.size, above.size, anchor, offset, inside));
        if let Some(canvas) = &canvas {
            self.check(canvas.size)?;
            if let Some(map) = &mut image.map {
                map.shift(-f64::from(canvas.base.0), -f64::from(canvas.base.1));
            }
            image.size = canvas.size;
        } else {
            image.exact &= inside;
        }
        if image.base.is_none() {
            self.keep_output(&apply);
        }
        let after = image.size;
        actions.push(Action::Layer(Box::new(LayerStep {
            layer,
            under,
            steps,
            own,
            apply,
            anchor,
            before,
            canvas,
            after,
        })));
        Ok(())
    }

    /// The last value of each output parameter counts; flags are collected.
    fn keep_output(&mut self, component: &Component) {
        for param in component.params.iter().filter(|param| is_output(param.key())) {
            let known = self.output.iter_mut().find(|known| known.key() == param.key());
            match (known, param) {
                (Some(Param::Flags(Flags(flags))), Param::Flags(more)) => {
                    for flag in &more.0 {
                        if !flags.contains(flag) {
                            flags.push(flag.clone());
                        }
                    }
                }
                (Some(known), param) => *known = param.clone(),
                (None, param) => self.output.push(param.clone()),
            }
        }
    }
}

/// A layer before it is put in its place.
struct LayerParts {
    layer: Layer,
    under: bool,
    steps: Actions,
    own: bool,
    above: Image,
}

fn is_relative(component: &Component) -> bool {
    component.flags().is_some_and(|flags| flags.has(Switch::Relative) || flags.has(Switch::RegionRelative))
}

/// Blend modes that change the base alone and never its size.
fn blends_inside(param: &Param) -> bool {
    matches!(param, Param::Effect(Effect::Plain(Plain::Mask | Plain::CutOut | Plain::Displace)))
}

/// What a missing layer is called in messages.
fn name_of(layer: &Layer) -> String {
    match layer {
        Layer::Asset { id: LayerId::Public(id), .. }
        | Layer::Lut(LayerId::Public(id))
        | Layer::Subtitles { id: LayerId::Public(id), .. }
        | Layer::TextAsset(id) => id.clone(),
        Layer::Fetch { url, .. } => url.clone(),
        other => other.to_string(),
    }
}
