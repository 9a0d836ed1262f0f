//! Leaves nothing behind, however the program ends: a second process of it waits for that.

use std::{
    fs,
    io::Read,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// The first word of the second process's command line; the folder follows.
pub(crate) const WORD: &str = "--janitor";

/// What runs in the folder and may be ended.
const PROGRAMS: [&str; 5] = ["etcd", "postgres", "python", "safelight", "setpriv"];

/// How long databases may take to end in order.
const PATIENCE: Duration = Duration::from_secs(10);

/// The second process. When this is dropped, the folder and what runs in it are gone.
pub(crate) struct Janitor(Child);

impl Janitor {
    pub(crate) fn of(dir: &Path) -> Janitor {
        let program = std::env::current_exe().unwrap();
        // In a group of its own, so that it outlives ctrl-c. It hears of the end by its input.
        let mut command = Command::new(program);
        command.arg(WORD).arg(dir).stdin(Stdio::piped()).process_group(0);
        Janitor(command.spawn().unwrap())
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Waits for the end of the first process, then ends what runs in the folder, and removes it.
pub(crate) fn wait_and_clear(dir: &Path) {
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    let ends = |program: &str, signal| {
        processes(dir).iter().filter(|process| process.program.starts_with(program)).for_each(|process| {
            let _ = kill_process(process.pid, signal);
        });
    };
    ends("python", Signal::KILL);
    ends("safelight", Signal::KILL);
    ends("etcd", Signal::KILL);
    // This lets them give their shared memory back. What was stopped has to hear of it.
    ends("postgres", Signal::QUIT);
    ends("postgres", Signal::CONT);
    let end = Instant::now() + PATIENCE;
    while !processes(dir).is_empty() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(50));
    }
    ends("", Signal::KILL);
    for mounted in mounts(dir) {
        let _ = Command::new("umount").arg("--lazy").arg(mounted).status();
    }
    let _ = fs::remove_dir_all(dir);
}

/// A process that runs in a folder, or was told of it.
pub(crate) struct Process {
    pub(crate) pid: Pid,
    /// As the kernel calls it.
    pub(crate) program: String,
    /// Its arguments, with blanks between them.
    pub(crate) line: String,
}

/// The processes of a folder, of the programs that are started here.
pub(crate) fn processes(dir: &Path) -> Vec<Process> {
    let inside = format!("{}/", dir.display());
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else {
            continue;
        };
        let read = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default();
        let line = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
        let works_there = fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(dir));
        let program = String::from_utf8_lossy(&read("comm")).trim_end().to_owned();
        let is_ours = PROGRAMS.iter().any(|name| program.starts_with(name));
        // Those that have ended have no line.
        if is_ours && !line.is_empty() && (works_there || line.contains(&inside)) {
            found.push(Process { pid, program, line });
        }
    }
    found
}

fn mounts(dir: &Path) -> Vec<PathBuf> {
    let mounted = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let places = mounted.lines().filter_map(|line| line.split(' ').nth(1)).map(PathBuf::from);
    places.filter(|place| place.starts_with(dir)).collect()
}
