//! A private PostgreSQL server for tests.
//!
//! It has a folder, a port and a password of its own, listens on loopback only, and ends with the process that
//! started it, however that ends: the kernel tells it (`setpriv --pdeathsig`). It runs as the user `postgres` when
//! the tests run as root, because PostgreSQL refuses to be root. It does not wait for the disk, unless it is
//! [`durable`](Server::durable): what is tested is not the database.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

/// The superuser that tests are.
const USER: &str = "safelight";

/// Has a password that has to be escaped in an address.
const PASSWORD: &str = "p@ss/w?rd";
const ESCAPED: &str = "p%40ss%2Fw%3Frd";

/// How long a server may take to answer for the first time.
const START: Duration = Duration::from_secs(60);

/// Runs the server, and clears up when it has ended or the tests have. `$1`: the folder; the rest: the server.
const RUN: &str = r#"
    dir=$1; shift
    trap 'kill -QUIT "$server" 2>/dev/null' TERM
    "$@" >"$dir/log" 2>&1 </dev/null &
    server=$!
    wait "$server"
    wait "$server"
    rm -rf "$dir"
"#;

/// Makes the files of a new server. `$1`: the folder; `$2`: initdb.
const INIT: &str = r#"
    set -e
    umask 077
    mkdir "$1"
    printf '%s' "$3" >"$1/password"
    "$2" --pgdata="$1/data" --username=safelight --pwfile="$1/password" --auth=scram-sha-256 \
        --encoding=UTF8 --locale=C --no-sync >"$1/initdb.log" 2>&1 || { cat "$1/initdb.log" >&2; rm -rf "$1"; exit 1; }
    echo 'host replication all 127.0.0.1/32 scram-sha-256' >>"$1/data/pg_hba.conf"
"#;

/// Writes what a server shows of itself. `$1`: the folder; `$2`: its certificate; `$3`: its key.
const SECURE: &str = r#"
    set -e
    umask 077
    printf '%s' "$2" >"$1/data/server.crt"
    printf '%s' "$3" >"$1/data/server.key"
"#;

/// Copies a running server and makes a standby of the copy. `$1`: the folder; `$2`: pg_basebackup; `$3`: the address of
/// the other.
const COPY: &str = r#"
    set -e
    umask 077
    mkdir "$1"
    "$2" --pgdata="$1/data" --dbname="$3" --wal-method=stream --checkpoint=fast --no-sync --write-recovery-conf
"#;

/// A running server.
pub struct Server {
    dir: PathBuf,
    port: u16,
}

/// The server that the tests of this process share.
pub fn shared() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start)
}

/// A database that one test has for itself.
pub struct Database {
    server: &'static Server,
    name: String,
    /// The template that it is a copy of, if another test may have it afterwards.
    template: Option<&'static str>,
}

