//! The rules by which the contract with plugins changes, as `wit/README.md` has them, checked on `wit/` and on every
//! version that was released.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use wit_parser::{Handle, Resolve, SourceMap, Stability, Type, TypeDefKind, TypeId, TypeOwner, WorldItem, WorldKey};

/// A version of the contract: what can be named in it.
struct Package {
    version: String,
    /// By a name such as `types.image`, `transform.plan`, `world transformer: import fonts`.
    items: BTreeMap<String, Item>,
}

struct Item {
    stability: Stability,
    /// What it is, with the types that it refers to by name.
    text: String,
}

impl Package {
    fn parse(files: &[(String, String)]) -> Package {
        let mut sources = SourceMap::new();
        for (path, text) in files {
            sources.push(Path::new(path), text);
        }
        let group = sources.parse().map_err(|(_, error)| error).expect("the contract can be parsed");
        let mut resolve = Resolve { all_features: true, ..Resolve::default() };
        let package = resolve.push_group(group).expect("the contract can be resolved");
        Package::of(&resolve, &resolve.packages[package])
    }

    /// The `.wit` files of a folder.
    fn read(folder: &Path) -> Package {
        let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "wit"));
        files.sort();
        let read = |path: &PathBuf| (path.display().to_string(), fs::read_to_string(path).unwrap());
        Package::parse(&files.iter().map(read).collect::<Vec<_>>())
    }

    fn of(resolve: &Resolve, package: &wit_parser::Package) -> Package {
        let mut items = BTreeMap::new();
        let mut add = |name: String, stability: &Stability, text: String| {
            items.insert(name, Item { stability: stability.clone(), text });
        };
        for (name, id) in &package.interfaces {
            let interface = &resolve.interfaces[*id];
            add(name.clone(), &interface.stability, "interface".to_owned());
            for (member, id) in &interface.types {
                let text = definition(resolve, *id);
                add(format!("{name}.{member}"), &resolve.types[*id].stability, text);
            }
            for (member, function) in &interface.functions {
                let params: Vec<String> = function
                    .params
                    .iter()
                    .map(|param| format!("{}: {}", param.name, shown(resolve, &param.ty)))
                    .collect();
                let result = function.result.as_ref().map(|result| format!(" -> {}", shown(resolve, result)));
                let text = format!("func({}){}", params.join(", "), result.unwrap_or_default());
                add(format!("{name}.{member}"), &function.stability, text);
            }
        }
        for (name, id) in &package.worlds {
            let world = &resolve.worlds[*id];
            add(format!("world {name}"), &world.stability, "world".to_owned());
            let imports = world.imports.iter().map(|(key, item)| ("import", key, item));
            for (does, key, item) in imports.chain(world.exports.iter().map(|(key, item)| ("export", key, item))) {
                let (WorldKey::Interface(_), WorldItem::Interface { id, stability, .. }) = (key, item) else {
                    panic!("world {name} has functions or types of its own, which the rules do not know");
                };
                let interface = resolve.interfaces[*id].name.as_deref().unwrap_or_default();
                add(format!("world {name}: {does} {interface}"), stability, String::new());
            }
        }
        let version = package.name.version.as_ref().expect("the package has a version").to_string();
        Package { version, items }
    }
}

/// A type as it is declared.
fn definition(resolve: &Resolve, id: TypeId) -> String {
    let list = |members: Vec<String>| members.join(", ");
    let payload = |ty: &Option<Type>| ty.as_ref().map(|ty| format!("({})", shown(resolve, ty))).unwrap_or_default();
    match &resolve.types[id].kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter().map(|field| format!("{}: {}", field.name, shown(resolve, &field.ty)));
            format!("record {{{}}}", list(fields.collect()))
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter().map(|case| format!("{}{}", case.name, payload(&case.ty)));
            format!("variant {{{}}}", list(cases.collect()))
        }
        TypeDefKind::Enum(cases) => {
            format!("enum {{{}}}", list(cases.cases.iter().map(|case| case.name.clone()).collect()))
        }
        TypeDefKind::Flags(flags) => {
            format!("flags {{{}}}", list(flags.flags.iter().map(|flag| flag.name.clone()).collect()))
        }
        TypeDefKind::Type(Type::Id(used)) => {
            let used = &resolve.types[*used];
            let from = match used.owner {
                TypeOwner::Interface(id) => resolve.interfaces[id].name.clone().unwrap_or_default(),
                _ => String::new(),
            };
            format!("use {from}.{}", used.name.as_deref().unwrap_or_default())
        }
        TypeDefKind::Resource => "resource".to_owned(),
        _ => structure(resolve, id),
    }
}

/// A type as it is referred to: by its name, if it has one.
fn shown(resolve: &Resolve, ty: &Type) -> String {
    match ty {
        Type::Id(id) => match &resolve.types[*id].name {
            Some(name) => name.clone(),
            None => structure(resolve, *id),
        },
        plain => format!("{plain:?}").to_lowercase(),
    }
}

