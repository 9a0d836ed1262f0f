//! Blocks of JSON in a page of text.

use serde_json::{Map, Value};

/// Every block from a line `{` to the line `}` that ends it; lines with a comment alone are left out.
pub(super) fn whole(page: &str) -> Vec<Value> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if line == "{" {
            let rest: Vec<&str> = lines.by_ref().take_while(|line| *line != "}").collect();
            let text = format!("{{{}}}", rest.join("\n"));
            blocks.push(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")));
        }
    }
    blocks
}

/// A line of a block without its closing brackets.
struct Line<'a> {
    indent: usize,
    /// None for a value in a list.
    key: Option<&'a str>,
    value: &'a str,
}

/// How much deeper the members of an object stand than the object.
const DEEPER: usize = 4;

/// Every block of lines that begins with `"results": {`, of which the lines with brackets alone are missing.
pub(super) fn by_indentation(page: &str) -> Vec<Value> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() == "\"results\": {" {
            let mut block = vec![read(line)];
            while let Some(next) = lines.next_if(|line| line.starts_with("     ")) {
                block.push(read(next));
            }
            blocks.push(Value::Object(members(&block, block[0].indent)));
        }
    }
    blocks
}

fn read(line: &str) -> Line<'_> {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let text = text.trim_end_matches(',');
    match text.split_once("\": ") {
        Some((key, value)) => Line { indent, key: Some(&key[1..]), value },
        None => Line { indent, key: None, value: text },
    }
}

/// The members that stand at `indent`, each with the deeper lines behind it.
fn members(lines: &[Line<'_>], indent: usize) -> Map<String, Value> {
    let mut members = Map::new();
    let starts: Vec<usize> = (0..lines.len()).filter(|&index| lines[index].indent == indent).collect();
    for (position, &start) in starts.iter().enumerate() {
        let inside = &lines[start + 1..starts.get(position + 1).copied().unwrap_or(lines.len())];
        let Line { key, value, .. } = lines[start];
        let value = match value {
            "{" => Value::Object(self::members(inside, indent + DEEPER)),
            "[" => list(inside, indent + DEEPER),
            text => serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")),
        };
        assert!(members.insert(key.expect("a member").to_owned(), value).is_none(), "a bracket would be between them");
    }
    members
}

/// Values that stand at `indent`, or one object whose bracket stood there.
fn list(lines: &[Line<'_>], indent: usize) -> Value {
    if lines.iter().any(|line| line.key.is_some()) {
        return vec![Value::Object(members(lines, indent + DEEPER))].into();
    }
    lines.iter().map(|line| serde_json::from_str::<Value>(line.value).unwrap()).collect()
}
