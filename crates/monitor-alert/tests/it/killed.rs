//! A process that is killed loses no alert that it had saved.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    io::{BufRead, BufReader, Write, stdout},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use monitor_alert::{AlertHandle, Alerts, IncidentStatus};
use monitor_core::Monitor;
use monitor_store::Store;

use crate::support::{PATIENCE, Receiver, Recorder, builder, counts, crash, fail, shop, until, webhook};

/// A process that is killed when it is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn of_50_processes_killed_at_any_moment_each_issue_is_alerted_once() {
    let (receiver, folder) = (Receiver::start(), tempfile::tempdir().unwrap());
    for round in 0..KILLS {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "killed::a_shop_that_fails_and_waits", "--nocapture"]);
        command.env(FOLDER, folder.path()).env(URL, receiver.url()).env(ROUND, round.to_string());
        let mut shop = Killed(command.stdout(Stdio::piped()).spawn().unwrap());
        let lines = BufReader::new(shop.0.stdout.take().unwrap()).lines().map_while(Result::ok);
        let failed = lines.into_iter().any(|line| line == FAILED);
        assert!(failed, "it fails before it is killed");
        // From immediately after the error to after its delivery.
        std::thread::sleep(Duration::from_micros(round * 3771 % 90_000));
    }
    let survivor = shop(folder.path(), "1.0.0", webhook(&receiver));
    assert!(survivor.flush(PATIENCE));
    until("nothing waits", || counts(&survivor).waiting == 0);
    let mut times = BTreeMap::<_, u64>::new();
    for received in receiver.received() {
        let json = received.json();
        *times.entry((json["alert"]["fingerprint"].to_string(), json["id"].to_string())).or_default() += 1;
    }
    let alerted: BTreeSet<_> = times.keys().map(|(fingerprint, _)| fingerprint.clone()).collect();
    let issues: BTreeSet<_> =
        survivor.issues().iter().map(|issue| format!("{:?}", issue.fingerprint.to_string())).collect();
    assert_eq!(alerted.len(), times.len(), "no issue has two notifications");
    assert!(issues.is_subset(&alerted), "no issue is without one: {:?}", issues.difference(&alerted));
    assert!(issues.len() as u64 >= KILLS / 5, "{} issues were saved before their process was killed", issues.len());
    let repeated: u64 = times.values().map(|times| times - 1).sum();
    // Killed between the receiver's answer and the save of it. The ID is the same, so the receiver can tell.
    assert!(repeated <= KILLS / 5, "{repeated} were repeated");
}

/// The child process that the test above kills.
#[test]
#[expect(clippy::print_stdout, reason = "the parent process reads the output")]
fn a_shop_that_fails_and_waits() {
    let (Some(folder), Ok(url), Ok(round)) = (env::var_os(FOLDER), env::var(URL), env::var(ROUND)) else { return };
    let webhook = monitor_alert::Webhook::new(&url).unwrap();
    let monitor = shop(folder.as_ref(), "1.0.0", webhook);
    // In a debug build the symbols take longer than everything that the kill shall interrupt.
    let (ready, is_ready) = mpsc::channel();
    monitor.on_symbols_loaded(move || _ = ready.send(()));
    is_ready.recv().unwrap();
    let name: String = round.bytes().map(|digit| char::from(b'a' + digit - b'0')).collect();
    monitor.capture_message(format!("the printer {name} is out of paper"), monitor_core::Level::Error);
    println!("\n{FAILED}");
    let _ = stdout().flush();
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn an_issue_saved_by_a_killed_process_without_its_alert_is_alerted_by_the_next_process() {
    for (is_killed, alerts) in [(true, 1), (false, 0)] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "killed::a_shop_without_alerts", "--nocapture"]).env(FOLDER, folder.path());
        let mut shop = Killed(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
        let lines = BufReader::new(shop.0.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.into_iter().any(|line| line == FAILED));
        if is_killed {
            drop(shop);
        } else {
            drop(shop.0.stdin.take());
            shop.0.wait().unwrap();
        }
        let recorder = Recorder::accepting();
        let survivor = self::shop(folder.path(), "1.0.0", recorder.clone());
        (0..2).for_each(|_| assert!(survivor.flush(PATIENCE)));
        // After a second there is an alert on the kill as well.
        let of_issue = recorder.delivered().iter().filter(|delivered| delivered.alert.rule == "issue").count();
        assert_eq!((survivor.issues().len(), of_issue), (1, alerts));
    }
}

/// The child process of the test above. It ends when its input does.
#[test]
#[expect(clippy::print_stdout, reason = "the parent process reads the output")]
fn a_shop_without_alerts() {
    let Some(folder) = env::var_os(FOLDER).filter(|_| env::var_os(ROUND).is_none()) else { return };
    let store = Store::open(std::path::PathBuf::from(folder)).unwrap();
    let monitor = builder("1.0.0").persist(store).build().unwrap();
    fail(&monitor, "the printer is out of paper");
    println!("\n{FAILED}");
    let _ = stdout().flush();
    let _ = std::io::stdin().read_line(&mut String::new());
    assert!(monitor.shutdown(PATIENCE));
}

#[test]
fn the_incident_of_a_killed_process_goes_on_in_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "killed::a_shop_that_panics", "--nocapture"]).env(INCIDENT_FOLDER, folder.path());
    let mut shop = Killed(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(shop.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let id = lines.find_map(|line| line.strip_prefix(FAILED).map(str::to_owned)).expect("it has an incident");
    drop(shop);

    let (survivor, handle) = incident_shop(folder.path());
    (0..2).for_each(|_| assert!(survivor.flush(PATIENCE)));
    until("the kill is recorded", || format!("{:?}", handle.incidents()).contains("end: \"killed\""));
    let incidents = handle.incidents();
    assert_eq!(incidents.iter().map(|incident| incident.id.as_str()).collect::<Vec<_>>(), [id.as_str()]);
    let names = format!("{:?}", incidents[0].timeline);
    assert_eq!(names.matches("IssueOpened").count(), 1, "{names}");
    assert_eq!(incidents[0].status(), IncidentStatus::Open);
}

/// The child process of the test above.
#[test]
#[expect(clippy::print_stdout, reason = "the parent process reads the output")]
fn a_shop_that_panics() {
    let Some(folder) = env::var_os(INCIDENT_FOLDER) else { return };
    let (monitor, handle) = incident_shop(folder.as_ref());
    crash(&monitor);
    println!("\n{FAILED}{}", handle.incidents()[0].id);
    let _ = stdout().flush();
    let _ = std::io::stdin().read_line(&mut String::new());
}

fn incident_shop(folder: &Path) -> (Monitor, AlertHandle) {
    let alerts = Alerts::to(Recorder::accepting());
    let (handle, store) = (alerts.handle(), Store::open(folder).expect("the folder can be written to"));
    (builder("1.0.0").persist(store).extend(alerts).build().expect("the settings are good"), handle)
}

const KILLS: u64 = 50;
const INCIDENT_FOLDER: &str = "INCIDENT_FOLDER";
const FAILED: &str = "failed";
const FOLDER: &str = "ALERTS_FOLDER";
const URL: &str = "ALERTS_URL";
const ROUND: &str = "ALERTS_ROUND";