/// Copies that tests have done with. Making a database anew takes longer than to empty one.
static FREE: Mutex<Vec<(&'static str, String)>> = Mutex::new(Vec::new());

/// Ends what is still connected, and empties all tables but the ones that it is given.
const EMPTY: &str = "DO $$ DECLARE filled TEXT; BEGIN \
     PERFORM pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
     WHERE datname = current_database() AND pid <> pg_backend_pid(); \
     SELECT string_agg(quote_ident(tablename), ', ') INTO filled FROM pg_tables \
     WHERE schemaname = 'public' AND tablename <> ALL ('{KEPT}'); \
     EXECUTE 'TRUNCATE ' || filled; {RESET}; END $$";

impl Server {
    /// Starts one.
    pub fn start() -> Server {
        Server::start_with(&["fsync=off", "full_page_writes=off"])
    }

    /// Starts one that waits for the disk, as in earnest.
    pub fn durable() -> Server {
        Server::start_with(&[])
    }

    fn start_with(settings: &[&str]) -> Server {
        let dir = folder();
        let init = as_user("sh", &["-c", INIT, "sh", path(&dir), path(&tool("initdb")), PASSWORD]).output();
        succeed("initdb", init);
        Server::run(dir, settings)
    }

    /// Starts a standby of this one, which follows it.
    pub fn standby(&self) -> Server {
        let dir = folder();
        let copy = as_user("sh", &["-c", COPY, "sh", path(&dir), path(&tool("pg_basebackup")), &self.url("postgres")]);
        succeed("pg_basebackup", { copy }.output());
        Server::run(dir, &["fsync=off", "full_page_writes=off"])
    }

    fn run(dir: PathBuf, more: &[&str]) -> Server {
        let port = free_port();
        let data = dir.join("data");
        let settings = [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".into(),
            format!("unix_socket_directories={}", dir.display()),
            "max_connections=200".into(),
            "shared_buffers=64MB".into(),
            "deadlock_timeout=100ms".into(),
        ];
        let settings = settings.into_iter().chain(more.iter().map(|setting| (*setting).to_owned()));
        let mut arguments = vec!["-c".to_owned(), RUN.to_owned(), "sh".to_owned(), path(&dir).to_owned()];
        arguments.extend([path(&tool("postgres")).to_owned(), "-D".to_owned(), path(&data).to_owned()]);
        arguments.extend(settings.flat_map(|setting| ["-c".to_owned(), setting]));
        keep(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            as_user("sh", &arguments).stdin(Stdio::null()).spawn().expect("the server is started")
        });
        let server = Server { dir, port };
        let end = Instant::now() + START;
        while !server.psql("postgres", "SELECT 1").is_ok_and(|output| output.status.success()) {
            let log = std::fs::read_to_string(server.dir.join("log")).unwrap_or_default();
            assert!(Instant::now() < end, "PostgreSQL does not answer: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The address of one of its databases.
    pub fn url(&self, database: &str) -> String {
        url(&[self], database)
    }

    /// Makes an empty database that stays as long as the server.
    pub fn create(&self, name: &str) {
        self.execute("postgres", &format!("CREATE DATABASE {name}"));
    }

    /// An empty database.
    pub fn empty(&'static self) -> Database {
        Database { server: self, name: self.copy_of("template1"), template: None }
    }

    /// A copy of another database. What the tables `kept` hold must not be changed, or be as before after the statement
    /// `reset`: the next test has them, too.
    pub fn copy(&'static self, template: &'static str, kept: &[&str], reset: &str) -> Database {
        let free = {
            let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
            free.iter().position(|one| one.0 == template).map(|place| free.swap_remove(place).1)
        };
        let name = match free {
            Some(name) => {
                self.execute(&name, &EMPTY.replace("KEPT", &kept.join(",")).replace("{RESET}", reset));
                name
            }
            None => self.copy_of(template),
        };
        Database { server: self, name, template: Some(template) }
    }

    fn copy_of(&self, template: &str) -> String {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNTER.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        name
    }

    /// Runs statements in a database; answers what they print, a row in a line.
    pub fn execute(&self, database: &str, sql: &str) -> String {
        succeed(sql, self.psql(database, sql))
    }

    fn psql(&self, database: &str, sql: &str) -> std::io::Result<Output> {
        Command::new(tool("psql"))
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
            .args(["--dbname", &self.url(database), "--command", sql])
            .stdin(Stdio::null())
            .output()
    }

    /// Lets it speak TLS, with this certificate and its key in PEM.
    pub fn secure(&self, certificate: &str, key: &str) {
        succeed("write", as_user("sh", &["-c", SECURE, "sh", path(&self.dir), certificate, key]).output());
        self.set("ssl", "on");
    }

    /// Changes a setting while it runs.
    pub fn set(&self, name: &str, value: &str) {
        self.execute("postgres", &format!("ALTER SYSTEM SET {name} = '{value}'"));
        self.execute("postgres", "SELECT pg_reload_conf()");
    }

    /// The processor time of all its processes so far, those that have ended included.
    pub fn processor_time(&self) -> Duration {
        let pid = self.pid();
        let ticks = |stat: &str, fields: &[usize]| -> u64 {
            // The name, in brackets, may hold spaces.
            let rest: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
            fields.iter().filter_map(|field| rest.get(field - 3)?.parse::<u64>().ok()).sum()
        };
        let stat = |pid: &str| std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // utime, stime, and those of children that have ended.
        let mut sum = ticks(&stat(&pid), &[14, 15, 16, 17]);
        for entry in std::fs::read_dir("/proc").expect("processes are listed").flatten() {
            let child = stat(&entry.file_name().to_string_lossy());
            let parent = child.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1));
            if parent == Some(pid.as_str()) {
                sum += ticks(&child, &[14, 15]);
            }
        }
        Duration::from_millis(sum * 10)
    }

    fn pid(&self) -> String {
        let pid = std::fs::read_to_string(self.dir.join("data/postmaster.pid")).expect("the server runs");
        pid.lines().next().expect("the file names the process").to_owned()
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        self.execute("postgres", "SELECT pg_promote()");
    }

    /// Ends it at once, as a crash would; nothing of it is left.
    pub fn crash(&self) {
        succeed("kill", Command::new("kill").args(["-QUIT", &self.pid()]).output());
        let end = Instant::now() + START;
        while self.dir.exists() {
            assert!(Instant::now() < end, "PostgreSQL does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The address of a database of several servers, in this order.
pub fn url(servers: &[&Server], database: &str) -> String {
    let hosts: Vec<String> = servers.iter().map(|server| server.host()).collect();
    format!("postgres://{USER}:{ESCAPED}@{}/{database}", hosts.join(","))
}

impl Database {
    /// Its address.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Runs statements in it.
    pub fn execute(&self, sql: &str) -> String {
        self.server.execute(&self.name, sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(template) = self.template {
            let name = std::mem::take(&mut self.name);
            FREE.lock().unwrap_or_else(PoisonError::into_inner).push((template, name));
        }
    }
}

fn folder() -> PathBuf {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("safelight-postgres-{}-{number}", std::process::id()))
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("it has an address").port()
}

/// Starts a process in a thread that lives as long as this process: the kernel looks at the thread.
fn keep(start: impl FnOnce() -> Child + Send + 'static) {
    let (started, is_started) = mpsc::channel();
    std::thread::spawn(move || {
        let mut child = start();
        started.send(()).expect("the other end waits");
        let _ = child.wait();
        loop {
            std::thread::park();
        }
    });
    is_started.recv().expect("the server is started");
}

/// A command that does not run as root, and that is told when the thread that started it ends.
pub fn as_user(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=TERM");
    // The user is the one that the Debian package makes.
    let id = Command::new("id").arg("-u").output().expect("id tells who runs this");
    if id.stdout.trim_ascii() == b"0" {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.arg(program).args(arguments).current_dir(std::env::temp_dir());
    command
}

/// A program of the server: on the path, or where Debian keeps it.
pub fn tool(name: &str) -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin").join(name)))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from(name))
}

fn path(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}

/// What a command printed; panics with what it complained of when it failed.
fn succeed(what: &str, output: std::io::Result<Output>) -> String {
    let output = output.unwrap_or_else(|error| panic!("{what}: {error} (`make test-tools` installs PostgreSQL)"));
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}
