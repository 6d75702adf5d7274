//! Tasks of other crates that the housekeeping thread runs once a second.

use std::{
    fmt,
    ops::ControlFlow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::base::unwind;

/// The tasks of a monitor. They end with it.
#[derive(Default)]
pub(crate) struct Periodic(Mutex<Vec<Arc<Task>>>);

type Task = dyn Fn() -> ControlFlow<()> + Send + Sync;

impl Periodic {
    pub(crate) fn add(&self, task: impl Fn() -> ControlFlow<()> + Send + Sync + 'static) {
        self.lock().push(Arc::new(task));
    }

    /// Runs every task once, and removes those that break. A task that panics affects no other, and is run again.
    pub(crate) fn run(&self) {
        // Not under the lock: a task may add another one, and may take its time.
        let tasks = self.lock().clone();
        for task in tasks {
            let mut flow = ControlFlow::Continue(());
            unwind::catch_and_drop(|| flow = task());
            if flow.is_break() {
                self.lock().retain(|other| !Arc::ptr_eq(other, &task));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Task>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Periodic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Periodic").field(&self.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn a_task_that_panics_keeps_no_other_from_running_and_one_that_breaks_is_run_no_more() {
        let (periodic, counts) = (Periodic::default(), Arc::new([const { AtomicU32::new(0) }; 3]));
        let ends: [fn() -> ControlFlow<()>; 3] =
            [|| panic!("the recorder is broken"), || ControlFlow::Break(()), || ControlFlow::Continue(())];
        for (number, end) in ends.into_iter().enumerate() {
            let counts = Arc::clone(&counts);
            periodic.add(move || {
                counts[number].fetch_add(1, Ordering::Relaxed);
                end()
            });
        }
        (0..3).for_each(|_| periodic.run());
        assert_eq!(counts.each_ref().map(|count| count.load(Ordering::Relaxed)), [3, 1, 3]);
    }

    #[test]
    fn a_task_may_add_another() {
        let periodic = Arc::new(Periodic::default());
        let own = Arc::downgrade(&periodic);
        periodic.add(move || {
            own.upgrade().expect("it runs this task").add(|| ControlFlow::Break(()));
            ControlFlow::Break(())
        });
        periodic.run();
        assert_eq!(periodic.lock().len(), 1);
    }
}
