//! The manager over a real store, real blobs and real components.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use safelight_codec::Raster;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    account,
    blob::Blobs,
    clock::Clock,
    config::Config,
    error::Code,
    job::Params,
    pipeline::{Call, Rect, Size, Transforms, View},
    store::{AuditFilter, DeliveryClaim, Options, Sqlite, Store},
    wasm::{
        PluginLimits, Registry, Snapshot,
        tests::{as_version, component, open as open_registry_in},
    },
};

/// A folder with a store and blobs, which several managers may use.
struct Place {
    dir: crate::wasm::tests::Dir,
    root: PathBuf,
}

impl Place {
    fn new() -> Place {
        let dir = crate::wasm::tests::Dir::new();
        let root = dir.path("");
        Place { dir, root }
    }

    async fn manager(&self, change: impl FnOnce(&mut Rules)) -> (Arc<Manager>, Arc<dyn Store>) {
        let defaults = Config::defaults();
        let mut rules = Rules { config: defaults.plugins, admin_accounts: vec!["demo".to_owned()] };
        change(&mut rules);
        let options = Options::without_breaker([7; 32]);
        let store: Arc<dyn Store> =
            Arc::new(Sqlite::open(&self.root.join("store.db"), Clock::System, options).await.unwrap());
        for key in ["demo", "shop"] {
            if store.account(key).await.unwrap().is_none() {
                store.create_account(account::generate(key, UNIX_EPOCH).unwrap()).await.unwrap();
            }
        }
        let blobs = Blobs::local(&self.root.join("blobs")).unwrap();
        let registry: Registry = open_registry_in(&self.dir, |_| ()).unwrap();
        let manager = Manager::open(Arc::new(registry), store.clone(), blobs, Clock::System, rules).await.unwrap();
        (Arc::new(manager), store)
    }
}

fn version(number: &str) -> Bytes {
    as_version(&component("empty"), number).into()
}

fn from_a_file() -> Provenance {
    Provenance { source: "empty.wasm".into(), signed_by: None }
}

fn demo() -> By {
    By::operator("demo")
}

/// The version that runs for an account, and a run of it.
fn runs(manager: &Manager, account: &str) -> Option<String> {
    let view = manager.registry().view(account);
    let info = view.resolve("noop").ok()?;
    run(&view, "noop").unwrap();
    Some(info.plugin.version.clone())
}

