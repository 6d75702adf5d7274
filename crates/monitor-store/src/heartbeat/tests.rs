use std::{
    os::unix::fs::symlink,
    time::{Duration, UNIX_EPOCH},
};

use monitor_core::{KnownMethod, traffic::InFlight};

use super::{machine::OomKills, *};

/// Written by `encode` of format 1.
const GOLDEN: &[u8] = include_bytes!("../../tests/data/format-1.heartbeat");

fn heartbeat() -> ProcessHeartbeat {
    let at = |millis| UNIX_EPOCH + Duration::from_millis(millis);
    let mut heartbeat = ProcessHeartbeat::new("1.4.2", at(1_753_792_200_250), at(1_753_792_260_500));
    heartbeat.in_flight = vec![
        InFlight::new(KnownMethod::Get, "/items/{id}", 3),
        InFlight::new(KnownMethod::Other, "/a route with spaces", 1),
    ];
    heartbeat.in_flight_elsewhere = 7;
    heartbeat
}

fn last_heartbeat() -> ProcessHeartbeat {
    let mut heartbeat = heartbeat();
    heartbeat.is_last = true;
    heartbeat
}

fn machine(boot_id: &str, cgroup: u64, count: u64) -> Machine {
    Machine { boot_id: Some(boot_id.to_owned()), oom_kills: Some(OomKills { cgroup, count }) }
}

fn before() -> Machine {
    machine("b3c0a5d2-5f1e-4f5a-9a44-0d6fd1c7a001", 4242, 2)
}

/// Returns the judgement of a process that wrote `heartbeat` on the machine `before`.
fn end(heartbeat: &ProcessHeartbeat, before: &Machine, now: &Machine) -> LastEnd {
    judge(record::decode(&record::encode(heartbeat, before)), now).end
}

#[test]
fn each_end_is_told_from_the_others() {
    let running = heartbeat();
    let ended = last_heartbeat();
    let boot = before().boot_id.unwrap();
    let other_boot = machine("another", 4242, 2);
    assert_eq!(end(&ended, &before(), &before()), LastEnd::ByItself);
    assert_eq!(end(&ended, &before(), &other_boot), LastEnd::ByItself, "it ended before the machine did");
    assert_eq!(end(&running, &before(), &before()), LastEnd::Killed);
    assert_eq!(end(&running, &before(), &machine(&boot, 4242, 3)), LastEnd::OutOfMemory);
    assert_eq!(end(&running, &before(), &machine(&boot, 7, 3)), LastEnd::Killed, "the counter of another group");
    assert_eq!(end(&running, &before(), &machine(&boot, 4242, 0)), LastEnd::Killed);
    assert_eq!(end(&running, &before(), &machine("another", 4242, 3)), LastEnd::MachineRestarted);
    assert_eq!(judge(None, &before()), ProcessEnded::not_recorded());
}

#[test]
fn without_a_boot_id_a_kill_is_not_claimed() {
    let without = Machine { boot_id: None, ..before() };
    for (before, now) in [(&without, &before()), (&before(), &without), (&without, &without)] {
        assert_eq!(end(&heartbeat(), before, now), LastEnd::NotRecorded);
    }
    let ended = last_heartbeat();
    assert_eq!(end(&ended, &without, &without), LastEnd::ByItself);
}

#[test]
fn a_file_torn_at_any_byte_is_never_misread() {
    let (old, mut new) = (heartbeat(), last_heartbeat());
    new.in_flight.clear();
    let [old_file, new_file] = [&old, &new].map(|heartbeat| record::encode(heartbeat, &before()));
    let read = |file: &[u8]| record::decode(file).map(|record| record.heartbeat);
    for cut in 0..=LENGTH {
        let torn = [&new_file[..cut], &old_file[cut..]].concat();
        // The zeros at the end are the same in both.
        let whole = if torn == new_file { Some(&new) } else { (torn == old_file).then_some(&old) };
        assert_eq!(read(&torn).as_ref(), whole, "torn at byte {cut}");
        assert_eq!(read(&new_file[..cut]).is_some(), cut == LENGTH, "truncated at byte {cut}");
        let zeroed = [&new_file[..cut], &vec![0; LENGTH - cut]].concat();
        assert_eq!(read(&zeroed).is_some(), zeroed == new_file, "zeros from byte {cut}");
    }
}

