//! Errors of a process that is killed before their backtraces are resolved.

use std::{
    io::{Write, stdout},
    thread,
};

use monitor_core::{BoxError, Monitor, Persist, StoreWrite};
use monitor_store::Store;
use serde_json::Value;

use crate::support::{childs_folder, count, fail, flush, only_issue, shop, started, stop};

#[test]
fn errors_of_a_process_that_is_killed_before_it_resolves_them_are_counted_and_grouped_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (child, mut lines) = started("unresolved::a_shop_that_never_resolves", folder.path());
    assert!(lines.any(|line| line == format!("stored {ERRORS}")));
    drop(child);

    let next = shop(folder.path(), "1.0.1");
    flush(&next);
    assert_eq!(count(&next), ERRORS);
    fail(&next, 1, "ada");
    flush(&next);
    let issue = only_issue(&next);
    let explanation = issue.explain();
    assert_eq!(issue.count, ERRORS + 1);
    assert!(explanation.contains("in the function it::support::fail"), "{explanation}");
    assert_eq!(issue.releases, ["1.0.0", "1.0.1"]);
    stop(next);

    let third = shop(folder.path(), "1.0.1");
    assert_eq!(count(&third), ERRORS + 1, "nothing is resolved twice");
    stop(third);
}

/// The child process that the test above kills: its resolver hangs.
#[test]
fn a_shop_that_never_resolves() {
    let Some(folder) = childs_folder() else { return };
    let store = Printing(Store::open(&folder).unwrap());
    let hangs = |_| loop {
        thread::park();
    };
    let builder = Monitor::builder("shop").release("1.0.0").log(None).persist(store).before_report(hangs);
    let shop = builder.build().unwrap();
    fail(&shop, ERRORS, "ada");
    loop {
        thread::park();
    }
}

/// Prints the number of unresolved errors after each save.
struct Printing(Store);

impl Persist for Printing {
    fn load(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
        self.0.load(prefix)
    }

    #[expect(clippy::print_stdout, reason = "the test that started this process reads it")]
    fn save(&self, changes: &[StoreWrite]) -> Result<u64, BoxError> {
        let evicted = self.0.save(changes)?;
        let stored = changes.iter().filter_map(|change| match change {
            StoreWrite::Put { key, value } if key.starts_with("unresolved/") => {
                serde_json::from_slice::<Value>(value).ok()?["count"].as_u64()
            }
            _ => None,
        });
        println!("\nstored {}", stored.sum::<u64>());
        stdout().flush()?;
        Ok(evicted)
    }

    fn access(&self) -> Result<monitor_core::StoreState, BoxError> {
        self.0.access()
    }
}

const ERRORS: u64 = 20;
