//! Redis and Valkey servers for the tests, each in a folder of its own, and redis-cli.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take for something, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The servers of `scripts/install-redis`.
pub(crate) const PROGRAMS: [&str; 3] = ["redis-6.2", "redis-7.0", "valkey-9.1"];
const DEBIAN: &str = "redis-7.0";

/// A port for a server that can't choose one itself: below those that systems give out, so that nobody is given it before the
/// server takes it.
pub(crate) fn free_port() -> u16 {
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    std::iter::repeat_with(|| fastrand::u16(10_000..30_000)).find(is_free).unwrap()
}

/// Waits until `check` gives something.
pub(crate) fn await_some<T>(what: &str, mut check: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        sleep(Duration::from_millis(20));
    }
}

/// A folder that is removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!("wts-shared-{}-{:016x}", std::process::id(), fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server that ends with this.
pub(crate) struct Server {
    process: Child,
    program: &'static str,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    pub(crate) port: u16,
    pub(crate) folder: Folder,
    /// What redis-cli has to be told to get in.
    login: Vec<String>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Debian's.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_program(DEBIAN, arguments, &[])
    }

    pub(crate) fn start_program(program: &'static str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let owned = |text: &&str| (*text).to_owned();
        let (folder, port) = (Folder::new(), free_port());
        let arguments = arguments.iter().map(owned).collect();
        let environment: Vec<_> = environment.iter().map(|(name, value)| (owned(name), owned(value))).collect();
        let process = spawn(program, port, folder.path(), &arguments, &environment);
        let mut server = Self { process, program, arguments, environment, port, folder, login: Vec::new() };
        server.await_ready();
        server
    }

    fn await_ready(&mut self) {
        await_some("the server's start", || {
            let status = self.process.try_wait().unwrap();
            let log = || fs::read_to_string(self.folder.path().join("server.log")).unwrap();
            assert!(status.is_none(), "the server has ended:\n{}", log());
            let answer = self.try_cli(&["PING"]);
            (answer.contains("PONG") || answer.contains("NOAUTH")).then_some(())
        });
    }

    /// What redis-cli needs for this server from now on.
    pub(crate) fn log_in(&mut self, login: &[&str]) {
        self.login = login.iter().map(|text| (*text).to_owned()).collect();
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// What redis-cli prints for a command.
    pub(crate) fn cli(&self, command: &[&str]) -> String {
        let answer = self.try_cli(command);
        assert!(!answer.starts_with("ERR") && !answer.starts_with("Could not"), "{command:?}: {answer}");
        answer
    }

    pub(crate) fn try_cli(&self, command: &[&str]) -> String {
        let port = self.port.to_string();
        let output = Command::new("redis-cli").args(["-p", &port]).args(&self.login).args(command).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if text.is_empty() { String::from_utf8_lossy(&output.stderr).trim().to_owned() } else { text }
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) fn start_again(&mut self) {
        self.process = spawn(self.program, self.port, self.folder.path(), &self.arguments, &self.environment);
        self.await_ready();
    }

    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap().success());
    }

    /// How often a script was called.
    pub(crate) fn script_calls(&self) -> u64 {
        let stats = self.cli(&["INFO", "commandstats"]);
        let calls = |name: &str| {
            let line = stats.lines().find_map(|line| line.strip_prefix(name))?;
            line.split(',').next()?.parse::<u64>().ok()
        };
        calls("cmdstat_evalsha:calls=").unwrap_or(0) + calls("cmdstat_eval:calls=").unwrap_or(0)
    }
}

fn spawn(program: &str, port: u16, folder: &Path, arguments: &Vec<String>, environment: &[(String, String)]) -> Child {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/redis").join(program);
    // A sentinel wants a file, which comes before all options.
    let config = folder.join("server.conf");
    fs::File::options().create(true).append(true).open(&config).unwrap();
    let log = fs::File::options().create(true).append(true).open(folder.join("server.log")).unwrap();
    Command::new(&path)
        .current_dir(folder)
        .arg(&config)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--dir", folder.to_str().unwrap()])
        .args(if arguments.contains(&"--sentinel".to_owned()) { &[][..] } else { &["--save", ""] })
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::from(log))
        .spawn()
        .unwrap_or_else(|error| panic!("{} (scripts/install-redis puts it there): {error}", path.display()))
}
