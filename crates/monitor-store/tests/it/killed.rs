//! A process that is killed loses no more than what it had not saved yet.

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
        // At another moment each time, from at once to in the middle of the next batch.
        std::thread::sleep(Duration::from_micros(round * 731 % 9000));
        drop(shop);
        // What it had saved before the blow, and said after, is on its way.
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

/// What the test above starts and kills.
#[test]
#[expect(clippy::print_stdout, reason = "whoever starts it reads that")]
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
