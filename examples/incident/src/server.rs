//! A process of the TODO API, killed when its handle is dropped.

use std::{
    env,
    error::Error,
    fs::File,
    io,
    net::TcpListener,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    time::Duration,
};

use command_fds::{CommandFdExt, FdMapping};
use monitor_kit::clock;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    stderr: PathBuf,
}

impl Server {
    /// Starts a process that serves on `listener`, which it inherits as file descriptor 3 (systemd's `LISTEN_FDS`
    /// convention).
    pub(crate) fn start(listener: &TcpListener, args: &[String], stderr: &Path) -> Result<Self, Box<dyn Error>> {
        let socket = OwnedFd::from(listener.try_clone()?);
        let mut command = Command::new(env::current_exe()?);
        command
            .arg("serve")
            .args(args)
            .arg(format!("--parent={}", process::id()))
            .env("LISTEN_FDS", "1")
            .env_remove("LISTEN_PID")
            .env_remove("RELEASE_VERSION")
            .env_remove("ADMIN_TOKEN");
        // The play rings its own receivers only.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if OF_ALERTS.iter().any(|begin| text.starts_with(begin)) {
                command.env_remove(&name);
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(stderr)?);
        command.fd_mappings(vec![FdMapping { parent_fd: socket, child_fd: 3 }])?;
        Ok(Self { child: command.spawn()?, stderr: stderr.to_owned() })
    }

    /// Sends SIGTERM to the process.
    pub(crate) fn terminate(&self) -> io::Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        Ok(())
    }

    /// Waits until the process has ended. Returns whether it succeeded.
    pub(crate) async fn ended(&mut self, within: Duration) -> Result<bool, String> {
        let deadline = clock::now() + within;
        while clock::now() < deadline {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status.success()),
                Ok(None) => sleep(Duration::from_millis(20)).await,
                Err(error) => return Err(error.to_string()),
            }
        }
        Err(format!("still running after {within:?}"))
    }

    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Returns what the process wrote to stderr.
    pub(crate) fn stderr(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Beginnings of the names of variables with settings of alerts.
const OF_ALERTS: [&str; 4] = ["SLACK_", "PAGERDUTY_", "ALERT_", "INCIDENT_"];
