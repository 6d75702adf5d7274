//! Notes of panics on other threads, held until the thread that resumes the panic claims them.
//!
//! A thread pool or a runtime catches the panic of a task, and resumes it where the task is awaited. The location is
//! known on the first thread only.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{Kind, Note};
use crate::base::clock;

/// Process-wide, like the hook. Locked for a few instructions, and only on threads that panic.
static NOTES: Mutex<Notes> = Mutex::new(Notes(VecDeque::new()));

/// Notes with the time they were left, the oldest first.
struct Notes(VecDeque<(Instant, Note)>);

/// Leaves a note for the thread that resumes the panic. If there are too many notes, the oldest one is dropped.
pub(super) fn leave(note: Note) {
    notes().leave(clock::now(), note);
}

/// Takes the note of a panic of this kind. Returns `None` if notes with different locations match, because the right
/// one is not known, and after five minutes.
pub(super) fn claim(kind: Kind) -> Option<Note> {
    notes().claim(clock::now(), kind)
}

impl Notes {
    fn leave(&mut self, now: Instant, note: Note) {
        if self.0.len() >= MAX_NOTES {
            self.0.pop_front();
        }
        self.0.push_back((now, note));
    }

    fn claim(&mut self, now: Instant, kind: Kind) -> Option<Note> {
        let notes = &mut self.0;
        notes.retain(|(at, _)| now.saturating_duration_since(*at) < MAX_AGE);
        let alike: Vec<_> = (0..notes.len()).filter(|at| notes[*at].1.kind == kind).collect();
        let first = *alike.first()?;
        let is_one_place = alike.iter().all(|at| notes[*at].1.location == notes[first].1.location);
        if is_one_place {
            return notes.remove(first).map(|(_, note)| note);
        }
        notes.retain(|(_, note)| note.kind != kind);
        None
    }
}

fn notes() -> MutexGuard<'static, Notes> {
    NOTES.lock().unwrap_or_else(PoisonError::into_inner)
}

const MAX_NOTES: usize = 64;
const MAX_AGE: Duration = Duration::from_secs(5 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols::Stack;

    fn note(message: &'static str) -> Note {
        let stack = Stack { thread: message.to_owned(), ..Stack::default() };
        Note { kind: Kind::of(&message), location: None, stack }
    }

    #[test]
    fn the_oldest_note_goes_where_there_are_too_many() {
        let (mut notes, now) = (Notes(VecDeque::new()), clock::now());
        notes.leave(now, note("the first"));
        notes.leave(now, note("the second"));
        (0..MAX_NOTES - 1).for_each(|_| notes.leave(now, note("another")));
        assert_eq!(notes.0.len(), 64);
        assert!(notes.claim(now, Kind::of(&"the first")).is_none());
        assert_eq!(notes.claim(now, Kind::of(&"the second")).unwrap().stack.thread, "the second");
    }

    #[test]
    fn a_note_is_claimed_within_five_minutes_or_not_at_all() {
        let (mut notes, left) = (Notes(VecDeque::new()), clock::now());
        let later = |seconds| left + Duration::from_secs(seconds);
        notes.leave(left, note("in time"));
        assert!(notes.claim(later(299), Kind::of(&"in time")).is_some());
        notes.leave(left, note("late"));
        assert!(notes.claim(later(300), Kind::of(&"late")).is_none());
        assert!(notes.0.is_empty());
    }
}
