//! One process: a machine, its attempts and its save in progress.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use fastrand::Rng;
use monitor_core::StoreWrite;

use super::{
    receiver::Answer,
    snapshot::{Page, Snapshot},
    weather,
    witness::{BURST, PER_MINUTE, Witness},
};
use crate::{
    alert::{Notification, Severity},
    engine::Source,
    machine::{Machine, Settings},
    outbox::SaveMark,
    rate_limit::RateLimit,
    routes::Route,
    rule::Rule,
    time::Now,
    weekly_test::Schedule,
};

/// Time after which an alert that is not acknowledged goes to the next channel.
pub(super) const ESCALATION: Duration = Duration::from_secs(300);
/// Time without an active critical alert after which an incident is closed.
pub(super) const QUIET: Duration = Duration::from_secs(60);
/// Names of the channels. A release may lack the last one.
pub(super) const CHANNELS: [&str; 3] = ["slack", "webhook", "mail"];

#[derive(Debug)]
pub(super) struct Process {
    pub(super) id: u32,
    pub(super) machine: Machine,
    pub(super) channels: Vec<&'static str>,
    pub(super) witness: Witness,
    pub(super) attempts: BTreeMap<&'static str, Attempt>,
    pub(super) save: Option<Save>,
    /// Whether the stored state was merged.
    pub(super) is_loaded: bool,
    /// Whether the next save must write everything.
    pub(super) is_all_unsaved: bool,
    /// The pages of acknowledged alerts: they reach no further channel.
    pub(super) acknowledged: BTreeMap<String, Page>,
    /// Keys of stored values that it cannot read.
    pub(super) foreign: BTreeSet<String>,
    /// Whether alerts that are not acknowledged go to the next channel.
    pub(super) escalates: bool,
    /// Offset of its monotonic clock.
    origin: Duration,
}

/// An attempt that is in flight.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) notification: Notification,
    pub(super) answer: Answer,
    pub(super) ends_at: Duration,
}

/// A save in progress.
#[derive(Debug)]
pub(super) struct Save {
    pub(super) mark: SaveMark,
    pub(super) changes: Vec<StoreWrite>,
    /// The state at the time at which the changes were taken.
    pub(super) memory: Snapshot,
}

impl Process {
    pub(super) fn new(id: u32, random: &mut Rng) -> Self {
        let channels = if random.u8(0..5) == 0 { &CHANNELS[..2] } else { &CHANNELS };
        Self::with(id, rules(random), channels.to_vec(), random)
    }

    /// Creates a process with all channels and rules.
    pub(super) fn whole(id: u32, random: &mut Rng) -> Self {
        Self::with(id, weather::rules(), CHANNELS.to_vec(), random)
    }

    pub(super) fn now(&self, time: Duration, wall: SystemTime) -> Now {
        Now { steady: self.origin + time, wall }
    }

    /// Takes the changes of a save.
    pub(super) fn take_changes(&mut self, stored: &BTreeMap<String, Vec<u8>>) -> Vec<StoreWrite> {
        if !self.is_all_unsaved {
            return self.machine.take_changes();
        }
        let mut changes = self.machine.everything();
        let known: BTreeSet<_> = changes.iter().map(|change| change.key().to_owned()).collect();
        let stale = stored.keys().filter(|key| !known.contains(*key) && !self.foreign.contains(*key));
        changes.extend(stale.map(|key| StoreWrite::Remove { key: key.clone() }));
        changes
    }

    fn with(id: u32, rules: Vec<Rule>, channels: Vec<&'static str>, random: &mut Rng) -> Self {
        let [service, environment] = ["shop", "production"].map(String::from);
        let source = Source { service, environment, release: format!("1.{id}"), switch_command: None };
        let limit = RateLimit::per_minute(PER_MINUTE).burst(BURST);
        let settings = Settings {
            source,
            rules,
            channels: channels.iter().map(|name| (String::from(*name), limit)).collect(),
            routes: routes(&channels, random),
            escalate_after: (random.u8(0..4) > 0).then_some(ESCALATION),
            incident_quiet: QUIET,
            weekly_test: (random.u8(0..3) > 0).then(|| Schedule::parse("Mon 10:00").expect("a schedule")),
        };
        let escalates = settings.escalate_after.is_some();
        let machine = Machine::new(settings).expect("the settings are good");
        Self {
            id,
            machine,
            channels,
            witness: Witness::default(),
            attempts: BTreeMap::new(),
            save: None,
            is_loaded: false,
            is_all_unsaved: false,
            acknowledged: BTreeMap::new(),
            foreign: BTreeSet::new(),
            escalates,
            origin: Duration::from_secs(random.u64(0..1_000_000)),
        }
    }
}

impl Save {
    /// Returns the IDs of the entries that it writes.
    pub(super) fn ids(&self) -> BTreeSet<String> {
        written_ids(&self.changes)
    }
}

/// Returns the IDs of the entries that these changes write.
pub(super) fn written_ids(changes: &[StoreWrite]) -> BTreeSet<String> {
    let id = |change: &StoreWrite| match change {
        StoreWrite::Put { key, .. } => key.strip_prefix("alert-entry-").map(str::to_owned),
        StoreWrite::Remove { .. } => None,
    };
    changes.iter().filter_map(id).collect()
}

fn rules(random: &mut Rng) -> Vec<Rule> {
    let mut rules = weather::rules();
    if random.u8(0..8) == 0 {
        rules.swap_remove(random.usize(0..rules.len()));
    }
    rules
}

/// Returns no routes, or some to the first two channels, which every release has.
fn routes(channels: &[&str], random: &mut Rng) -> Vec<Route> {
    let critical = Route::severity(Severity::Critical).to(channels[1]);
    match random.u8(0..3) {
        0 => Vec::new(),
        1 => vec![critical],
        _ => vec![Route::severity(Severity::Warning).to(channels[0]), critical.to(channels[0])],
    }
}
