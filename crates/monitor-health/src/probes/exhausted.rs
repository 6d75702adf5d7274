//! A process without a free file descriptor, for tests.

use std::{env, fs::File, iter, process::Command};

/// Runs `test` again in a child process with a limit of 64 open files. Returns the files that exhaust the limit in the
/// child, and `None` in the parent, once the child has passed.
pub(crate) fn process(test: &str) -> Option<Vec<File>> {
    if env::var_os(EXHAUSTED).is_some() {
        return Some(iter::from_fn(|| File::open("/dev/null").ok()).collect());
    }
    let mut child = Command::new("sh");
    child.args(["-c", "ulimit -n 64; exec \"$@\"", "sh"]).arg(env::current_exe().expect("this is a program"));
    let status = child.args(["--exact", test]).env(EXHAUSTED, "yes").status();
    assert!(status.expect("it can be started").success());
    None
}

const EXHAUSTED: &str = "MONITOR_HEALTH_TEST_EXHAUSTED";
