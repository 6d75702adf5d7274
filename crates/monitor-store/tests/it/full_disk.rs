//! A full disk loses unsaved changes only until there is room again, and has no other effect.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Write, stdin, stdout},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use monitor_core::{DropReason, Monitor};

use crate::support::{Ended, child, childs_folder, count, fail, shop, stop, until};

#[test]
fn a_full_disk_is_counted_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Ended(limited("full_disk::a_shop_on_a_full_disk", folder.path()).spawn().unwrap());
    let mut lines = BufReader::new(shop.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut says = |word: &str| assert!(lines.by_ref().any(|line| line == word), "it says {word}");
    says("full");
    let process = shop.0.id().to_string();
    assert!(Command::new("prlimit").args(["--fsize=unlimited", "--pid", &process]).status().unwrap().success());
    shop.0.stdin.take().unwrap().write_all(b"go on\n").unwrap();
    says("saved");
    assert!(shop.0.wait().unwrap().success());
    assert_eq!(count(&self::shop(folder.path(), "1.0.0")), 1000);
}

/// A file system of 4 MiB with no space left. `None` where this process may not mount one.
struct FullDisk {
    folder: tempfile::TempDir,
}

impl FullDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then_some(Self { folder })
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn fill(&self) {
        let mut filler = fs::File::create(self.folder.path().join("filler")).expect("there is room for a name");
        while filler.write_all(&[0; 4096]).is_ok() {}
    }

    fn make_room(&self) {
        fs::remove_file(self.folder.path().join("filler")).expect("it is there");
    }

    /// Returns the names and lengths of the store's files.
    fn files(&self) -> BTreeMap<String, u64> {
        let entries = fs::read_dir(self.store()).expect("it is there").map(|entry| entry.expect("it can be read"));
        let file = |entry: fs::DirEntry| {
            (entry.file_name().to_string_lossy().into_owned(), entry.metadata().expect("it is there").len())
        };
        entries.map(file).collect()
    }
}

impl Drop for FullDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.folder.path()).status();
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says why")]
fn a_store_that_is_made_on_a_full_disk_leaves_no_half_of_it_and_no_loss_is_claimed() {
    let Some(disk) = FullDisk::mount() else { return eprintln!("skipped: this process may not mount a file system") };
    disk.fill();
    let shop = shop(&disk.store(), "1.0.0");
    for round in 1..=5 {
        fail(&shop, 1, "ada");
        shop.flush(Duration::from_secs(10));
        assert_eq!(disk.files(), BTreeMap::from([("monitor.lock".to_owned(), 0)]), "after {round} tries");
    }
    disk.make_room();
    stop(shop.clone());
    assert_eq!(count_of(&shop, DropReason::Damaged), 0);
    assert_eq!(count(&self::shop(&disk.store(), "1.0.0")), 5);
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says why")]
fn a_damaged_store_that_is_set_aside_on_a_full_disk_stays_and_its_loss_is_told_once() {
    let Some(disk) = FullDisk::mount() else { return eprintln!("skipped: this process may not mount a file system") };
    fs::create_dir(disk.store()).unwrap();
    fs::write(disk.store().join("monitor.redb"), "this is no database").unwrap();
    disk.fill();
    let shop = shop(&disk.store(), "1.0.0");
    for _ in 0..5 {
        fail(&shop, 1, "ada");
        shop.flush(Duration::from_secs(10));
    }
    disk.make_room();
    stop(shop.clone());
    assert_eq!(count_of(&shop, DropReason::Damaged), 1);
    let aside: Vec<_> = disk.files().into_iter().filter(|(name, _)| name.contains(".damaged-")).collect();
    assert!(matches!(aside[..], [(_, 19)]), "{aside:?}");
    assert_eq!(count(&self::shop(&disk.store(), "1.0.0")), 5);
}

fn count_of(shop: &Monitor, reason: DropReason) -> u64 {
    shop.dropped().iter().filter(|dropped| dropped.reason == reason).map(|dropped| dropped.count).sum()
}

/// The child process of the first test: its files cannot grow until the limit is lifted.
#[test]
#[expect(clippy::print_stdout, reason = "whoever starts it reads that")]
fn a_shop_on_a_full_disk() {
    let Some(folder) = childs_folder() else { return };
    let shop = shop(&folder, "1.0.0");
    let say = |word: &str| {
        println!("\n{word}");
        stdout().flush().expect("somebody listens");
    };
    fail(&shop, 999, "ada");
    shop.flush(Duration::from_secs(10));
    until("it cannot be saved", || {
        shop.dropped().iter().any(|dropped| dropped.reporter == "store" && dropped.reason == DropReason::NotPersisted)
    });
    assert_eq!(count(&shop), 999, "nothing else is the matter");
    say("full");
    stdin().read_line(&mut String::new()).expect("somebody speaks");
    fail(&shop, 1, "ada");
    stop(shop);
    say("saved");
}

/// A shell ignores the signal that would kill a process whose file exceeds the limit, and its children inherit that.
fn limited(test: &str, folder: &std::path::Path) -> Command {
    let child = child(test, folder);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec prlimit --fsize=300000:unlimited \"$@\"", "sh"]);
    command.arg(child.get_program()).args(child.get_args());
    for (name, value) in child.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}
