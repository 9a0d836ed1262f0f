//! What plugins ask for and have, as an operator sees it.

use super::Folder;
use crate::support::tools;

/// Runs a command with the plugins `witness` and `elder` in the operator's folder, and these lines of settings.
fn run(folder: &Folder, settings: &str, arguments: &[&str]) -> (i32, String, String) {
    for component in [tools::program("witness"), tools::frozen("0.1.0/elder.wasm")] {
        std::fs::create_dir_all(folder.file("plugins")).unwrap();
        let name = component.file_name().unwrap().to_str().unwrap().to_owned();
        std::fs::copy(&component, folder.file(&format!("plugins/{name}"))).unwrap();
    }
    let (config, plugins) = (folder.file("settings.toml"), folder.file("plugins"));
    std::fs::write(&config, settings).unwrap();
    folder.run(&[&["--config", &config, "--plugins", &plugins], arguments].concat())
}

#[test]
fn show_and_list_tell_what_a_plugin_asks_for_and_what_it_has() {
    let folder = Folder::new();
    let (code, shown, err) = run(&folder, "", &["plugin", "show", "witness"]);
    assert_eq!(code, 0, "{err}");
    let expected = "of the world safelight:plugin/transformer@0.2.0\n\
        asks for fonts:* (optional): To tell their names.\n\
        asks for tables:film (optional): To tell its length.\n\
        asks for models:* (optional): To tell their names.\n\
        has none\n\
        all of it with [wasm.plugin.witness] grants = [\"fonts:*\", \"tables:film\", \"models:*\"]\n";
    assert!(shown.contains(expected), "{shown}");
    let (_, list, _) = run(&folder, "", &["plugin", "list"]);
    assert!(list.contains("asks for fonts:*, tables:film, models:*, granted: none\n"), "{list}");
    assert!(list.contains("asks for fonts:*, models:*, granted: none\n"), "{list}");
    assert_eq!(list.matches("asks for").count(), 2, "what comes with it has all that it asks for: {list}");

    let some = "[wasm.plugin.witness]\ngrants = [\"tables\", \"fonts:NotoSans\"]\n";
    let (_, shown, _) = run(&folder, some, &["plugin", "show", "witness"]);
    assert!(shown.contains("\nhas fonts:NotoSans, tables:film\nall of it with"), "{shown}");
    let all = "[wasm.plugin.witness]\ngrants = [\"tables\", \"fonts\", \"models\"]\n";
    let (_, shown, _) = run(&folder, all, &["plugin", "show", "witness"]);
    assert!(shown.contains("\nhas fonts:*, tables:film, models:*\n") && !shown.contains("all of it with"), "{shown}");

    let (_, shown, _) = run(&folder, "", &["plugin", "show", "draw"]);
    assert!(shown.contains("asks for fonts:* (optional): The fonts that text is set in.\nhas fonts:*\n"), "{shown}");
    let (_, shown, _) = run(&folder, "[wasm.plugin.draw]\ngrants = []\n", &["plugin", "show", "draw"]);
    assert!(shown.contains("\nhas none\n"), "{shown}");
    let (_, shown, _) = run(&folder, "", &["plugin", "show", "filter"]);
    assert!(shown.contains("\nasks for nothing but its input\n"), "{shown}");
}

#[test]
fn an_older_plugin_is_told_as_such() {
    let folder = Folder::new();
    let (_, shown, _) = run(&folder, "[wasm.plugin.elder]\ngrants = [\"fonts\"]\n", &["plugin", "show", "elder"]);
    assert!(shown.contains("\nof the world safelight:plugin/transformer@0.1.0\n"), "{shown}");
    assert!(shown.contains("\nasks for models:* (optional): it imports them\nhas fonts:*\n"), "{shown}");
    let component = tools::frozen("0.1.0/halftone.wasm");
    let (code, out, err) = folder.run(&["plugin", "check", component.to_str().unwrap()]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("\nof the world safelight:plugin/transformer@0.1.0\n") && out.contains(" 0 failed"), "{out}");
    let (code, page, _) = folder.run(&["plugin", "docs", tools::program("witness").to_str().unwrap()]);
    assert!(code == 0 && page.contains("| `tables:film` | optional | To tell its length. |"), "{page}");
}

#[test]
fn a_grant_that_is_none_is_refused_with_what_is_expected() {
    let folder = Folder::new();
    let (code, _, err) = run(&folder, "[wasm.plugin.witness]\ngrants = [\"font:x\"]\n", &["plugin", "list"]);
    assert_eq!(code, 1, "{err}");
    let parts = ["wasm.plugin.witness.grants", "is \"font:x\"", "expected fonts, tables or models"];
    assert!(parts.iter().all(|part| err.contains(part)), "{err}");
}
