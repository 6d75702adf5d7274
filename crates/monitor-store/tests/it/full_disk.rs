//! A full disk loses unsaved changes only until there is room again, and has no other effect.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Write, stdin, stdout},
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    time::Duration,
};

use monitor_alert::{AlertHandle, Alerts, DeliveryError, Notification, Notifier};
use monitor_core::{DropReason, Monitor, instrument::panic};
use monitor_store::Store;

use crate::support::{Ended, child, childs_folder, count, fail, shop, stop, until};

#[test]
fn a_full_disk_is_counted_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut shop =
        Ended(limited("full_disk::a_shop_on_a_full_disk", folder.path(), "300000:unlimited").spawn().unwrap());
    let mut lines = BufReader::new(shop.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut says = |word: &str| assert!(lines.by_ref().any(|line| line == word), "it says {word}");
    says("full");
    limit_files_of(shop.0.id(), "unlimited");
    shop.0.stdin.take().unwrap().write_all(b"go on\n").unwrap();
    says("saved");
    assert!(shop.0.wait().unwrap().success());
    assert_eq!(count(&self::shop(folder.path(), "1.0.0")), 1000);
}

/// A folder on a full disk.
enum FullDisk {
    /// A file system of 4 MiB.
    Mounted(tempfile::TempDir),
    /// A folder of a process whose files cannot grow. Needs no rights.
    Limited(PathBuf),
}

impl FullDisk {
    /// Returns `None` where this process may not mount a file system.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then_some(Self::Mounted(folder))
    }

    fn folder(&self) -> &Path {
        match self {
            Self::Mounted(folder) => folder.path(),
            Self::Limited(folder) => folder,
        }
    }

    fn store(&self) -> PathBuf {
        self.folder().join("store")
    }

    fn fill(&self) {
        match self {
            Self::Limited(_) => limit_files_of(process::id(), "0:unlimited"),
            Self::Mounted(folder) => {
                let mut filler = fs::File::create(folder.path().join(FILLER)).expect("there is room for a name");
                while filler.write_all(&[0; 4096]).is_ok() {}
            }
        }
    }

    fn make_room(&self) {
        match self {
            Self::Limited(_) => limit_files_of(process::id(), "unlimited"),
            Self::Mounted(folder) => fs::remove_file(folder.path().join(FILLER)).expect("it is there"),
        }
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
        if let Self::Mounted(folder) = self {
            let _ = Command::new("umount").arg(folder.path()).status();
        }
    }
}

/// Runs `test` in a child process whose files cannot grow, and on a mounted file system where this process may mount
/// one. The child process calls this function as well.
fn on_full_disks(name: &str, test: fn(&FullDisk)) {
    if let Some(folder) = childs_folder() {
        return test(&FullDisk::Limited(folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let output = limited(&format!("full_disk::{name}"), folder.path(), "unlimited").output().expect("it starts");
    let printed = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
    FullDisk::mount().iter().for_each(test);
}

#[test]
fn a_store_that_is_made_on_a_full_disk_leaves_no_half_of_it_and_no_loss_is_claimed() {
    on_full_disks("a_store_that_is_made_on_a_full_disk_leaves_no_half_of_it_and_no_loss_is_claimed", |disk| {
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
    });
}

#[test]
fn a_damaged_store_on_a_full_disk_stays_in_quarantine_and_is_counted_once() {
    on_full_disks("a_damaged_store_on_a_full_disk_stays_in_quarantine_and_is_counted_once", |disk| {
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
    });
}

/// Accepts everything.
struct Sink;

impl Notifier for Sink {
    fn name(&self) -> &str {
        "sink"
    }

    fn deliver(&mut self, _: &Notification) -> Result<(), DeliveryError> {
        Ok(())
    }
}

/// Returns a monitor with alerts.
fn alerting(folder: &Path) -> (Monitor, AlertHandle) {
    let (alerts, store) = (Alerts::to(Sink), Store::open(folder).expect("the folder can be written to"));
    let handle = alerts.handle();
    let shop = Monitor::builder("shop").release("1.0.0").log(None).persist(store).extend(alerts).build();
    (shop.expect("the settings are good"), handle)
}

#[test]
fn an_alert_on_a_full_disk_is_sent_and_its_incident_saved_once_there_is_room() {
    on_full_disks("an_alert_on_a_full_disk_is_sent_and_its_incident_saved_once_there_is_room", |disk| {
        disk.fill();
        let (shop, handle) = alerting(&disk.store());
        let mut panicked = panic::catch(|| assert!(Vec::<u8>::new().pop().is_some(), "out of paper")).unwrap_err();
        panicked.capture_by(&shop);
        panicked.drop_payload();
        until("the alert is delivered", || shop.alert_counts().iter().any(|counts| counts.delivered == 1));
        assert_eq!(shop.alert_counts()[0].unsaved, 1);
        let id = handle.incidents().first().expect("a panic opens an incident").id.clone();
        handle.note_on_incident(&id, "ada", "the disk is full").expect("it is known");
        disk.make_room();
        stop(shop);

        let (shop, handle) = alerting(&disk.store());
        assert!(shop.flush(Duration::from_secs(10)));
        let counts = &shop.alert_counts()[0];
        assert_eq!((counts.fired, counts.delivered, counts.waiting, counts.unsaved), (1, 1, 0, 1));
        let incidents = handle.incidents();
        assert_eq!(incidents.len(), 1);
        assert!(incidents[0].id == id && format!("{incidents:?}").contains("the disk is full"), "{incidents:?}");
        stop(shop);
    });
}

fn count_of(shop: &Monitor, reason: DropReason) -> u64 {
    shop.dropped().iter().filter(|dropped| dropped.reason == reason).map(|dropped| dropped.count).sum()
}

/// The child process of the first test: its files cannot grow until the limit is lifted.
#[test]
#[expect(clippy::print_stdout, reason = "the parent process reads the output")]
fn a_shop_on_a_full_disk() {
    let Some(folder) = childs_folder() else { return };
    let shop = shop(&folder, "1.0.0");
    let say = |word: &str| {
        println!("\n{word}");
        stdout().flush().expect("the parent process reads it");
    };
    fail(&shop, 999, "ada");
    shop.flush(Duration::from_secs(10));
    until("it cannot be saved", || {
        shop.dropped().iter().any(|dropped| dropped.reporter == "store" && dropped.reason == DropReason::NotPersisted)
    });
    assert_eq!(count(&shop), 999, "nothing else is the matter");
    say("full");
    stdin().read_line(&mut String::new()).expect("the parent process writes a line");
    fail(&shop, 1, "ada");
    stop(shop);
    say("saved");
}

/// Returns a command that runs this test in a process whose files cannot exceed a length. A shell ignores the signal
/// that would kill such a process, and its children inherit that.
fn limited(test: &str, folder: &Path, length: &str) -> Command {
    let child = child(test, folder);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec prlimit --fsize=\"$0\" \"$@\"", length]);
    command.arg(child.get_program()).args(child.get_args());
    for (name, value) in child.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// Sets the maximum length of the files of a running process.
fn limit_files_of(process: u32, length: &str) {
    let mut prlimit = Command::new("prlimit");
    prlimit.arg(format!("--fsize={length}")).args(["--pid", &process.to_string()]);
    assert!(prlimit.status().expect("util-linux is installed").success());
}

const FILLER: &str = "filler";
