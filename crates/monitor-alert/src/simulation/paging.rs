//! Pages: alerts reach further channels until they are acknowledged.

use super::{
    coverage::Event,
    process::{ESCALATION, Process},
    snapshot::Snapshot,
    world::World,
};
use crate::{active::ActiveAlert, alert::Severity};

impl World {
    /// Acknowledges a random active alert.
    pub(super) fn acknowledge_some(&mut self) {
        let Some(at) = self.some_process() else { return };
        let active: Vec<_> = self.processes[at].machine.active().collect();
        if active.is_empty() {
            return;
        }
        let key = active[self.random.usize(0..active.len())].alert.key.clone();
        let by = format!("user-{} of the shop", self.user);
        let now = self.now(&self.processes[at]);
        let process = &mut self.processes[at];
        let acknowledged = process.machine.acknowledge(|active| active.alert.key == key, by, now);
        assert!(acknowledged.is_some_and(|active| active.acknowledgement.is_some()), "{key} is active");
        self.journal.write(format_args!("process {} acknowledges {key}", process.id));
        self.coverage.count(Event::Acknowledged);
    }

    /// Acknowledges the test alerts of the last process, which end by that.
    pub(super) fn acknowledge_tests(&mut self) {
        let now = self.now(&self.processes[0]);
        let is_test = |active: &ActiveAlert| active.alert.rule.starts_with("weekly-test");
        let machine = &mut self.processes[0].machine;
        while machine.acknowledge(is_test, "the shop".to_owned(), now).is_some() {}
    }

    /// Checks the pages of all processes.
    pub(super) fn check_pages(&mut self) {
        for process in &mut self.processes {
            let memory = Snapshot::of_machine(&process.machine);
            check_reached(&memory);
            check_acknowledged(process, &memory);
        }
    }

    /// Checks that unacknowledged critical alerts reach all channels, if the release escalates.
    pub(super) fn check_escalation(&mut self) {
        let before = Snapshot::of_machine(&self.processes[0].machine);
        for _ in 0..=self.processes[0].channels.len() {
            self.time += ESCALATION;
            self.evaluate_all();
        }
        let process = &self.processes[0];
        let after = Snapshot::of_machine(&process.machine);
        let escalates = process.escalates;
        for active in process.machine.active().filter(|active| active.acknowledgement.is_none() && escalates) {
            let channels = &after.pages[&active.alert.key].channels;
            let has_all = process.channels.iter().all(|name| channels.contains(*name));
            assert!(has_all || active.alert.severity == Severity::Warning, "{active:?} has reached {channels:?}");
        }
        let reached = |snapshot: &Snapshot| snapshot.pages.values().map(|page| page.channels.len() as u64).sum::<u64>();
        self.coverage.add(Event::Escalated, reached(&after).saturating_sub(reached(&before)));
    }
}

/// Checks that each active alert has a page, with all channels that its beginning waits for.
fn check_reached(memory: &Snapshot) {
    let active: Vec<_> = memory.active.keys().collect();
    assert_eq!(active, memory.pages.keys().collect::<Vec<_>>(), "pages are those of the active alerts");
    for waiting in memory.waiting.iter().filter(|waiting| waiting.transition == "triggered") {
        let Some(page) = memory.pages.get(&waiting.alert_key).filter(|page| page.episode == waiting.episode) else {
            continue;
        };
        assert!(page.channels.contains(&waiting.channel), "{waiting:?} is not on its page {page:?}");
    }
}

/// Checks that an alert reaches no further channel once it is acknowledged, and stays acknowledged.
fn check_acknowledged(process: &mut Process, memory: &Snapshot) {
    for (key, before) in &process.acknowledged {
        let now = memory.pages.get(key).filter(|page| page.episode == before.episode);
        assert!(now.is_none_or(|page| page.channels == before.channels), "{key} went on after {before:?}: {now:?}");
        assert!(now.is_none_or(|page| page.acknowledged_by.is_some()), "{key} is not acknowledged any more");
    }
    let acknowledged = memory.pages.iter().filter(|(_, page)| page.acknowledged_by.is_some());
    process.acknowledged = acknowledged.map(|(key, page)| (key.clone(), page.clone())).collect();
}
