//! Causes faults in this process, or each in a child process where a panic aborts.

use std::{
    env,
    error::Error,
    io::{self, Write as _},
    process::{Command, ExitCode},
    thread,
    time::Duration,
};

use monitor_core::{MemoryReporter, Monitor, Reporter, Scope, Signal, instrument::panic};
use serde_json::Value;

use crate::{Fault, faults_of_all_files};

/// Causes every fault twice, on two threads, and returns the events as JSON.
pub(crate) fn all() -> Vec<Value> {
    if cfg!(panic = "abort") {
        return faults_of_all_files().flat_map(|fault| [elsewhere(fault), elsewhere(fault)]).flatten().collect();
    }
    let memory = MemoryReporter::new();
    let monitor = monitor(memory.clone());
    for _ in 0..2 {
        let monitor = monitor.clone();
        let all = move || faults_of_all_files().for_each(|fault| cause(&monitor, fault));
        thread::spawn(all).join().expect("every panic is caught");
    }
    monitor.shutdown(Duration::from_secs(60));
    memory.events().iter().map(|event| event.to_json()).collect()
}

/// Causes one fault in this process and writes its events to standard output.
pub(crate) fn alone(mark: &str) -> ExitCode {
    let fault = faults_of_all_files().find(|fault| fault.mark == mark).expect("the mark is one of a fault");
    let monitor = monitor(Printer);
    cause(&monitor, fault);
    monitor.shutdown(Duration::from_secs(60));
    ExitCode::SUCCESS
}

fn elsewhere(fault: Fault) -> Vec<Value> {
    let this = env::current_exe().expect("the program is there");
    let output = Command::new(this).args(["--one", fault.mark]).output().expect("the program runs");
    output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

fn monitor(reporter: impl Reporter) -> Monitor {
    let builder = Monitor::builder("faults").log(None).reporter(reporter);
    builder.build().expect("the settings are right")
}

fn cause(monitor: &Monitor, fault: Fault) {
    let scope = Scope::new(monitor);
    if let Err(mut caught) = scope.in_scope(|| panic::catch(fault.run)) {
        caught.capture_in(&scope);
        caught.drop_payload();
    }
}

struct Printer;

impl Reporter for Printer {
    fn name(&self) -> &str {
        "printer"
    }

    fn report(&mut self, signal: &Signal) -> Result<(), Box<dyn Error + Send + Sync>> {
        if let Signal::Error(event) = signal {
            writeln!(io::stdout(), "{}", event.to_json())?;
        }
        Ok(())
    }
}
