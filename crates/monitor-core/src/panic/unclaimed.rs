//! Notes of panics on other threads, until the thread that resumes the panic claims them.
//!
//! A thread pool or a runtime catches the panic of a task and resumes it where the task is awaited. The place is known on
//! the first thread only.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{Kind, Note};
use crate::base::clock;

/// Process-wide, because the hook is. Locked for a few instructions, on threads that panic.
static NOTES: Mutex<VecDeque<(Instant, Note)>> = Mutex::new(VecDeque::new());

/// Leaves a note for the thread that resumes the panic. The oldest note goes where there are too many.
pub(super) fn leave(note: Note) {
    let mut notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    if notes.len() >= MAX_NOTES {
        notes.pop_front();
    }
    notes.push_back((clock::now(), note));
}

/// Takes the note of a panic of this kind. `None` where panics of two places are alike, and after five minutes.
pub(super) fn claim(kind: Kind) -> Option<Note> {
    let mut notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    let now = clock::now();
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

const MAX_NOTES: usize = 64;
const MAX_AGE: Duration = Duration::from_secs(5 * 60);
