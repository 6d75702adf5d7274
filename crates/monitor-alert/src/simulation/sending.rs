//! Attempts: the threads of the channels ask for their next step, and receivers answer.

use super::{
    coverage::Event,
    process::{Attempt, CHANNELS},
    snapshot::Snapshot,
    world::World,
};
use crate::{alert::Notification, outbox::Next};

impl World {
    pub(super) fn drive_some(&mut self) {
        let channel = CHANNELS[self.random.usize(0..CHANNELS.len())];
        if let Some(at) = self.some_process() {
            drop(self.drive(at, channel));
        }
    }

    /// Does the next step of a channel. It is asked for during an attempt as well, which no thread does.
    pub(super) fn drive(&mut self, at: usize, channel: &'static str) -> Next {
        let now = self.now(&self.processes[at]);
        let process = &mut self.processes[at];
        let next = process.machine.next(channel, now);
        match &next {
            Next::Save => self.begin_save(at),
            Next::Wait(wait) => process.witness.saw_wait(channel, *wait, self.time),
            Next::Idle if process.attempts.contains_key(channel) => {}
            Next::Idle => {
                let mut counts = process.machine.counts().into_iter();
                assert!(counts.all(|counts| counts.channel != channel || counts.waiting == 0), "idle with work to do");
            }
            Next::Send(notification) => {
                let memory = Snapshot::of_machine(&process.machine);
                process.witness.saw_attempt(channel, notification, &memory, &self.confirmed, self.time);
                self.coverage.saw_rule(&notification.alert.rule);
                self.attempt(at, channel, notification.clone());
            }
        }
        next
    }

    pub(super) fn answer_some(&mut self) {
        let channel = CHANNELS[self.random.usize(0..CHANNELS.len())];
        let Some(at) = self.some_process() else { return };
        if self.processes[at].attempts.get(channel).is_some_and(|attempt| attempt.ends_at <= self.time) {
            self.answer(at, channel);
        }
    }

    /// Ends the attempt that is in flight on a channel.
    pub(super) fn answer(&mut self, at: usize, channel: &'static str) {
        let now = self.now(&self.processes[at]);
        let process = &mut self.processes[at];
        let Some(Attempt { notification, answer, .. }) = process.attempts.remove(channel) else { return };
        self.journal.write(format_args!("{channel} answers process {}: {answer:?}", process.id));
        self.coverage.count(answer.event());
        if answer.is_received() {
            self.receivers.get_mut(channel).expect("a receiver").receive(&notification);
        }
        process.witness.saw_answer(channel, &notification.id, answer, self.time);
        process.machine.finish(channel, &notification.id, &answer.result(), now);
    }

    fn attempt(&mut self, at: usize, channel: &'static str, notification: Notification) {
        let process = &mut self.processes[at];
        self.journal.write(format_args!(
            "process {} sends {} {} to {channel}, attempt {}, saved {}",
            process.id,
            notification.transition.as_str(),
            notification.alert.key,
            notification.attempt,
            notification.is_saved
        ));
        if !notification.is_saved {
            self.coverage.count(Event::SentUnsaved);
        }
        let answer = self.receivers[channel].answer(&mut self.random);
        let ends_at = self.time + answer.delay(&mut self.random);
        process.attempts.insert(channel, Attempt { notification, answer, ends_at });
    }
}
