//! What a plugin may read beside its input: what it asks for, what of it was granted, and the way to it.

use std::{collections::BTreeSet, sync::Arc};

use sha2::{Digest, Sha256};

use super::{
    assets::Assets,
    bindings::safelight::plugin::types as wire,
    contract::{Role, any_version},
    grants::{AssetKind, Grants, Need, Selection},
    manifest::check_line,
    models::Models,
};
use crate::error::{Code, Failure};

/// The most that a manifest may ask for.
const MAX_NEEDS: usize = 64;

/// The operator's files that guests may read.
#[derive(Default)]
pub(super) struct Files {
    pub(super) fonts: Assets,
    pub(super) tables: Assets,
    pub(super) models: Models,
}

impl Files {
    fn of(&self, kind: AssetKind) -> &Assets {
        match kind {
            AssetKind::Font => &self.fonts,
            AssetKind::Table => &self.tables,
            AssetKind::Model => &self.models.networks,
        }
    }
}

/// The files that one plugin sees.
pub(super) struct Access {
    files: Arc<Files>,
    has: Grants,
}

impl Access {
    /// To nothing.
    pub(super) fn none(files: Arc<Files>) -> Access {
        Access { files, has: Grants::default() }
    }

    /// The names of a sort, sorted.
    pub(super) fn names(&self, kind: AssetKind) -> impl Iterator<Item = &str> {
        self.files.of(kind).names().filter(move |name| self.has.hold(kind, name))
    }

    /// The bytes of a file; none if it is not there, or not granted.
    pub(super) fn load(&self, kind: AssetKind, name: &str) -> Option<Arc<[u8]>> {
        if self.has.hold(kind, name) { self.files.of(kind).load(name) } else { None }
    }

    /// The text beside a model.
    pub(super) fn description(&self, model: &str) -> Option<String> {
        if self.has.hold(AssetKind::Model, model) { self.files.models.description(model) } else { None }
    }

    /// Stands for all that is seen: names and [marks](Assets::mark) of the files, hashed; empty if nothing is.
    fn identity(&self) -> String {
        let mut seen = String::new();
        for kind in AssetKind::ALL {
            for name in self.names(kind) {
                let mark = self.files.of(kind).mark(name).unwrap_or_default();
                let beside = if kind == AssetKind::Model { self.files.models.descriptions.mark(name) } else { None };
                seen.push_str(&format!("{kind:?} {name:?} {mark} {}\n", beside.unwrap_or_default()));
            }
        }
        if seen.is_empty() { seen } else { hex::encode(Sha256::digest(seen)) }
    }
}

/// What a plugin asks for and has.
pub(super) struct Capabilities {
    /// What it asks for, as its manifest has it.
    pub(super) needs: Vec<Need>,
    /// What of it was granted.
    pub(super) has: Grants,
    pub(super) access: Arc<Access>,
    /// See [`crate::pipeline::PluginInfo::assets`].
    pub(super) identity: String,
    /// Why it cannot be called: a need that is not optional is not met.
    pub(super) lack: Option<Failure>,
}

impl Capabilities {
    /// Gives a plugin what it needs, as far as it is granted.
    pub(super) fn new(files: Arc<Files>, plugin: &str, needs: Vec<Need>, granted: &Grants) -> Capabilities {
        let lack = needs.iter().filter(|need| !need.optional).find_map(|need| lack(&files, plugin, need, granted));
        let has = granted.of(&needs);
        let access = Access { files, has: has.clone() };
        Capabilities { identity: access.identity(), access: Arc::new(access), needs, has, lack }
    }

    /// Fails if the plugin is of no use with what it has.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.lack.clone().map_or(Ok(()), Err)
    }
}

fn lack(files: &Files, plugin: &str, need: &Need, granted: &Grants) -> Option<Failure> {
    let Need { assets, .. } = need;
    let why = if !granted.touch(assets) {
        "which the operator has not granted"
    } else if assets.name.as_deref().is_some_and(|name| !files.of(assets.kind).names().any(|known| known == name)) {
        "which is granted, and there is no such file"
    } else {
        return None;
    };
    Some(Failure::new(Code::AssetMissing, format!("plugin {plugin} needs {assets}, {why}")))
}

