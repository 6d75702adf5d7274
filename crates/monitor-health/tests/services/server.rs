//! Servers on loopback, in temporary folders. Dropping the handle stops the server.

use std::{
    env,
    ffi::OsString,
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use monitor_core::clock;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

/// A server process started by the test.
pub(crate) struct Server {
    child: Option<Child>,
    command: Box<dyn Fn() -> Command>,
    is_up: Box<dyn Fn() -> bool>,
    /// The signal that stops it immediately.
    end: Signal,
    pub(crate) addr: SocketAddr,
    _folder: TempDir,
}

impl Server {
    pub(crate) fn redis() -> Self {
        let (folder, addr) = (folder(), free());
        let path = folder.path().to_owned();
        let command = move || {
            let mut command = Command::new(find("redis-server"));
            command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]);
            command.arg(addr.port().to_string()).arg("--dir").arg(&path);
            command
        };
        Self::started(command, move || TcpStream::connect(addr).is_ok(), Signal::KILL, addr, folder)
    }

    /// Starts PostgreSQL. It refuses to run as root, so root starts it as the user that its package created.
    pub(crate) fn postgres() -> Self {
        let (folder, addr, user) = (folder(), free(), unprivileged());
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).expect("root may give it away");
        }
        let path = folder.path().to_owned();
        let as_user = move |program: &str| {
            let mut command = Command::new(find(program));
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command.current_dir("/");
            command
        };
        let made = as_user("initdb")
            .args(["--no-sync", "--auth=trust", "--username=app", "--locale=C", "--encoding=UTF8", "--pgdata"])
            .arg(&path)
            .output()
            .expect("it starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let command = move || {
            let mut command = as_user("postgres");
            command.arg("-D").arg(&path).arg("-k").arg(&path).arg("-p").arg(addr.port().to_string());
            command.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=20"]);
            command
        };
        // It accepts connections before it can serve queries, so an open port is not enough.
        let is_up = move || {
            let mut asks = Command::new(find("pg_isready"));
            asks.args(["--host=127.0.0.1", "--quiet", "--port"]).arg(addr.port().to_string());
            asks.status().is_ok_and(|status| status.success())
        };
        Self::started(command, is_up, Signal::QUIT, addr, folder)
    }

    fn started(
        command: impl Fn() -> Command + 'static,
        is_up: impl Fn() -> bool + 'static,
        end: Signal,
        addr: SocketAddr,
        folder: TempDir,
    ) -> Self {
        let (command, is_up) = (Box::new(command), Box::new(is_up));
        let mut server = Self { child: None, command, is_up, end, addr, _folder: folder };
        server.start();
        server
    }

    /// Starts the server, and waits until it can serve queries.
    pub(crate) fn start(&mut self) {
        let mut command = (self.command)();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.child = Some(child.expect("it starts"));
        let begun = clock::now();
        while !(self.is_up)() {
            assert!(begun.elapsed() < Duration::from_secs(30), "no server listens at {}", self.addr);
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Suspends all processes of the server: connections stay open, but get no response.
    pub(crate) fn freeze(&self) {
        self.tell_all(Signal::STOP);
    }

    pub(crate) fn thaw(&self) {
        self.tell_all(Signal::CONT);
    }

    /// Stops the server immediately.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = kill_process(Pid::from_child(&child), self.end);
            let _ = child.wait();
        }
    }

    /// Signals all processes. The main process comes first, so that it cannot start others meanwhile.
    fn tell_all(&self, signal: Signal) {
        let first = self.child.as_ref().map(Pid::from_child).expect("it runs");
        let others = processes().into_iter().filter(|(_, parent)| *parent == first.as_raw_pid());
        kill_process(first, signal).expect("it is ours");
        for (pid, _) in others {
            let _ = Pid::from_raw(pid).map(|pid| kill_process(pid, signal));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.thaw();
        }
        self.kill();
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port")
}

/// Finds a program of the server. Debian keeps the programs of each version of PostgreSQL in a folder of their own.
fn find(program: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debian: Vec<_> = debian.map(|version| version.path().join("bin")).collect();
    debian.sort();
    let mut folders = env::split_paths(&path).chain(debian.into_iter().rev());
    let found = folders.find_map(|folder| Some(folder.join(program)).filter(|file| file.is_file()));
    found.unwrap_or_else(|| panic!("{program} is not installed: `cargo xtask test` does it"))
}

/// Returns the user and group IDs of `postgres` if this process runs as root.
fn unprivileged() -> Option<(u32, u32)> {
    if !geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("the users");
    let user = users.lines().find(|line| line.starts_with("postgres:")).expect("the package made the user");
    let mut ids = user.split(':').skip(2).filter_map(|id| id.parse().ok());
    ids.next().zip(ids.next())
}

/// Returns all processes with their parents. In `/proc/PID/stat` the state and the parent follow the command, which is
/// in parentheses (proc(5)).
fn processes() -> Vec<(i32, i32)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let read = |name: OsString| {
        let pid = name.to_str()?.parse().ok()?;
        let stat = fs::read_to_string(Path::new("/proc").join(name).join("stat")).ok()?;
        Some((pid, stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?))
    };
    entries.filter_map(|entry| read(entry.file_name())).collect()
}
