//! Threads, locks and atomics of what several threads touch: the standard library's, or with `--cfg shuttle` those of a
//! scheduler that tries one interleaving after another.

#[cfg(not(shuttle))]
pub(crate) use std::{
    sync::{Mutex, MutexGuard, RwLock, atomic, mpsc},
    thread,
};

#[cfg(shuttle)]
pub(crate) use shuttle::{
    sync::{Mutex, MutexGuard, RwLock, atomic, mpsc},
    thread,
};
