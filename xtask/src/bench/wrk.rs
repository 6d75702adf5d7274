//! Measures the CPU time per request of a server on loopback, under load from wrk. Requests per second are not
//! meaningful, because wrk may be the bottleneck.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use super::{
    figures::median,
    process::{self, Log},
};
use crate::{failure::Failure, run::read};

/// Returns the median CPU time per request in microseconds, by logging setup. `none` is the bare server.
pub(super) fn measure(rounds: usize, seconds: u32) -> Result<Vec<(String, f64)>, Failure> {
    let servers = Log::ALL.into_iter().map(Server::start).collect::<Result<Vec<_>, _>>()?;
    let mut costs = vec![Vec::new(); servers.len()];
    for _ in 0..rounds {
        for (server, costs) in servers.iter().zip(&mut costs) {
            costs.push(server.ask(seconds)?);
        }
    }
    let [bare, peers, ours] = &costs[..] else { return Err(Failure::step("there are three servers")) };
    let beside_bare =
        |costs: &[f64]| median(&bare.iter().zip(costs).map(|(bare, cost)| bare / cost).collect::<Vec<_>>());
    Ok(vec![
        ("server, bare: µs of CPU a request".to_owned(), median(bare)),
        ("server, all of the peers, one JSON line: µs of CPU a request".to_owned(), median(peers)),
        ("server, all of ours, one JSON line: µs of CPU a request".to_owned(), median(ours)),
        ("server capacity lost, all of ours, by CPU a request".to_owned(), 1.0 - beside_bare(ours)),
        ("server capacity left, all of the peers, by CPU a request".to_owned(), beside_bare(peers)),
    ])
}

/// A server process, killed when dropped, and so also when a step fails.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(log: Log) -> Result<Self, Failure> {
        let failed = || Failure::step(format!("`benches server {}` does not listen", log.name()));
        let mut command = process::command("benches");
        command.args(["server", log.name()]).stdout(Stdio::piped());
        let child = command.spawn().map_err(|_| failed())?;
        let mut server = Self { child, port: 0 };
        let said = server.child.stdout.take().ok_or_else(failed)?;
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line).map_err(|_| failed())?;
        server.port = line.trim().strip_prefix("port\t").and_then(|port| port.parse().ok()).ok_or_else(failed)?;
        Ok(server)
    }

    /// Puts the server under load for this long. Returns the CPU time per response in microseconds.
    fn ask(&self, seconds: u32) -> Result<f64, Failure> {
        let before = self.cpu_time()?;
        let mut wrk = Command::new("wrk");
        wrk.args(["-t1", "-c32", &format!("-d{seconds}s"), &format!("http://127.0.0.1:{}/items/7", self.port)]);
        let answers = answers(&read(&mut wrk)?).ok_or_else(|| Failure::step("wrk printed no number of requests"))?;
        Ok((self.cpu_time()? - before) / 1e3 / answers)
    }

    /// Returns the CPU time used by all its threads so far, in nanoseconds. None of them ends before the process.
    fn cpu_time(&self) -> Result<f64, Failure> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().flatten();
        let times: Option<Vec<f64>> = threads
            .map(|thread| on_cpu(&fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default()))
            .collect();
        let times = times.filter(|times| !times.is_empty());
        Ok(times.ok_or_else(|| Failure::step("the kernel does not report the server's CPU time"))?.iter().sum())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the time on the CPU, which is the first field (Linux, sched-stats.rst).
fn on_cpu(schedstat: &str) -> Option<f64> {
    schedstat.split_whitespace().next()?.parse().ok()
}

fn answers(output: &str) -> Option<f64> {
    let line = output.lines().find(|line| line.contains(" requests in "))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_wrk_and_of_the_kernel_are_read() {
        let output = "Running 3s test\n  149221 requests in 3.00s, 18.07MB read\nRequests/sec:  49740.11\n";
        assert_eq!(answers(output), Some(149_221.0));
        assert_eq!((on_cpu("46284721 94317 182\n"), on_cpu("")), (Some(46_284_721.0), None));
    }
}
