//! The end of a history: faults stop, and everything that waits must be delivered or given up.

use std::time::Duration;

use super::{
    coverage::Event,
    disk::DiskMode,
    process::{CHANNELS, Process},
    receiver::{Answer, Receiver},
    snapshot::Snapshot,
    world::World,
};
use crate::outbox::Next;

impl World {
    /// Lets the faults stop and time pass. One receiver may stay down: its entries expire.
    pub(super) fn end(&mut self) {
        self.journal.next_step();
        let is_one_down = self.random.u8(0..4) == 0;
        self.repair(is_one_down);
        self.leave_one_process();
        self.check_escalation();
        self.end_conditions();
        self.settle();
        self.check_receivers();
        self.check_incidents_end();
        self.reopen_incident();
        self.check_restart();
    }

    fn repair(&mut self, is_one_down: bool) {
        self.disk.mode = DiskMode::Works;
        self.receivers.values_mut().for_each(|receiver| receiver.mood = Answer::Accepts);
        if is_one_down {
            let channel = CHANNELS[self.random.usize(0..CHANNELS.len())];
            self.receivers.get_mut(channel).expect("a receiver").mood = Answer::TimesOut;
            self.coverage.count(Event::ReceiverStaysDown);
            self.journal.write(format_args!("{channel} stays down"));
        }
    }

    fn leave_one_process(&mut self) {
        while self.processes.len() > 1 {
            self.kill_some();
        }
        if self.processes.is_empty() {
            let process = Process::whole(self.next_process, &mut self.random);
            self.add(process);
        }
        self.load(0);
        assert!(self.processes[0].is_loaded, "the last process has the store");
    }

    pub(super) fn settle(&mut self) {
        for _ in 0..ROUNDS {
            self.evaluate_all();
            self.acknowledge_tests();
            let wait = CHANNELS.into_iter().filter_map(|channel| self.settle_channel(channel)).min();
            self.check_counts();
            if self.is_settled() {
                return;
            }
            self.time += wait.unwrap_or_default().max(Duration::from_secs(1));
        }
        panic!("after {ROUNDS} rounds: {:?}", self.processes[0].machine.counts());
    }

    /// Takes the steps of a channel that are due now. Returns the time until the next one.
    fn settle_channel(&mut self, channel: &'static str) -> Option<Duration> {
        loop {
            self.answer(0, channel);
            match self.drive(0, channel) {
                Next::Save => self.end_save(0),
                Next::Send(_) => {}
                // A receiver that stays down would take thousands of attempts.
                Next::Wait(wait) if self.receivers[channel].mood == Answer::TimesOut => return Some(wait.max(LEAP)),
                Next::Wait(wait) => return Some(wait),
                Next::Idle => return None,
            }
        }
    }

    fn is_settled(&self) -> bool {
        let machine = &self.processes[0].machine;
        machine.active().next().is_none() && machine.counts().iter().all(|counts| counts.waiting == 0)
    }

    fn check_receivers(&mut self) {
        for counts in self.processes[0].machine.counts() {
            let given_up = |name: &str| counts.given_up.iter().find(|(reason, _)| reason == name);
            let events =
                [("expired", Event::Expired), ("superseded", Event::Superseded), ("no_notifier", Event::NoNotifier)];
            for (reason, event) in events {
                self.coverage.add(event, given_up(reason).map_or(0, |(_, count)| *count));
            }
        }
        if self.is_plain {
            self.receivers.values().for_each(Receiver::check_order);
            self.coverage.count(Event::Complete);
        }
    }

    /// Checks that the next process finds nothing to do.
    fn check_restart(&mut self) {
        self.begin_save(0);
        self.end_save(0);
        let before = Snapshot::of_machine(&self.processes[0].machine);
        self.stop_some();
        let process = Process::whole(self.next_process, &mut self.random);
        self.add(process);
        self.load(0);
        let after = Snapshot::of_machine(&self.processes[0].machine);
        assert_eq!(after.used_ledgers(), before.used_ledgers(), "the next process has other counts");
        assert!(after.active.is_empty(), "the next process has an active alert");
        assert!(after.waiting.is_empty(), "the next process has something to send");
    }
}

const ROUNDS: usize = 3000;
/// Time between two looks at a receiver that stays down.
const LEAP: Duration = Duration::from_secs(4 * 60 * 60);
