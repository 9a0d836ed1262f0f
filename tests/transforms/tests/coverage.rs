//! Every name of the dialects' tables comes to transforms, to the engine, or is out for a reason; the steps run;
//! `plugins/COVERAGE.md` says so.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
};

use serde_json::{Map, Value};
use transform_tests::coverage::{Answer, Row, Table, tables};

#[test]
fn every_name_has_an_example_and_every_example_a_name() {
    let mut wrong = Vec::new();
    for (title, table) in tables() {
        let groups: BTreeSet<_> = table.names.keys().chain(table.rows.keys()).collect();
        for group in groups {
            let listed = set(table.names.get(group).into_iter().flatten());
            let shown = set(table.rows.get(group).into_iter().flatten().map(|row| &row.name));
            wrong.extend(listed.difference(&shown).map(|name| format!("{title}, {group}: {name} has no example")));
            wrong.extend(shown.difference(&listed).map(|name| format!("{title}, {group}: {name} is not listed")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_parameter_is_used_in_an_example() {
    let mut wrong = Vec::new();
    for (title, table) in tables() {
        for (name, parameters) in &table.parameters {
            let rows = table.rows.values().flatten().filter(|row| row.name == *name);
            let mut used = BTreeSet::new();
            for row in rows {
                let given: Map<String, Value> =
                    serde_json::from_str(&row.wire).unwrap_or_else(|error| panic!("{name} {}: {error}", row.wire));
                used.extend(given.into_iter().map(|(key, _)| key));
            }
            let listed = set(parameters);
            wrong.extend(listed.difference(&used).map(|key| format!("{title}, {name}: no example has {key}")));
            wrong.extend(used.difference(&listed).map(|key| format!("{title}, {name}: {key} is not listed")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn steps_are_accepted_and_make_the_size_promised() {
    let tables = tables();
    let rows: Vec<&Row> = tables.iter().flat_map(|(_, table)| table.rows.values().flatten()).collect();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let check = |rows: &[&Row]| {
            let failed =
                rows.iter().filter_map(|row| Some(format!("{} {}: {}", row.name, row.wire, row.check().err()?)));
            failed.collect::<Vec<String>>()
        };
        let parts: Vec<_> =
            rows.chunks(rows.len().div_ceil(processors)).map(|rows| scope.spawn(move || check(rows))).collect();
        parts.into_iter().flat_map(|part| part.join().expect("no step panics")).collect()
    });
    assert!(wrong.is_empty(), "{} examples fail:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn coverage_md_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/COVERAGE.md");
    let written = document(&tables());
    if env::var_os("SAFELIGHT_ACCEPT").is_some_and(|value| value == "1") {
        fs::write(&path, written).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == written, "plugins/COVERAGE.md is not what coverage/*.toml says: set SAFELIGHT_ACCEPT=1");
}

fn set<'a>(names: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    names.into_iter().cloned().collect()
}

/// Whether a row stands in a section.
type Belongs = fn(&Row) -> bool;

fn document(tables: &[(&str, Table)]) -> String {
    let mut text = String::from(
        "# What the dialects' requests come to\n\n\
         Generated from `tests/transforms/coverage/`, whose examples a test runs: every name of the tables of Blitline and\n\
         Cloudinary, with the transforms and parameters that it comes to. *Engine* is what the engine or the dialect does\n\
         itself, *out* what will not be.\n\n",
    );
    text += "| | transforms | engine | out |\n|---|---|---|---|\n";
    for (title, table) in tables {
        let mut counts = [0; 3];
        for (_, rows) in named(table) {
            counts[rows.iter().map(|row| rank(row)).min().unwrap_or(2)] += 1;
        }
        text += &format!("| {title} | {} |\n", counts.map(|count| count.to_string()).join(" | "));
    }
    let sections: [(&str, Belongs); 2] = [
        ("Out, though wanted", |row| rank(row) == 2 && row.promised),
        ("Out, as the specifications leave it out too: other programs, third parties, video, AI", |row| {
            rank(row) == 2 && !row.promised
        }),
    ];
    for (heading, belongs) in sections {
        text += &format!("\n## {heading}\n\n| name | request | why |\n|---|---|---|\n");
        for (title, table) in tables {
            let dialect = title.split(':').next().unwrap_or(title);
            for (group, rows) in &table.rows {
                for row in rows.iter().filter(|row| belongs(row)) {
                    let (name, group) = (&row.name, group.replace('_', " "));
                    text += &format!("| {dialect} {group} `{name}` | {} | {} |\n", code(&row.wire), why(row));
                }
            }
        }
    }
    for (title, table) in tables {
        text += &format!("\n## {title}\n");
        for (group, names) in &table.names {
            text += &format!("\n### {}\n\n| name | request | comes to |\n|---|---|---|\n", group.replace('_', " "));
            let rows = &table.rows[group];
            for name in names {
                for (index, row) in rows.iter().filter(|row| row.name == *name).enumerate() {
                    let name = if index == 0 { code(name) } else { String::new() };
                    let note = row.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
                    text += &format!("| {name} | {} | {}{note} |\n", code(&row.wire), reason(row));
                }
            }
        }
    }
    text
}

/// The rows of every name.
fn named(table: &Table) -> BTreeMap<(&String, &String), Vec<&Row>> {
    let mut all: BTreeMap<_, Vec<&Row>> = BTreeMap::new();
    for (group, rows) in &table.rows {
        rows.iter().for_each(|row| all.entry((group, &row.name)).or_default().push(row));
    }
    all
}

/// A name counts as what most of it is: transforms before the engine before the rest.
fn rank(row: &Row) -> usize {
    match row.answer {
        Answer::Steps(_) => 0,
        Answer::Pipeline(_) => 1,
        Answer::Out(_) => 2,
    }
}

fn reason(row: &Row) -> String {
    let list = |steps: &[(String, Map<String, Value>)]| {
        let step = |(name, params): &(String, Map<String, Value>)| {
            if params.is_empty() {
                return code(name);
            }
            code(&format!("{name} {}", Value::Object(params.clone())))
        };
        steps.iter().map(step).collect::<Vec<String>>().join(", ")
    };
    match &row.answer {
        Answer::Steps(steps) if steps.is_empty() && row.layer.is_empty() => "nothing".to_owned(),
        Answer::Steps(steps) if steps.is_empty() => list(&row.layer),
        Answer::Steps(steps) if row.layer.is_empty() => list(steps),
        Answer::Steps(steps) => format!("{}; the layer: {}", list(steps), list(&row.layer)),
        Answer::Pipeline(_) => format!("engine: {}", why(row)),
        Answer::Out(_) => format!("out: {}", why(row)),
    }
}

/// The words of an answer that is no transform.
fn why(row: &Row) -> &str {
    match &row.answer {
        Answer::Steps(_) => "",
        Answer::Pipeline(text) | Answer::Out(text) => text,
    }
}

/// As code within a cell of a table.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|").replace('\n', " "))
}
