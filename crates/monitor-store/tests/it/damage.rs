//! Whatever damages the file, the old one is quarantined and the service keeps running.

use std::{
    fs,
    path::{Path, PathBuf},
};

use monitor_core::DropReason;

use crate::support::{Log, count, fail, flush, only_issue, shop, stop, until};

#[test]
fn a_flipped_bit_anywhere_costs_the_file_at_most() {
    let (whole, file) = written();
    let bytes = fs::read(&file).unwrap();
    let (mut set_aside, mut unharmed) = (0, 0);
    for copy in 0..200_u64 {
        let folder = tempfile::tempdir().unwrap();
        let mut broken = bytes.clone();
        // Half of the bits are flipped in the header, which locates everything else.
        let range = if copy % 2 == 0 { 512 } else { bytes.len() as u64 };
        let at = (copy.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) % range;
        broken[usize::try_from(at).unwrap()] ^= 1 << (copy % 8);
        fs::write(folder.path().join(NAME), &broken).unwrap();
        let shop = shop(folder.path(), "1.0.0");
        match (count(&shop), aside(folder.path()).len()) {
            (12, 0) => unharmed += 1,
            (0, 1) => {
                set_aside += 1;
                assert_eq!(fs::read(&aside(folder.path())[0]).unwrap().len(), broken.len(), "it is unchanged");
            }
            other => panic!("bit {} of byte {at}: {other:?}", copy % 8),
        }
        let before = count(&shop);
        fail(&shop, 1, "ada");
        flush(&shop);
        stop(shop);
        assert_eq!(count(&self::shop(folder.path(), "1.0.0")), before + 1, "byte {at}");
    }
    assert!(set_aside > 20 && unharmed > 20, "{set_aside} set aside, {unharmed} unharmed");
    drop(whole);
}

#[test]
fn a_file_that_is_no_store_goes_into_quarantine() {
    let (_whole, file) = written();
    let bytes = fs::read(file).unwrap();
    let half = &bytes[..bytes.len() / 2];
    for content in [b"this is no database".as_slice(), &[0; 100_000], half] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), content).unwrap();
        let shop = shop(folder.path(), "1.0.0");
        fail(&shop, 1, "ada");
        flush(&shop);
        assert_eq!(fs::read(&aside(folder.path())[0]).unwrap().len(), content.len());
        stop(shop);
        assert_eq!(count(&self::shop(folder.path(), "1.0.0")), 1);
    }
}

#[test]
fn a_damaged_store_is_logged_also_when_the_log_begins_after_the_monitor() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(NAME), "this is no database").unwrap();
    let shop = shop(folder.path(), "1.0.0");
    let dropped = shop.dropped();
    assert!(
        dropped.iter().any(|dropped| dropped.reason == DropReason::Damaged && dropped.reporter == "store"),
        "{dropped:?}"
    );
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    until("it is logged", || log.text().contains("the stored state is lost"));
    assert!(log.text().contains(&aside(folder.path())[0].display().to_string()), "{}", log.text());
}

#[test]
fn a_secret_that_is_none_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("monitor.secret"), "short").unwrap();
    stop(shop(folder.path(), "1.0.0"));
    assert_eq!(fs::read(folder.path().join("monitor.secret")).unwrap().len(), 16);
}

#[test]
fn an_empty_file_is_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(NAME), "").unwrap();
    stop(shop(folder.path(), "1.0.0"));
    assert!(aside(folder.path()).is_empty());
}

#[test]
fn the_last_three_damaged_files_remain_in_quarantine() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..5 {
        fs::write(folder.path().join(NAME), format!("broken {round}")).unwrap();
        stop(shop(folder.path(), "1.0.0"));
    }
    let damaged: Vec<_> = aside(folder.path()).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    assert_eq!(damaged, ["broken 2", "broken 3", "broken 4"]);
}

#[test]
fn a_file_that_is_taken_away_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), "1.0.0");
    fail(&shop, 3, "ada");
    flush(&shop);
    fs::remove_file(folder.path().join(NAME)).unwrap();
    until("it is there again", || folder.path().join(NAME).exists());
    fail(&shop, 1, "ada");
    stop(shop);
    let issue = only_issue(&self::shop(folder.path(), "1.0.0"));
    assert_eq!((issue.count, issue.samples.len()), (4, 4));
}

#[test]
fn a_file_that_is_damaged_in_use_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path(), "1.0.0");
    fail(&shop, 12, "ada");
    flush(&shop);
    let file = folder.path().join(NAME);
    let length = fs::metadata(&file).unwrap().len();
    // Overwritten in place, as a failing disk does.
    let garbage = vec![0x5A; usize::try_from(length).unwrap()];
    std::os::unix::fs::FileExt::write_all_at(&fs::OpenOptions::new().write(true).open(&file).unwrap(), &garbage, 0)
        .unwrap();
    fail(&shop, 1, "ada");
    stop(shop);
    let after = self::shop(folder.path(), "1.0.0");
    if count(&after) == 0 {
        // Later writes may have hidden the damage until the next opening; then the whole file is quarantined.
        assert_eq!(aside(folder.path()).len(), 1);
    } else {
        assert_eq!(only_issue(&after).count, 13);
    }
}

/// Returns a store with an issue that occurred twelve times.
fn written() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = shop(folder.path(), "1.0.0");
    fail(&shop, 12, "ada");
    flush(&shop);
    stop(shop);
    let file = folder.path().join(NAME);
    (folder, file)
}

fn aside(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("it can be read").path());
    let mut aside: Vec<_> = files.filter(|file| file.to_string_lossy().contains(".damaged-")).collect();
    aside.sort_unstable();
    aside
}

const NAME: &str = "monitor.redb";
