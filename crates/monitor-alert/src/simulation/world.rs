//! The world of one history: up to two processes, a store, receivers, and clocks.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use fastrand::Rng;
use monitor_core::traffic::WindowCounts;

use super::{
    coverage::{Coverage, Event},
    disk::{Disk, DiskMode},
    journal::Journal,
    process::{CHANNELS, Process},
    receiver::{Answer, Receiver},
    weather::{ISSUES, Weather, fingerprint},
};
use crate::{
    fact::{Fact, FailureKind, IssueFact},
    rule::readings::{FixedReadings, Totals},
    time::Now,
};

#[derive(Debug)]
pub(super) struct World {
    pub(super) random: Rng,
    pub(super) journal: Journal,
    pub(super) coverage: Coverage,
    /// Time since the beginning of the history.
    pub(super) time: Duration,
    /// The wall clock at that beginning. It is set now and then.
    wall: SystemTime,
    pub(super) disk: Disk,
    pub(super) receivers: BTreeMap<&'static str, Receiver>,
    /// At most two. Only one has the store.
    pub(super) processes: Vec<Process>,
    pub(super) next_process: u32,
    /// Whether there was one process at a time, each had all channels, and none gave up an entry. Only then receivers
    /// get all changes of an alert.
    pub(super) is_plain: bool,
    /// IDs of accepted entries whose removal from the store was written.
    pub(super) confirmed: BTreeSet<String>,
    /// Totals of requests.
    totals: Totals,
    weather: Weather,
    /// Number of the user that messages mention.
    pub(super) user: u32,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let receivers = CHANNELS.map(|name| (name, Receiver::new()));
        Self {
            random: Rng::with_seed(seed),
            journal: Journal::default(),
            coverage: Coverage::default(),
            time: Duration::ZERO,
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
            disk: Disk::new(),
            receivers: receivers.into_iter().collect(),
            processes: Vec::new(),
            next_process: 0,
            is_plain: true,
            confirmed: BTreeSet::new(),
            totals: Totals::default(),
            weather: Weather::default(),
            user: 0,
        }
    }

    /// Takes one random step, and checks the counts of all processes.
    pub(super) fn step(&mut self) {
        self.journal.next_step();
        match self.random.u16(0..1000) {
            0..220 => self.pass_time(),
            220..300 => self.evaluate_all(),
            300..420 => self.observe_some(),
            420..670 => self.drive_some(),
            670..780 => self.answer_some(),
            780..830 => self.begin_some_save(),
            830..930 => self.end_some_save(),
            930..945 => self.load_some(),
            945..955 => self.start(),
            955..962 => self.kill_some(),
            962..966 => self.stop_some(),
            966..976 => self.change_disk(),
            976..988 => self.change_receiver(),
            988..992 => self.set_wall_clock(),
            992..994 => self.erase_user(),
            994..996 => self.acknowledge_some(),
            996..998 => self.flood_some(),
            _ => self.weather.change(&mut self.random),
        }
        self.check_counts();
        // Takes as long as fifty steps.
        if self.random.u8(0..64) == 0 {
            self.check_pages();
            self.check_incidents();
        }
    }

    pub(super) fn now(&self, process: &Process) -> Now {
        process.now(self.time, self.wall + self.time)
    }

    /// Returns the index of a random process.
    pub(super) fn some_process(&mut self) -> Option<usize> {
        (!self.processes.is_empty()).then(|| self.random.usize(0..self.processes.len()))
    }

    pub(super) fn evaluate_all(&mut self) {
        self.evaluate(&self.weather.readings());
    }

    pub(super) fn evaluate(&mut self, readings: &FixedReadings) {
        let WindowCounts { count, failed, .. } = readings.window.total;
        (self.totals.requests, self.totals.failed) = (self.totals.requests + count, self.totals.failed + failed);
        let readings = &FixedReadings { totals: self.totals, ..readings.clone() };
        for at in 0..self.processes.len() {
            let now = self.now(&self.processes[at]);
            let _ = self.processes[at].machine.evaluate(readings, now);
        }
    }

    pub(super) fn observe(&mut self, at: usize, fact: &Fact) {
        let now = self.now(&self.processes[at]);
        let pushed = self.processes[at].machine.observe(fact, now);
        self.journal.write(format_args!("process {} observes {fact:?}: {pushed:?}", self.processes[at].id));
    }

    pub(super) fn end_conditions(&mut self) {
        self.weather = Weather::default();
        for number in 0..ISSUES {
            (0..self.processes.len()).for_each(|at| self.observe(at, &Fact::Resolved(fingerprint(number), None)));
        }
    }

    pub(super) fn check_counts(&mut self) {
        for process in &self.processes {
            assert_eq!(process.machine.forgotten(), 0, "there are few alerts");
            for counts in process.machine.counts() {
                let given_up: u64 = counts.given_up.iter().map(|(_, count)| count).sum();
                self.is_plain &= given_up == 0;
                assert_eq!(counts.fired, counts.delivered + counts.waiting + given_up, "{counts:?}");
                let has_expired = counts.given_up.iter().any(|(reason, _)| reason == "expired");
                assert!(!has_expired || self.time > Duration::from_secs(24 * 60 * 60), "{counts:?} at {:?}", self.time);
            }
        }
    }

    fn pass_time(&mut self) {
        let (millis, minute) = (&mut self.random, 60_000);
        let passed = match millis.u8(0..100) {
            0..60 => millis.u64(0..3000),
            60..90 => millis.u64(0..minute),
            90..98 => millis.u64(0..60 * minute),
            _ => millis.u64(0..24 * 60 * minute),
        };
        if passed > 60 * minute {
            self.coverage.count(Event::ClockJumped);
        }
        self.time += Duration::from_millis(passed);
        self.journal.write(format_args!("{passed} ms pass"));
    }

    fn observe_some(&mut self) {
        let Some(at) = self.some_process() else { return };
        let fact = self.some_fact();
        self.observe(at, &fact);
    }

    fn some_fact(&mut self) -> Fact {
        let number = self.random.u64(0..ISSUES);
        let kind = if self.random.bool() { FailureKind::Error } else { FailureKind::Panic };
        match self.random.u8(0..6) {
            0 | 1 => Fact::Opened(self.issue(number, kind)),
            5 => Fact::Reached(self.issue(number, kind), 10_u64.pow(self.random.u32(1..4))),
            2 => Fact::Regressed(self.issue(number, kind)),
            _ => Fact::Resolved(fingerprint(number), None),
        }
    }

    pub(super) fn issue(&self, number: u64, kind: FailureKind) -> IssueFact {
        IssueFact {
            fingerprint: fingerprint(number),
            kind,
            type_name: String::from("ParseError"),
            message: format!("the order of user-{} is incomplete", self.user),
            location: Some(String::from("src/orders.rs:12")),
            routes: vec![String::from("GET /orders/{id}")],
            release: String::from("1.0"),
            ..IssueFact::default()
        }
    }

    /// Changes the number of events of an issue.
    fn flood_some(&mut self) {
        let (issue, events) = (self.random.u64(0..ISSUES), self.random.u64(0..300));
        self.weather.floods.insert(issue, events);
        self.coverage.count(if events > 100 { Event::IssueFlooded } else { Event::FloodEnded });
        self.journal.write(format_args!("issue {issue} has {events} events"));
    }

    fn change_disk(&mut self) {
        let modes = [DiskMode::Works, DiskMode::Works, DiskMode::Fails, DiskMode::Busy, DiskMode::LosesReports];
        self.disk.mode = modes[self.random.usize(0..modes.len())];
        self.journal.write(format_args!("the store: {:?}", self.disk.mode));
    }

    fn change_receiver(&mut self) {
        let channel = CHANNELS[self.random.usize(0..CHANNELS.len())];
        let mood = Answer::any(&mut self.random);
        self.journal.write(format_args!("{channel}: {mood:?}"));
        self.receivers.get_mut(channel).expect("a receiver for each channel").mood = mood;
    }

    fn set_wall_clock(&mut self) {
        self.wall = SystemTime::UNIX_EPOCH + Duration::from_secs(self.random.u64(0..4_000_000_000));
        self.coverage.count(Event::WallClockWrong);
        self.journal.write(format_args!("the wall clock is set"));
    }

    fn erase_user(&mut self) {
        let user = format!("user-{} ", self.user);
        self.user += 1;
        self.coverage.count(Event::UserErased);
        self.journal.write(format_args!("{user}is erased"));
        for process in &mut self.processes {
            process.machine.erase(&mut |text| text.contains(&user).then(|| text.replace(&user, "[erased] ")));
            let all = format!("{:?}", process.machine);
            assert!(!all.contains(&user), "{user}is mentioned after the erasure");
        }
    }
}
