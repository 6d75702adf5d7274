//! A killed process loses at most its unsaved changes.

use std::{
    io::{BufRead, BufReader, Write, stdout},
    time::Duration,
};

use crate::support::{Ended, child, childs_folder, count, fail, flush, shop, stop};

#[test]
fn whenever_it_is_killed_what_was_saved_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = 0;
    for round in 0..100_u64 {
        let mut shop = Ended(child("killed::a_shop_that_fails_until_it_is_killed", folder.path()).spawn().unwrap());
        let mut lines = BufReader::new(shop.0.stdout.take().unwrap()).lines();
        let mut next =
            || lines.by_ref().find_map(|line| line.unwrap().strip_prefix(SAVED)?.parse::<u64>().ok()).unwrap();
        let mut saved = next();
        (0..round % 4).for_each(|_| saved = next());
        // Killed at a different moment in each round, from immediately to the middle of the next batch.
        std::thread::sleep(Duration::from_micros(round * 731 % 9000));
        drop(shop);
        // The pipe still holds the lines printed before the kill.
        lines.map_while(Result::ok).for_each(|line| {
            saved = line.strip_prefix(SAVED).and_then(|count| count.parse().ok()).unwrap_or(saved);
        });
        let survivor = self::shop(folder.path(), "1.0.0");
        let found = count(&survivor);
        assert!(
            (before + saved..=before + saved + BATCH).contains(&found),
            "{round}: {before} + {saved}, found {found}"
        );
        before = found;
        stop(survivor);
    }
    assert!(before >= 100 * BATCH);
}

/// The child process that the test above kills.
#[test]
#[expect(clippy::print_stdout, reason = "the parent process reads the output")]
fn a_shop_that_fails_until_it_is_killed() {
    let Some(folder) = childs_folder() else { return };
    let shop = shop(&folder, "1.0.0");
    for round in 1.. {
        fail(&shop, BATCH, "ada");
        flush(&shop);
        println!("\n{SAVED}{}", round * BATCH);
        let _ = stdout().flush();
    }
}

const SAVED: &str = "saved ";
const BATCH: u64 = 3;