fn structure(resolve: &Resolve, id: TypeId) -> String {
    let shown = |ty: &Type| shown(resolve, ty);
    let maybe = |ty: &Option<Type>| ty.as_ref().map_or("_".to_owned(), shown);
    match &resolve.types[id].kind {
        TypeDefKind::Option(ty) => format!("option<{}>", shown(ty)),
        TypeDefKind::List(ty) => format!("list<{}>", shown(ty)),
        TypeDefKind::Result(result) => format!("result<{}, {}>", maybe(&result.ok), maybe(&result.err)),
        TypeDefKind::Tuple(tuple) => format!("tuple<{}>", tuple.types.iter().map(shown).collect::<Vec<_>>().join(", ")),
        TypeDefKind::Handle(Handle::Own(id)) => format!("own<{}>", shown(&Type::Id(*id))),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", shown(&Type::Id(*id))),
        TypeDefKind::Type(ty) => shown(ty),
        other => panic!("a {} is a sort of type that the rules do not know", other.as_str()),
    }
}

/// What breaks the rules in `current`, or in `released` versions, the oldest first, beside it. `spoken`: the versions
/// that the host loads.
fn problems(released: &[Package], current: &Package, spoken: &[&str]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut add = |problem: String| problems.push(problem);
    let newest = released.last().map_or("", |package| package.version.as_str());
    if order(newest) > order(&current.version) {
        add(format!("wit/ is of {}, and {newest} was released already", current.version));
    }
    let mut expected: BTreeSet<&str> = released.iter().map(|package| package.version.as_str()).collect();
    expected.insert(&current.version);
    if expected != spoken.iter().copied().collect() {
        let expected: Vec<&str> = expected.into_iter().collect();
        add(format!(
            "the host speaks {}, and there are {}: keep what was released in wit/released/",
            spoken.join(", "),
            expected.join(", ")
        ));
    }
    for (index, package) in released.iter().chain([current]).enumerate() {
        let own = &package.version;
        for (name, item) in &package.items {
            let since = match &item.stability {
                Stability::Stable { since, .. } => since.to_string(),
                Stability::Unstable { .. } if index == released.len() => continue,
                // The worlds of 0.1.0 are older than this rule.
                Stability::Unknown if own == "0.1.0" && name.starts_with("world ") => continue,
                _ => {
                    add(format!("{own}: {name} has no @since"));
                    continue;
                }
            };
            if order(&since) > order(own) {
                add(format!("{own}: {name} is there since {since}, which is yet to come"));
            }
            if since != *own && !released.iter().any(|older| older.version == since) {
                add(format!("{own}: {name} is there since {since}, which wit/released/ does not have"));
            }
            for older in released
                .iter()
                .filter(|older| order(&since) <= order(&older.version) && order(&older.version) < order(own))
            {
                let then = older.items.get(name);
                if then.is_none_or(|then| then.text != item.text) {
                    let then = then.map_or("is not there", |then| then.text.as_str());
                    add(format!(
                        "{own}: {name} is there since {since}, and in {} it is another: {then}",
                        older.version
                    ));
                }
            }
        }
    }
    if let Some(same) = released.iter().find(|package| package.version == current.version) {
        for (name, item) in &same.items {
            match current.items.get(name) {
                None => add(format!("{name} was removed within {}", same.version)),
                Some(now) if now.text != item.text => {
                    add(format!("{name} was changed within {}: from {} to {}", same.version, item.text, now.text));
                }
                Some(_) => {}
            }
        }
    }
    problems
}

/// Versions in their order.
fn order(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")
}

/// The folders of released versions, the oldest first.
fn releases() -> Vec<PathBuf> {
    let entries = fs::read_dir(wit().join("released")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort_by_key(|path| order(path.file_name().unwrap().to_str().unwrap()));
    folders
}

#[test]
fn the_contract_changes_by_its_rules() {
    let released: Vec<Package> = releases().iter().map(|folder| Package::read(folder)).collect();
    for (folder, package) in releases().iter().zip(&released) {
        assert_eq!(folder.file_name().unwrap().to_str().unwrap(), package.version);
        let frozen = wit().join("../tests/frozen").join(&package.version);
        let is_component = |path: &Path| path.extension().is_some_and(|extension| extension == "wasm");
        let components = fs::read_dir(&frozen).unwrap().filter(|entry| is_component(&entry.as_ref().unwrap().path()));
        assert!(components.count() > 0, "{}: keep components of each released version", frozen.display());
    }
    let found = problems(&released, &Package::read(&wit()), &safelight::wasm::VERSIONS);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_was_released_is_as_it_was() {
    let listed = fs::read_to_string(wit().join("released/SHA256SUMS")).unwrap();
    let mut found = Vec::new();
    for folder in releases() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(wit().join("released")).unwrap().display().to_string();
            found.push((name, hex::encode(Sha256::digest(fs::read(&path).unwrap()))));
        }
    }
    found.sort();
    let found: String = found.into_iter().map(|(name, digest)| format!("{digest}  {name}\n")).collect();
    assert_eq!(
        found, listed,
        "a released version never changes; a new one is listed by `sha256sum */*` in wit/released/"
    );
}

