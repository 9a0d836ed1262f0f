//! Where the binary, the components and the Python packages are; each missing one is a failure that says
//! what builds it.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// `target/release`: the tests run from `target/release/deps`.
pub(crate) fn release_dir() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().to_path_buf()
}

pub(crate) fn existing(path: PathBuf, made_by: &str) -> PathBuf {
    assert!(path.exists(), "{} is missing: run `{made_by}`", path.display());
    path
}

/// The server's binary.
pub(crate) fn binary() -> PathBuf {
    existing(release_dir().join("safelight"), "make build")
}

/// A component of `tests/programs`.
pub(crate) fn program(name: &str) -> PathBuf {
    let dir = release_dir().parent().unwrap().join("wasm32-wasip2/wasm");
    existing(dir.join(format!("{name}.wasm")), "make programs")
}

/// A component of `tests/frozen`, by its path there.
pub(crate) fn frozen(path: &str) -> PathBuf {
    existing(Path::new(env!("CARGO_MANIFEST_DIR")).join("frozen").join(path), "git checkout")
}

/// The cache of compiled plugins that all test servers share.
pub(crate) fn compiled_cache() -> PathBuf {
    release_dir().parent().unwrap().join("test-compiled")
}

/// Something below `tests/`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    existing(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name), "git checkout")
}

/// Runs a Python program in the environment that has the public client packages; answers what it prints.
/// An exit code other than 0 fails the test.
pub(crate) fn python(program: &str, arguments: &[&str]) -> String {
    python_with(program, arguments, "")
}

/// The same with something to read.
pub(crate) fn python_with(program: &str, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(python_binary())
        .arg("-c")
        .arg(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Programs that do not read close it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The interpreter of the environment that has the public client packages.
pub(crate) fn python_binary() -> PathBuf {
    existing(release_dir().parent().unwrap().join("test-venv/bin/python"), "make test-tools")
}

/// Runs a JavaScript module below `tests/` with the arguments and the folder of the public client packages; answers
/// what it prints. An exit code other than 0 fails the test.
pub(crate) fn node(module: &str, arguments: &[&str]) -> String {
    let module = existing(Path::new(env!("CARGO_MANIFEST_DIR")).join(module), "git checkout");
    let modules = existing(release_dir().parent().unwrap().join("test-node/node_modules"), "make test-tools");
    let folder = modules.parent().unwrap();
    let output = Command::new("node").arg(module).args(arguments).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the binary; its exit code, standard output and standard error.
pub(crate) fn safelight(arguments: &[&str], data_dir: &Path) -> (i32, String, String) {
    safelight_with(arguments, data_dir, &[])
}

/// The same with further variables.
pub(crate) fn safelight_with(
    arguments: &[&str],
    data_dir: &Path,
    environment: &[(&str, String)],
) -> (i32, String, String) {
    let output = Command::new(binary())
        .args(arguments)
        .arg("--data-dir")
        .arg(data_dir)
        .env("SAFELIGHT__PLUGINS__CACHE_DIR", compiled_cache())
        .envs(super::place::written_down(data_dir))
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .output()
        .unwrap();
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}
