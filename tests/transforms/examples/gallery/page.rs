//! The page's HTML.

use safelight_sdk::Kind;
use serde_json::{Map, Value};

use crate::{Entry, Shot, parameters};

/// The whole page.
pub(crate) fn page(entries: &[Entry]) -> String {
    let (mut contents, mut sections) = (String::new(), String::new());
    for family in families(entries) {
        let of_family: Vec<&Entry> = entries.iter().filter(|entry| entry.family == family).collect();
        let summary = of_family.first().map_or("", |entry| entry.described.plugin.summary);
        contents.push_str(&format!("<h2>{family}</h2><ul>"));
        sections.push_str(&format!(
            "<header class=\"family\" id=\"family-{family}\"><h2>{family}</h2><p>{}</p></header>",
            prose(summary)
        ));
        for entry in of_family {
            let name = &entry.described.info.name;
            contents.push_str(&format!("<li><a href=\"#{name}\">{name}</a></li>"));
            sections.push_str(&section(entry));
        }
        contents.push_str("</ul>");
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Safelight: gallery of transforms</title><style>{style}</style></head><body>\
         <nav><h1>Safelight</h1><p>{count} transforms</p>\
         <input type=\"search\" placeholder=\"Find a transform\" aria-label=\"Find a transform\">{contents}</nav>\
         <main>{sections}</main><script>{script}</script></body></html>\n",
        style = include_str!("style.css"),
        script = include_str!("search.js"),
        count = entries.len(),
    )
}

fn families(entries: &[Entry]) -> Vec<&'static str> {
    let mut families: Vec<&'static str> = entries.iter().map(|entry| entry.family).collect();
    families.dedup();
    families
}

fn section(entry: &Entry) -> String {
    let info = &entry.described.info;
    let kind = match info.kind {
        Kind::Filter => "filter",
        Kind::Compose => "compose",
        Kind::Generate => "generate",
        Kind::Analyze => "analyze",
        Kind::Timeline => "timeline",
    };
    let inputs: String = entry
        .inputs
        .iter()
        .map(|file| figure(file, "", if entry.inputs.len() > 1 { "input" } else { "before" }))
        .collect();
    let shots: String = entry.shots.iter().map(shot).collect();
    format!(
        "<section id=\"{name}\"><h3><a href=\"#{name}\">{name}</a> <span class=\"kind\">{kind}</span></h3>\
         <p class=\"summary\">{summary}</p><div class=\"pictures\">{inputs}{shots}</div>{table}</section>",
        name = info.name,
        summary = prose(&info.summary),
        table = parameters::table(&entry.described.schema),
    )
}

fn shot(shot: &Shot) -> String {
    let caption = format!("<code>{}</code>", escaped(&call(&shot.params)));
    let picture =
        shot.picture.as_ref().map(|(file, width, height)| figure(file, &format!("{width} × {height}"), &caption));
    let data = shot.data.as_ref().map(|data| {
        let text = escaped(&shortened(data));
        format!("<figure class=\"data\"><pre>{text}</pre><figcaption>{caption}</figcaption></figure>")
    });
    picture.into_iter().chain(data).collect()
}

fn figure(file: &str, size: &str, caption: &str) -> String {
    let size = if size.is_empty() { String::new() } else { format!("<span class=\"size\">{size}</span>") };
    format!(
        "<figure><a href=\"{file}\"><img src=\"{file}\" alt=\"\" loading=\"lazy\"></a>\
         <figcaption>{caption}{size}</figcaption></figure>"
    )
}

/// The parameters as one would send them; pictures by a placeholder.
fn call(params: &Map<String, Value>) -> String {
    if params.is_empty() {
        return "defaults".to_owned();
    }
    let pairs = params.iter().map(|(name, value)| format!("{name}: {}", value_text(value)));
    pairs.collect::<Vec<_>>().join(", ")
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Object(object) if object.len() == 1 && object.contains_key("asset") => "picture".to_owned(),
        Value::Array(list) => format!("[{}]", list.iter().map(value_text).collect::<Vec<_>>().join(", ")),
        value => value.to_string(),
    }
}

/// Data with long lists cut.
fn shortened(data: &Value) -> String {
    const LINES: usize = 24;
    let text = format!("{data:#}");
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= LINES { text } else { format!("{}\n...", lines[..LINES].join("\n")) }
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A doc comment: what stands in backticks is code, an empty line begins a paragraph.
pub(crate) fn prose(text: &str) -> String {
    let escaped = escaped(text).replace("\n\n", "<br>");
    let parts = escaped.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}