#[test]
fn the_readme_names_the_version_and_what_it_is_made_of() {
    let readme = fs::read_to_string(wit().join("README.md")).unwrap();
    let current = Package::read(&wit());
    assert!(readme.contains(&format!("`safelight:plugin@{}`", current.version)), "wit/README.md names another version");
    for file in fs::read_dir(wit()).unwrap().map(|entry| entry.unwrap().file_name()) {
        let name = file.to_str().unwrap().to_owned();
        assert!(!name.ends_with(".wit") || readme.contains(&format!("`{name}`")), "wit/README.md does not name {name}");
    }
}

/// The rules themselves, on a small contract.
mod rules {
    use super::{Package, problems};

    const OLD: &str = "package a:b@0.1.0;
        @since(version = 0.1.0) interface types {
            @since(version = 0.1.0) record size { width: u32, height: u32 }
            @since(version = 0.1.0) enum kind { one, two }
            @since(version = 0.1.0) plan: func(size: size, name: option<string>) -> result<kind, string>;
        }
        @since(version = 0.1.0) world plugin { @since(version = 0.1.0) export types; }";

    fn package(text: &str) -> Package {
        Package::parse(&[("contract.wit".to_owned(), text.to_owned())])
    }

    /// What is wrong after a change, where `OLD` was released.
    fn after(changes: &[(&str, &str)]) -> Vec<String> {
        let mut text = OLD.to_owned();
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, to, 1);
        }
        let current = package(&text);
        let mut spoken = vec!["0.1.0"];
        if current.version != "0.1.0" {
            spoken.push(&current.version);
        }
        problems(&[package(OLD)], &current, &spoken)
    }

    const NEXT: (&str, &str) = ("a:b@0.1.0", "a:b@0.2.0");
    const ENUM: &str = "@since(version = 0.1.0) enum kind { one, two }";

    #[test]
    fn additions_are_let_through_and_changes_are_not() {
        assert!(after(&[]).is_empty());
        let added = "@since(version = 0.1.0) enum kind { one, two } @since(version = 0.1.0) more: func();";
        assert!(after(&[(ENUM, added)]).is_empty());
        let case = after(&[("one, two", "one, two, three")]);
        assert_eq!(case, ["types.kind was changed within 0.1.0: from enum {one, two} to enum {one, two, three}"]);
        let field = after(&[("height: u32", "height: u64")]);
        assert!(field[0].starts_with("types.size was changed within 0.1.0: from record {width: u32, height: u32}"));
        let param = after(&[("size: size, ", "")]);
        assert!(
            param[0].starts_with("types.plan was changed within 0.1.0: from func(size: size, name: option<string>)")
        );
        let removed = after(&[("-> result<kind, string>", "-> result<_, string>"), (ENUM, "")]);
        assert!(removed.contains(&"types.kind was removed within 0.1.0".to_owned()), "{removed:?}");
    }

    #[test]
    fn a_new_version_may_break_and_says_what_is_new() {
        assert!(after(&[NEXT]).is_empty());
        let told = after(&[NEXT, (ENUM, "@since(version = 0.2.0) enum kind { one, three }")]);
        assert!(told.is_empty(), "{told:?}");
        let untold = after(&[NEXT, ("one, two", "one, three")]);
        assert_eq!(untold, ["0.2.0: types.kind is there since 0.1.0, and in 0.1.0 it is another: enum {one, two}"]);
        let added = after(&[
            NEXT,
            (ENUM, "@since(version = 0.1.0) enum kind { one, two } @since(version = 0.1.0) new: func();"),
        ]);
        assert_eq!(added, ["0.2.0: types.new is there since 0.1.0, and in 0.1.0 it is another: is not there"]);
    }

    #[test]
    fn every_item_says_since_when_it_is_there() {
        let none = after(&[("@since(version = 0.1.0) enum", "enum")]);
        assert_eq!(none, ["0.1.0: types.kind has no @since"]);
        let skipped = after(&[("a:b@0.1.0", "a:b@0.3.0"), (ENUM, "@since(version = 0.2.0) enum kind { one, two }")]);
        assert_eq!(skipped, ["0.3.0: types.kind is there since 0.2.0, which wit/released/ does not have"]);
    }

    #[test]
    fn what_the_host_speaks_is_kept_and_what_is_kept_is_spoken() {
        let next = package(&OLD.replace("a:b@0.1.0", "a:b@0.2.0"));
        let unkept = problems(&[], &next, &["0.1.0", "0.2.0"]);
        assert!(unkept[0].starts_with("the host speaks 0.1.0, 0.2.0, and there are 0.2.0: keep"), "{unkept:?}");
        let unspoken = problems(&[package(OLD)], &next, &["0.2.0"]);
        assert!(unspoken[0].starts_with("the host speaks 0.2.0, and there are 0.1.0, 0.2.0"), "{unspoken:?}");
        let back = problems(&[next], &package(OLD), &["0.1.0", "0.2.0"]);
        assert!(back.contains(&"wit/ is of 0.1.0, and 0.2.0 was released already".to_owned()), "{back:?}");
    }
}