/// Checks the needs of a manifest. The error says which part breaks which rule.
pub(super) fn needs(role: Role, needs: Vec<wire::Need>) -> Result<Vec<Need>, String> {
    if needs.len() > MAX_NEEDS {
        return Err(format!("needs: there are {}, expected at most {MAX_NEEDS}", needs.len()));
    }
    let mut met = BTreeSet::new();
    let mut checked = Vec::with_capacity(needs.len());
    for need in needs {
        let kind = match need.kind {
            wire::AssetKind::Font => AssetKind::Font,
            wire::AssetKind::Table => AssetKind::Table,
            wire::AssetKind::Model if role == Role::Codec => {
                return Err("needs: models are asked for, which codecs do not get".to_owned());
            }
            wire::AssetKind::Model => AssetKind::Model,
        };
        let assets = Selection::named(kind, &need.name)
            .map_err(|problem| format!("needs: a name of {} {problem}", kind.interface()))?;
        check_line(&format!("needs: {assets}: summary"), &need.summary)?;
        if !met.insert(assets.clone()) {
            return Err(format!("needs: {assets} stands there twice"));
        }
        checked.push(Need { assets, optional: need.optional, summary: need.summary });
    }
    Ok(checked)
}

/// What a component asks for whose contract knows no needs: all of each sort that it imports.
pub(super) fn imported_needs(imports: &[String]) -> Vec<Need> {
    let imported = |kind: &AssetKind| imports.iter().any(|name| imports_assets(name, *kind));
    let need =
        |kind| Need { assets: Selection { kind, name: None }, optional: true, summary: "it imports them".to_owned() };
    AssetKind::ALL.into_iter().filter(imported).map(need).collect()
}

/// Whether an import is the interface of a sort of assets.
pub(super) fn imports_assets(import: &str, kind: AssetKind) -> bool {
    import.starts_with(&any_version(kind.interface()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire_need(kind: wire::AssetKind, name: &str) -> wire::Need {
        wire::Need { kind, name: name.to_owned(), optional: false, summary: "For the test.".to_owned() }
    }

    #[test]
    fn needs_that_break_a_rule_are_refused_with_it() {
        use wire::AssetKind::{Font, Model, Table};
        let refused = |role, list: Vec<wire::Need>| needs(role, list).unwrap_err();
        assert_eq!(needs(Role::Codec, vec![wire_need(Font, "*"), wire_need(Font, "A")]).unwrap().len(), 2);
        let twice = refused(Role::Transformer, vec![wire_need(Table, "film"), wire_need(Table, "film")]);
        assert_eq!(twice, "needs: tables:film stands there twice");
        let model = refused(Role::Codec, vec![wire_need(Model, "*")]);
        assert_eq!(model, "needs: models are asked for, which codecs do not get");
        for name in ["", "a/b", "../x", " a", "a\n", "a*"] {
            let problem = refused(Role::Transformer, vec![wire_need(Font, name)]);
            assert!(problem.starts_with("needs: a name of fonts is "), "{problem}");
        }
        let many = (0..65).map(|index| wire_need(Font, &index.to_string())).collect();
        assert_eq!(refused(Role::Transformer, many), "needs: there are 65, expected at most 64");
        let lines = vec![wire::Need { summary: "two\nlines".to_owned(), ..wire_need(Font, "*") }];
        assert!(refused(Role::Transformer, lines).starts_with("needs: fonts:*: summary: is "));
    }

    #[test]
    fn what_is_seen_is_what_was_granted_and_stands_for_itself() {
        let fonts = Assets::built_in(&[("A", b"ay".as_slice()), ("B", b"bee")]);
        let files = Arc::new(Files { fonts, ..Files::default() });
        let seen = |granted: &[&str], optional| {
            let need = Need { optional, ..imported_needs(&["safelight:plugin/fonts@0.1.0".to_owned()]).remove(0) };
            let granted: Grants = granted.iter().map(|text| text.parse::<Selection>().unwrap()).collect();
            Capabilities::new(files.clone(), "p", vec![need], &granted)
        };
        let names = |capabilities: &Capabilities| {
            capabilities.access.names(AssetKind::Font).map(str::to_owned).collect::<Vec<_>>()
        };
        let (none, one, all) = (seen(&[], true), seen(&["fonts:A", "models"], true), seen(&["fonts"], false));
        assert_eq!((names(&none).len(), names(&one), names(&all).len()), (0, vec!["A".to_owned()], 2));
        assert_eq!(one.has.to_string(), "fonts:A");
        assert!(one.access.load(AssetKind::Font, "A").is_some() && one.access.load(AssetKind::Font, "B").is_none());
        assert!(none.identity.is_empty() && one.identity != all.identity && all.check().is_ok());
        assert_eq!(one.identity, seen(&["fonts:A"], true).identity);
        let lack = seen(&["fonts:C"], false).check();
        assert_eq!(lack, Ok(()), "some of all fonts is enough, though there may be none of it");
        let failure = seen(&["tables"], false).check().unwrap_err();
        assert_eq!(failure.message, "plugin p needs fonts:*, which the operator has not granted");
        let named = Need { assets: "fonts:C".parse().unwrap(), optional: false, summary: String::new() };
        let failure = Capabilities::new(files.clone(), "p", vec![named], &Grants::all()).check().unwrap_err();
        assert_eq!(failure.message, "plugin p needs fonts:C, which is granted, and there is no such file");
    }
}
