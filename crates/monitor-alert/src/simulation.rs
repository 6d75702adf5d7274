//! The simulation: random histories of processes, a store and receivers, with faults between any two steps.
//!
//! Safety is checked after each step. At the end of a history the faults stop, and everything must be delivered or
//! given up. A history is determined by its seed. `cargo xtask simulate SECONDS` runs it for longer.

mod coverage;
mod disk;
mod finale;
mod incidents;
mod journal;
mod lives;
mod merging;
mod paging;
mod process;
mod receiver;
mod saving;
mod sending;
mod snapshot;
mod weather;
mod witness;
mod world;

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use monitor_core::clock;

use self::{coverage::Coverage, world::World};

#[test]
#[expect(clippy::print_stdout, reason = "a long run shows what it has covered")]
fn nothing_is_lost_or_repeated_in_random_histories_with_faults() {
    if let Some(seed) = number("MONITOR_SIMULATION_SEED") {
        drop(history(seed));
        return;
    }
    let seconds = number("MONITOR_SIMULATION_SECONDS");
    // The usual run is the same each time. A longer one looks for something new.
    let first = if seconds.is_some() { clock::unix_time().as_secs() << 20 } else { 0 };
    let end = clock::now() + Duration::from_secs(seconds.unwrap_or(5));
    let mut coverage = Coverage::default();
    let mut seed = first;
    while clock::now() < end || seed < first + FEWEST {
        coverage.absorb(history(seed));
        seed += 1;
    }
    println!("{} histories from seed {first}:\n{coverage}", seed - first);
    assert_eq!(coverage.missing(), Vec::<String>::new(), "these never occurred");
}

/// Runs one history.
fn history(seed: u64) -> Coverage {
    let mut world = World::new(seed);
    let run = catch_unwind(AssertUnwindSafe(|| {
        (0..STEPS).for_each(|_| world.step());
        world.end();
    }));
    let steps = &world.journal;
    assert!(run.is_ok(), "the last steps of seed {seed}:\n{steps}\nrun it again: cargo xtask simulate 1 --seed {seed}");
    world.coverage
}

fn number(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("`{variable}` must be a number, not `{value}`")))
}

/// Number of random steps of a history.
const STEPS: u32 = 600;
/// Number of histories, however long they take: with fewer, a rare fault might not occur.
const FEWEST: u64 = 120;