fn run(view: &Snapshot, name: &str) -> Result<(), crate::error::Failure> {
    let call = Call { transform: view.resolve(name)?, params: Params::new(), images: Vec::new() };
    let picture = Raster::filled(4, 3, [1, 2, 3, 255]);
    let view_of_it = View { full: Size { width: 4, height: 3 }, region: Rect { x: 0, y: 0, width: 4, height: 3 } };
    let ran = tokio::task::block_in_place(|| view.run(&[call], Some(&picture), view_of_it));
    ran.map(|_| ()).map_err(|error| error.failure)
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_installed_rolled_back_pinned_and_removed_and_all_of_it_is_written_down() {
    let place = Place::new();
    let (manager, store) = place.manager(|_| ()).await;
    for number in ["1.0.0", "2.0.0"] {
        manager.install(&demo(), Some("empty"), version(number), from_a_file()).await.unwrap();
        assert_eq!(runs(&manager, "shop").as_deref(), Some(number));
    }
    manager.decide(&demo(), "empty", &[Decision::RollBack]).await.unwrap();
    assert_eq!(runs(&manager, "shop").as_deref(), Some("1.0.0"));
    let pin = |account: &str| Decision::Pin { account: account.into(), version: "2.0.0".into() };
    assert_eq!(manager.decide(&demo(), "empty", &[pin("nobody")]).await.unwrap_err().code, Code::NotFound);
    manager.decide(&demo(), "empty", &[pin("shop")]).await.unwrap();
    assert_eq!((runs(&manager, "shop").as_deref(), runs(&manager, "demo").as_deref()), (Some("2.0.0"), Some("1.0.0")));
    let both = [Decision::Unpin { account: "shop".into() }, Decision::Drop { version: "9.9.9".into() }];
    assert_eq!(manager.decide(&demo(), "empty", &both).await.unwrap_err().code, Code::NotFound);
    assert_eq!(runs(&manager, "shop").as_deref(), Some("2.0.0"), "all decisions or none");
    manager.decide(&demo(), "empty", &[Decision::Disable { reason: "not now".into() }]).await.unwrap();
    let off = manager.registry().view("demo").resolve("noop").unwrap_err();
    assert!(off.code == Code::PluginDisabled && off.message.ends_with(": not now"), "{off}");
    assert_eq!(manager.find("", "empty").unwrap().state(), "disabled");
    manager.decide(&demo(), "empty", &[Decision::Enable]).await.unwrap();

    manager.remove(&demo(), "empty").await.unwrap();
    assert_eq!(runs(&manager, "demo"), None);
    assert_eq!(manager.remove(&demo(), "empty").await.unwrap_err().code, Code::NotFound);
    let log = store.audit_log(AuditFilter { limit: 50, ..AuditFilter::default() }).await.unwrap().items;
    let actions: Vec<&str> = log.iter().rev().map(|entry| entry.action.as_str()).collect();
    let installed = "plugin.installed";
    let later = ["plugin.rolled_back", "plugin.pinned", "plugin.disabled", "plugin.enabled", "plugin.removed"];
    assert_eq!(actions, [&[installed, installed], &later[..]].concat());
    assert!(log.iter().all(|entry| entry.actor == "demo" && entry.subject == "empty"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_installs_another_runs_now_and_after_a_restart() {
    let place = Place::new();
    let (one, _store) = place.manager(|_| ()).await;
    let (other, _other_store) = place.manager(|_| ()).await;
    one.install(&demo(), None, version("1.0.0"), from_a_file()).await.unwrap();
    assert_eq!(runs(&other, "demo"), None);
    other.keep_in_step().await.unwrap();
    assert_eq!(runs(&other, "demo").as_deref(), Some("1.0.0"));
    other.install(&demo(), None, version("2.0.0"), from_a_file()).await.unwrap();
    one.keep_in_step().await.unwrap();
    assert_eq!(runs(&one, "demo").as_deref(), Some("2.0.0"));
    let (later, _later_store) = place.manager(|_| ()).await;
    assert_eq!(runs(&later, "demo").as_deref(), Some("2.0.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_gone_is_told_and_the_rest_goes_on() {
    let place = Place::new();
    let (manager, _store) = place.manager(|_| ()).await;
    manager.install(&demo(), None, version("1.0.0"), from_a_file()).await.unwrap();
    let digest = manager.find("", "empty").unwrap().record.versions[0].digest.clone();
    std::fs::remove_file(place.root.join("blobs").join(&digest[..2]).join(&digest)).unwrap();
    let (later, _later_store) = place.manager(|_| ()).await;
    let listed = later.find("", "empty").unwrap();
    assert_eq!((listed.state(), listed.plugin.is_none()), ("unavailable", true));
    // The same component again mends it.
    later.install(&demo(), None, version("1.0.0"), from_a_file()).await.unwrap();
    assert_eq!(runs(&later, "demo").as_deref(), Some("1.0.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_changes_nothing() {
    let place = Place::new();
    let (manager, store) = place.manager(|_| ()).await;
    manager.install(&demo(), None, version("1.0.0"), from_a_file()).await.unwrap();
    let before = store.plugin_set().await.unwrap();
    let refused = [
        (Bytes::from_static(b"junk"), "not WebAssembly"),
        (component("other_world").into(), "of neither world of"),
        (component("liar").into(), "two are named"),
    ];
    for (component, expected) in refused {
        let failure = manager.install(&demo(), None, component, from_a_file()).await.unwrap_err();
        assert!(failure.code == Code::PluginInvalid && failure.message.contains(expected), "{failure}");
    }
    let other_name = manager.install(&demo(), Some("halftone"), version("2.0.0"), from_a_file()).await.unwrap_err();
    assert_eq!(other_name.message, "the component is the plugin \"empty\", expected \"halftone\"");
    assert_eq!(store.plugin_set().await.unwrap(), before);
    assert_eq!(runs(&manager, "demo").as_deref(), Some("1.0.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_plugins_of_its_own_within_its_quota() {
    let place = Place::new();
    let size = component("empty").len() as u64;
    let (manager, _store) = place
        .manager(|rules| {
            rules.config.own_plugins = 1;
            rules.config.own_bytes = 2 * size;
        })
        .await;
    let shop = By::owner("shop");
    manager.install(&shop, None, version("1.0.0"), from_a_file()).await.unwrap();
    assert_eq!((runs(&manager, "shop").as_deref(), runs(&manager, "demo")), (Some("1.0.0"), None));
    // One of everybody's with the same name does not change what the account has.
    manager.install(&demo(), None, version("5.0.0"), from_a_file()).await.unwrap();
    assert_eq!((runs(&manager, "shop").as_deref(), runs(&manager, "demo").as_deref()), (Some("1.0.0"), Some("5.0.0")));
    manager.install(&shop, None, version("1.1.0"), from_a_file()).await.unwrap();
    let forbidden = async |component: Bytes, expected: &str| {
        let failure = manager.install(&shop, None, component, from_a_file()).await.unwrap_err();
        assert!(failure.code == Code::Forbidden && failure.message.contains(expected), "{failure}");
    };
    forbidden(version("1.2.0"), "are allowed").await;
    forbidden(component("geometry").into(), "the account has 1 plugins of its own, 1 are allowed").await;
    forbidden(component("hostile_codec").into(), "read or write no formats").await;
    manager.decide(&shop, "empty", &[Decision::Drop { version: "1.0.0".into() }]).await.unwrap();
    manager.install(&shop, None, version("1.2.0"), from_a_file()).await.unwrap();
    let tight = PluginLimits { output_bytes: Some(1), ..PluginLimits::default() };
    manager.decide(&demo(), "empty", &[Decision::Limit(tight)]).await.unwrap();
    assert!(run(&manager.registry().view("demo"), "noop").is_err());
    assert_eq!(runs(&manager, "shop").as_deref(), Some("1.2.0"), "the limits of everybody's are not the own one's");
    manager.remove(&shop, "empty").await.unwrap();
    assert!(run(&manager.registry().view("shop"), "empty@5.0.0/noop").is_err());
    assert!(manager.find("shop", "empty").is_none() && manager.find("", "empty").is_some());

    let (none, _store) = Place::new().manager(|rules| rules.config.own_plugins = 0).await;
    let failure = none.install(&shop, None, version("1.0.0"), from_a_file()).await.unwrap_err();
    assert_eq!(failure.code, Code::Forbidden);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_keeps_trapping_goes_into_quarantine_and_the_operator_is_told() {
    let place = Place::new();
    // One of its transforms never ends being planned, so it cannot be installed: it lies in the operator's folder.
    let place = Place { dir: place.dir.with("folder/hostile.wasm", &component("hostile")), root: place.root };
    let (manager, store) = place
        .manager(|rules| {
            rules.config.quarantine_traps = 3;
            rules.config.notification_url = "https://operator.example/hook".into();
        })
        .await;
    let stop = CancellationToken::new();
    let following = tokio::spawn({
        let (manager, stop) = (manager.clone(), stop.clone());
        async move { manager.follow(stop).await }
    });
    for _ in 0..3 {
        let view = manager.registry().view("demo");
        let failure = tokio::task::spawn_blocking(move || run(&view, "trap")).await.unwrap().unwrap_err();
        assert_eq!(failure.code, Code::PluginTrapped);
    }
    let until = SystemTime::now() + Duration::from_secs(20);
    while manager.find("", "hostile").unwrap().state() != "quarantined" {
        assert!(SystemTime::now() < until, "it is not in quarantine");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let off = manager.registry().view("demo").resolve("refuse").unwrap_err();
    assert!(off.code == Code::PluginDisabled && off.message.contains("failed 3 times in 3 calls"), "{off}");
    let claim =
        DeliveryClaim { limit: 10, lease: Duration::from_secs(30), retries: false, per_receiver: 10, per_account: 10 };
    let told = store.claim_deliveries(claim).await.unwrap();
    assert_eq!(told.len(), 1);
    let delivery = &told[0].row.delivery;
    assert_eq!((delivery.kind.as_str(), delivery.account.as_str()), ("plugin.quarantined", "demo"));
    let body: serde_json::Value = serde_json::from_slice(&delivery.body).unwrap();
    assert_eq!((&body["type"], &body["data"]["plugin"]), (&"plugin.quarantined".into(), &"hostile".into()));
    let log = store.audit_log(AuditFilter { limit: 5, ..AuditFilter::default() }).await.unwrap().items;
    assert_eq!((log[0].actor.as_str(), log[0].action.as_str()), ("safelight", "plugin.quarantined"));

    manager.decide(&demo(), "hostile", &[Decision::Enable]).await.unwrap();
    assert!(manager.registry().view("demo").resolve("refuse").is_ok());
    stop.cancel();
    following.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundled_plugin_can_be_disabled_but_neither_replaced_nor_removed() {
    let place = Place::new();
    let place = Place { dir: place.dir.with("bundled/empty.wasm", &component("empty")), root: place.root };
    let (manager, _store) = place.manager(|_| ()).await;
    let failure = manager.install(&demo(), None, version("2.0.0"), from_a_file()).await.unwrap_err();
    assert_eq!(failure.code, Code::Conflict);
    assert_eq!(manager.remove(&demo(), "empty").await.unwrap_err().code, Code::Conflict);
    assert_eq!(manager.decide(&demo(), "empty", &[Decision::RollBack]).await.unwrap_err().code, Code::Conflict);
    manager.decide(&demo(), "empty", &[Decision::Disable { reason: "unwanted".into() }]).await.unwrap();
    assert_eq!(runs(&manager, "demo"), None);
    let (later, store) = place.manager(|_| ()).await;
    assert_eq!(runs(&later, "demo"), None, "after a restart");
    later.decide(&demo(), "empty", &[Decision::Enable]).await.unwrap();
    assert_eq!(runs(&later, "demo").as_deref(), Some("0.1.0"));
    assert_eq!(store.plugin_set().await.unwrap().rows, [], "nothing is left to be said of it");
    let tight = PluginLimits { output_bytes: Some(1), ..PluginLimits::default() };
    later.decide(&demo(), "empty", &[Decision::Limit(tight)]).await.unwrap();
    assert_eq!(run(&later.registry().view("demo"), "noop").unwrap_err().code, Code::LimitOutput);
    later.decide(&demo(), "empty", &[Decision::Limit(PluginLimits::default())]).await.unwrap();
    assert_eq!(runs(&later, "demo").as_deref(), Some("0.1.0"), "a limit that was taken back is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_replacements_under_load_fail_no_run() {
    let place = Place::new();
    let (manager, _store) = place.manager(|_| ()).await;
    manager.install(&demo(), None, version("0.0.0"), from_a_file()).await.unwrap();
    let done = CancellationToken::new();
    let runners: Vec<_> = (0..4)
        .map(|_| {
            let (manager, done) = (manager.clone(), done.clone());
            tokio::task::spawn_blocking(move || {
                let mut count = 0u64;
                while !done.is_cancelled() {
                    // As a job does: one view for all of its steps.
                    let view = manager.registry().view("demo");
                    let first = view.resolve("noop").unwrap().plugin.version.clone();
                    for _ in 0..3 {
                        run(&view, "noop").unwrap();
                        assert_eq!(view.resolve("noop").unwrap().plugin.version, first);
                    }
                    count += 1;
                }
                count
            })
        })
        .collect();
    for number in 1..=100 {
        let number = format!("{}.{}.{}", number / 100, number / 10 % 10, number % 10);
        manager.install(&demo(), None, version(&number), from_a_file()).await.unwrap();
        assert_eq!(manager.registry().view("demo").resolve("noop").unwrap().plugin.version, number);
    }
    done.cancel();
    for runner in runners {
        assert!(runner.await.unwrap() > 0);
    }
    let record = manager.find("", "empty").unwrap().record;
    assert_eq!(record.versions.len(), Config::defaults().plugins.keep_versions);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_cannot_be_read_for_now_is_waited_for() {
    let place = Place::new();
    let (one, _store) = place.manager(|_| ()).await;
    one.install(&demo(), None, version("1.0.0"), from_a_file()).await.unwrap();
    let (other, store) = place.manager(|_| ()).await;
    assert_eq!(store.level().plugins(), 1);
    let second = one.install(&demo(), None, version("2.0.0"), from_a_file()).await.unwrap();
    let digest = second.record.active().unwrap().digest.as_str();
    let path = place.root.join("blobs").join(&digest[..2]).join(digest);
    let beside = path.with_extension("beside");
    std::fs::rename(&path, &beside).unwrap();
    // It cannot be opened, and is not missing.
    std::os::unix::fs::symlink(&path, &path).unwrap();
    other.keep_in_step().await.unwrap();
    assert_eq!(runs(&other, "demo").as_deref(), Some("1.0.0"), "what was offered stays");
    assert_eq!(store.level().plugins(), 1, "no jobs that may need the new one come here");
    // A node that starts meanwhile offers what it can.
    let (late, late_store) = place.manager(|_| ()).await;
    assert_eq!((runs(&late, "demo"), late_store.level().plugins()), (None, 0));
    std::fs::rename(&beside, &path).unwrap();
    for (manager, store) in [(other, store), (late, late_store)] {
        manager.keep_in_step().await.unwrap();
        assert_eq!(runs(&manager, "demo").as_deref(), Some("2.0.0"));
        assert_eq!(store.level().plugins(), 2);
    }
}
