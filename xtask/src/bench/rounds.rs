//! Interleaved rounds: the processes take turns, so that a slow phase of the machine affects all of them.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::{
    figures::Figures,
    process::{self, Log},
};
use crate::{failure::Failure, run::root};

/// Lets every process run this many rounds.
pub(super) fn measure(figures: &mut Figures, rounds: usize) -> Result<(), Failure> {
    let mut workers = vec![Worker::start(&["threads"], Log::None)?];
    for log in Log::ALL {
        workers.push(Worker::start(&["rounds", log.name()], log)?);
    }
    for _ in 0..rounds {
        for worker in &mut workers {
            let round = worker.round()?;
            figures.round(worker.log, &process::figures(&round)?);
        }
    }
    Ok(())
}

/// A process that waits for its next round. It exits when its standard input is closed.
struct Worker {
    name: String,
    log: Log,
    child: Child,
    begin: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Worker {
    fn start(words: &[&str], log: Log) -> Result<Self, Failure> {
        Self::spawn(process::command("benches").args(words), words.join("-"), log)
    }

    fn spawn(command: &mut Command, name: String, log: Log) -> Result<Self, Failure> {
        let failed = |error| Failure::step(format!("`benches {name}` cannot be run: {error}"));
        // Peers print each panic they catch.
        let errors = File::create(errors(&name)).map_err(failed)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(failed)?;
        let (Some(begin), Some(said)) = (child.stdin.take(), child.stdout.take()) else { return Err(lost(&name)) };
        let mut worker = Self { name, log, child, begin, said: BufReader::new(said) };
        worker.until("ready")?;
        Ok(worker)
    }

    fn round(&mut self) -> Result<String, Failure> {
        self.begin.write_all(b"\n").map_err(|_| lost(&self.name))?;
        self.until("end")
    }

    /// Returns the output before this line.
    fn until(&mut self, last: &str) -> Result<String, Failure> {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            match self.said.read_line(&mut line) {
                Ok(1..) if line.trim_end() == last => return Ok(text),
                Ok(1..) => text.push_str(&line),
                Ok(0) | Err(_) => return Err(lost(&self.name)),
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the file with the standard error of a worker.
fn errors(name: &str) -> PathBuf {
    root().join("target").join(format!("bench-{name}.stderr"))
}

fn lost(name: &str) -> Failure {
    Failure::step(format!("`benches {name}` ended too early: see {}", errors(name).display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_caught_panic_of_a_worker_is_written_to_a_file_and_not_to_the_terminal() {
        let mut program = Command::new("sh");
        program.args(["-c", "echo ready; read begin; echo a caught panic >&2; echo bare; echo end"]);
        let mut worker = Worker::spawn(&mut program, "test".to_owned(), Log::None).expect("it starts");
        assert_eq!(worker.round().expect("a round"), "bare\n");
        assert_eq!(fs::read_to_string(errors("test")).expect("a file"), "a caught panic\n");
        fs::remove_file(errors("test")).expect("it is there");
    }
}
