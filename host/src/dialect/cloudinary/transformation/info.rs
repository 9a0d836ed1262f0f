//! A transformation as the admin API tells it: one object for each component, with long names.

use serde_json::{Map, Value, json};

use super::{Component, Eager, Extension, Key, Node, Param};

type Object = Map<String, Value>;

impl Eager {
    /// One object for each component. Numbers are numbers, all else is text. The last one tells the
    /// extension if one is asked.
    pub fn info(&self) -> Vec<Value> {
        let mut objects = Vec::new();
        nodes(&self.transformation.nodes, &mut objects);
        let extension = match self.extension {
            None => None,
            Some(Extension::None) => Some("none"),
            Some(Extension::Name(name)) => Some(name.name()),
        };
        if let Some(extension) = extension {
            if objects.is_empty() {
                objects.push(Object::new());
            }
            if let Some(last) = objects.last_mut() {
                last.insert("extension".into(), extension.into());
            }
        }
        objects.into_iter().map(Value::Object).collect()
    }
}

fn nodes(nodes_of: &[Node], objects: &mut Vec<Object>) {
    let condition = |text: &str| Object::from_iter([("if".to_owned(), Value::from(text))]);
    for node in nodes_of {
        match node {
            Node::Apply(component) => objects.push(object(component)),
            Node::Layer { open, inner, apply } => {
                objects.push(object(open));
                nodes(inner, objects);
                objects.push(object(apply));
            }
            Node::If { condition: asked, then, otherwise } => {
                objects.push(condition(&asked.to_string()));
                nodes(then, objects);
                if let Some(otherwise) = otherwise {
                    objects.push(condition("else"));
                    nodes(otherwise, objects);
                }
                objects.push(condition("end"));
            }
            Node::Inline { condition: asked, then, otherwise } => {
                let mut first = condition(&asked.to_string());
                first.extend(object(then));
                objects.push(first);
                if let Some(otherwise) = otherwise {
                    let mut second = condition("else");
                    second.extend(object(otherwise));
                    objects.push(second);
                }
            }
        }
    }
}

fn object(component: &Component) -> Object {
    let mut object = Object::new();
    if !component.variables.is_empty() {
        let pair = |(name, value): (&String, String)| json!([format!("${name}"), value]);
        let variables = component.variables.iter().map(|definition| (&definition.name, definition.value.to_string()));
        object.insert("variables".into(), variables.map(pair).collect());
    }
    for param in &component.params {
        let value = value(param);
        match object.get_mut(long_name(param.key())) {
            None => {
                object.insert(long_name(param.key()).into(), value);
            }
            // Several effects are a list.
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    object
}

fn value(param: &Param) -> Value {
    match param {
        Param::Flags(flags) => flags.0.iter().map(ToString::to_string).collect(),
        Param::Named(names) => names.0.clone().into(),
        param => {
            let printed = param.to_string();
            let text = printed.split_once('_').map_or("", |(_, value)| value);
            // What reads as a number in JSON is one.
            match text.parse::<serde_json::Number>() {
                Ok(number) => Value::Number(number),
                Err(_) => text.into(),
            }
        }
    }
}

/// The name of the SDKs' option.
fn long_name(key: Key) -> &'static str {
    match key {
        Key::AspectRatio => "aspect_ratio",
        Key::AudioCodec => "audio_codec",
        Key::AudioFrequency => "audio_frequency",
        Key::Baseline | Key::Named => "transformation",
        Key::BitRate => "bit_rate",
        Key::ColorSpace => "color_space",
        Key::DefaultImage => "default_image",
        Key::EndOffset => "end_offset",
        Key::Flags => "flags",
        Key::Format => "fetch_format",
        Key::Function => "custom_function",
        Key::KeyframeInterval => "keyframe_interval",
        Key::StartOffset => "start_offset",
        Key::StreamingProfile => "streaming_profile",
        Key::VideoCodec => "video_codec",
        Key::VideoSampling => "video_sampling",
        // One word: the same as in messages.
        key => key.title(),
    }
}
