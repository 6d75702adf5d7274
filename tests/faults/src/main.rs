//! A program of faults. In every build each fault must become a separate issue, at the marked line of its source.
//!
//! `faults KNOWS` causes each fault on two threads and compares the issues with the marks. `KNOWS` is the debug
//! information of the build: `paths`, `names`, `symbols` or `nothing`.

mod adapters;
mod captures;
mod cart;
mod check;
mod closures;
mod futures;
mod generics;
mod inlined;
mod methods;
mod nested;
mod order;
mod payloads;
mod run;
mod threads;

use std::{env, process::ExitCode};

/// A failing function, with the mark in its source.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    /// The text after `// fault:` on the failing line.
    pub(crate) mark: &'static str,
    pub(crate) source: &'static str,
    pub(crate) file: &'static str,
    /// The path of the function in this program.
    pub(crate) function: &'static str,
    pub(crate) run: fn(),
}

/// Declares the faults of a file: the mark, the function, and a closure that runs it.
macro_rules! faults {
    ($($mark:literal in $function:literal => $run:expr;)*) => {
        pub(crate) const FAULTS: &[crate::Fault] = &[$(crate::Fault {
            mark: $mark,
            source: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", file!())),
            file: file!(),
            function: $function,
            run: $run,
        }),*];
    };
}
pub(crate) use faults;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match &*words.iter().map(String::as_str).collect::<Vec<_>>() {
        ["--one", mark] => run::alone(mark),
        [knows] => check::check(knows, &run::all()),
        _ => {
            eprintln!("usage: faults paths|names|symbols|nothing");
            ExitCode::from(2)
        }
    }
}

fn faults_of_all_files() -> impl Iterator<Item = Fault> {
    let faults = [
        adapters::FAULTS,
        cart::price::FAULTS,
        closures::FAULTS,
        futures::FAULTS,
        generics::FAULTS,
        inlined::FAULTS,
        methods::FAULTS,
        nested::FAULTS,
        order::price::FAULTS,
        payloads::FAULTS,
        captures::FAULTS,
    ];
    // In an aborting build a thread outside of any scope ends the process before a request could resume its panic.
    let threads = if cfg!(panic = "abort") { &[] } else { threads::FAULTS };
    faults.into_iter().chain([threads]).flatten().copied()
}