#[test]
fn a_changed_byte_anywhere_is_noticed() {
    let file = record::encode(&heartbeat(), &before());
    for at in 0..LENGTH {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert_eq!(record::decode(&changed), None, "byte {at}");
    }
}

#[test]
fn the_golden_file_is_written_and_read() {
    let heartbeat = last_heartbeat();
    assert_eq!(String::from_utf8_lossy(&record::encode(&heartbeat, &before())), String::from_utf8_lossy(GOLDEN));
    assert_eq!(record::decode(GOLDEN), Some(Record { heartbeat, machine: before() }));
}

#[test]
fn a_release_or_route_that_is_too_long_or_has_line_breaks_damages_nothing() {
    let mut heartbeat = heartbeat();
    heartbeat.release = "1.0\nlast\n".repeat(1000);
    heartbeat.in_flight = (1..=16).map(|count| InFlight::new(KnownMethod::Get, "/é".repeat(500), count)).collect();
    let file = record::encode(&heartbeat, &before());
    let read = record::decode(&file).unwrap().heartbeat;
    assert_eq!((file.len(), read.is_last, read.release.len()), (LENGTH, false, 256));
    let shown: u64 = read.in_flight.iter().map(|route| route.count).sum();
    assert_eq!(shown + read.in_flight_elsewhere, (1..=16).sum::<u64>() + 7);
    assert!(shown > 0 && read.in_flight.len() < 16, "the routes without room are summed");
}

#[test]
fn the_control_group_is_found_in_both_versions_and_in_containers() {
    let host = "12:pids:/web\n4:cpu,memory:/web/shop\n0::/\n";
    for (groups, folder, file, text) in [
        ("0::/web/shop\n", "web/shop", "memory.events", "low 0\noom 9\noom_kill 3\noom_group_kill 8\n"),
        ("0::/\n", "", "memory.events", "oom_kill 3\n"),
        ("0::/path/of/the/host\n", "", "memory.events", "oom_kill 3\n"),
        (host, "memory/web/shop", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"),
        (host, "memory", "memory.oom_control", "oom_kill_disable 0\noom_kill 3\n"),
    ] {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("sys/fs/cgroup").join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(root.path().join("proc/self")).unwrap();
        fs::write(root.path().join("proc/self/cgroup"), groups).unwrap();
        fs::write(folder.join(file), text).unwrap();
        let kills = Cgroup::of_process(root.path()).unwrap().oom_kills();
        assert_eq!(kills.map(|kills| kills.count), Some(3), "{groups}");
    }
    assert!(Cgroup::of_process(tempfile::tempdir().unwrap().path()).is_none());
}

#[test]
fn a_counter_that_rose_after_the_last_heartbeat_is_a_lack_of_memory() {
    let root = tempfile::tempdir().unwrap();
    let cgroup = root.path().join("sys/fs/cgroup");
    fs::create_dir_all(&cgroup).unwrap();
    fs::create_dir_all(root.path().join("proc/self")).unwrap();
    fs::write(root.path().join("proc/self/cgroup"), "0::/\n").unwrap();
    let kills = |count: u64| fs::write(cgroup.join("memory.events"), format!("oom_kill {count}\n")).unwrap();
    let file = || HeartbeatFile {
        cgroup: Cgroup::of_process(root.path()),
        ..HeartbeatFile::new(root.path().join("monitor.heartbeat"))
    };
    kills(1);
    file().write(&heartbeat()).unwrap();
    assert_eq!(file().last_end().unwrap().end, LastEnd::Killed);
    kills(2);
    assert_eq!(file().last_end().unwrap(), ProcessEnded::new(LastEnd::OutOfMemory, heartbeat()));
}

#[test]
fn a_heartbeat_that_cannot_be_written_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("monitor.heartbeat");
    symlink("/dev/full", &path).unwrap();
    let error = HeartbeatFile::new(path.clone()).write(&heartbeat()).unwrap_err();
    assert_eq!((error.kind(), path.exists()), (io::ErrorKind::StorageFull, false));
}

#[test]
fn a_process_that_gives_the_store_to_another_one_removes_only_its_own_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("monitor.heartbeat");
    let mut ours = HeartbeatFile::new(path.clone());
    ours.write(&heartbeat()).unwrap();
    HeartbeatFile::new(path.clone()).give_up();
    assert!(path.exists());
    ours.give_up();
    assert!(!path.exists());
}
