//! Monitors of a shop that fails, and checks of its store.

use std::{
    env, fmt, fs, io,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use monitor_core::{
    Issue, KnownMethod, MemoryReporter, Monitor, MonitorBuilder, RequestId, Scope, capture_error, clock,
    instrument::RequestFacts, scope,
};
use monitor_store::Store;

/// An error of the shop.
#[derive(Debug)]
pub(crate) struct OutOfStock;

impl fmt::Display for OutOfStock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of stock")
    }
}

impl std::error::Error for OutOfStock {}

pub(crate) fn builder(folder: &Path, release: &str) -> MonitorBuilder {
    let store = Store::open(folder).expect("the folder can be written to");
    Monitor::builder("shop").release(release).log(None).persist(store)
}

pub(crate) fn shop(folder: &Path, release: &str) -> Monitor {
    builder(folder, release).build().expect("the settings are good")
}

pub(crate) fn watched_shop(folder: &Path, release: &str) -> (Monitor, MemoryReporter) {
    let memory = MemoryReporter::new();
    (builder(folder, release).reporter(memory.clone()).build().expect("the settings are good"), memory)
}

/// Returns a folder with this file as its store.
pub(crate) fn folder_with(file: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(NAME), file).expect("there is room");
    folder
}

/// Captures `times` errors for this user, always from the same callsite.
pub(crate) fn fail(monitor: &Monitor, times: u64, user: &str) {
    for _ in 0..times {
        Scope::new(monitor).in_scope(|| {
            scope::set_user(user);
            capture_error(&OutOfStock);
        });
    }
}

/// Returns the scope of a request.
pub(crate) fn request(monitor: &Monitor, route: &str, path: &str) -> Scope {
    let facts = RequestFacts::new(RequestId::new(), KnownMethod::Get, route);
    RequestFacts { path, ..facts }.into_scope(monitor)
}

pub(crate) fn stop(monitor: Monitor) {
    assert!(monitor.shutdown(Duration::from_secs(30)), "it is saved in time");
}

#[track_caller]
pub(crate) fn flush(monitor: &Monitor) {
    assert!(monitor.flush(Duration::from_secs(30)), "it is saved in time");
}

#[track_caller]
pub(crate) fn only_issue(monitor: &Monitor) -> Issue {
    let mut issues = monitor.issues();
    assert_eq!(issues.len(), 1, "{issues:#?}");
    issues.remove(0)
}

pub(crate) fn count(monitor: &Monitor) -> u64 {
    monitor.issues().iter().map(|issue| issue.count).sum()
}

/// Waits up to 10 s until the condition holds.
#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = clock::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(clock::now() < deadline, "in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Returns the folder passed to this process if it was started by [`child`].
pub(crate) fn childs_folder() -> Option<std::path::PathBuf> {
    env::var_os(FOLDER).map(Into::into)
}

/// Returns a command that runs this test in a process of its own.
pub(crate) fn child(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(env::current_exe().expect("this is a program"));
    command.args(["--exact", test, "--nocapture"]).env(FOLDER, folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// Starts this test in a process of its own. Returns the process and an iterator over its output lines.
pub(crate) fn started(test: &str, folder: &Path) -> (Ended, impl Iterator<Item = String> + use<>) {
    let mut child = Ended(child(test, folder).spawn().expect("it starts"));
    let stdout = child.0.stdout.take().expect("it is piped");
    (child, io::BufRead::lines(io::BufReader::new(stdout)).map_while(Result::ok))
}

/// Returns whether any file in the folder contains the text.
pub(crate) fn is_anywhere(folder: &Path, text: &str) -> bool {
    let files = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("it can be read").path());
    let holds = |file: Vec<u8>| file.windows(text.len()).any(|part| part == text.as_bytes());
    files.map(|file| fs::read(file).unwrap_or_default()).any(holds)
}

/// A log in memory.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no thread panicked")).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no thread panicked").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A child process, killed when dropped.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Name of the database file in a store's folder.
pub(crate) const NAME: &str = "monitor.redb";
const FOLDER: &str = "MONITOR_STORE_TEST_FOLDER";
