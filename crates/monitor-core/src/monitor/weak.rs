//! A handle that does not keep its monitor alive.

use std::{
    fmt,
    sync::{Arc, Weak},
};

use super::{Inner, Monitor};

/// A handle that does not keep its monitor alive. Created by [`Monitor::downgrade`].
///
/// A monitor ends when its last [`Monitor`] is dropped. A thread or a task that holds one, and runs until the monitor
/// ends, would run forever; it holds this instead.
#[derive(Clone)]
pub struct WeakMonitor(Option<Weak<Inner>>);

impl Monitor {
    /// Returns a handle that does not keep the monitor alive.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Monitor;
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let weak = monitor.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(monitor);
    /// assert!(weak.upgrade().is_none());
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn downgrade(&self) -> WeakMonitor {
        WeakMonitor(self.0.as_ref().map(Arc::downgrade))
    }
}

impl WeakMonitor {
    /// Returns the monitor, or `None` if its last handle was dropped. A [disabled](Monitor::disabled) monitor never
    /// ends.
    #[must_use]
    pub fn upgrade(&self) -> Option<Monitor> {
        match &self.0 {
            Some(inner) => inner.upgrade().map(|inner| Monitor(Some(inner))),
            None => Some(Monitor::disabled()),
        }
    }
}

impl fmt::Debug for WeakMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WeakMonitor").field(&self.upgrade()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disabled_monitor_never_ends() {
        let weak = Monitor::disabled().downgrade();
        assert!(weak.upgrade().is_some_and(|monitor| !monitor.is_enabled()));
    }

    #[test]
    fn a_weak_handle_is_of_the_same_monitor() {
        let monitor = Monitor::builder("shop").log(None).build().expect("the settings are good");
        assert_eq!(monitor.downgrade().upgrade().map(|same| same.id()), Some(monitor.id()));
    }
}
