//! The cost of the first captured error of a process, while the symbols of the program are still loading.

use std::{hint::black_box, num::ParseIntError};

use monitor_kit::clock;

use crate::cases::monitor;

/// Measures an error captured by `ours` or `sentry`, both with a backtrace.
pub fn run_first(who: &str) -> Option<()> {
    let mut capture = capturer(who)?;
    let begun = clock::now();
    dig(DEPTH, &mut capture);
    println!("first error, captured by {who}: ns\t{}", begun.elapsed().as_nanos());
    Some(())
}

type Capturer = Box<dyn FnMut(&ParseIntError)>;

fn capturer(who: &str) -> Option<Capturer> {
    match who {
        "ours" => {
            let monitor = monitor();
            Some(Box::new(move |error| monitor.capture_error(error)))
        }
        #[cfg(feature = "peers")]
        "sentry" => {
            Box::leak(Box::new(crate::cases::sentry_with_backtraces()));
            Some(Box::new(|error| _ = sentry::capture_error(error)))
        }
        _ => None,
    }
}

/// Captures an error below this many frames.
#[inline(never)]
fn dig(depth: u32, capture: &mut Capturer) {
    if depth > 0 {
        dig(black_box(depth - 1), capture);
    } else if let Err(error) = black_box("no number").parse::<u32>() {
        capture(&error);
    }
    black_box(());
}

const DEPTH: u32 = 20;
