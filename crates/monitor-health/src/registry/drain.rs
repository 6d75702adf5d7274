//! Startup and shutdown: gates that hold traffic off while the service starts, and the drain before it stops.

use std::{sync::atomic::Ordering, time::Duration};

use super::health::Health;

/// Fails readiness until it is dropped. Made by [`Health::startup_gate`].
#[derive(Debug)]
pub struct StartupGate {
    health: Health,
    name: String,
}

impl StartupGate {
    pub(crate) fn close(health: Health, name: String) -> Self {
        health.0.gates().push(name.clone());
        health.0.notify();
        Self { health, name }
    }
}

impl Drop for StartupGate {
    fn drop(&mut self) {
        let mut gates = self.health.0.gates();
        if let Some(at) = gates.iter().position(|gate| *gate == self.name) {
            gates.remove(at);
        }
        drop(gates);
        self.health.0.notify();
    }
}

impl Health {
    /// Closes a gate: readiness fails, with the gate's name as the cause, until the gate is dropped.
    ///
    /// # Example
    ///
    /// ```
    /// # let health = monitor_kit::health::Health::builder().build()?;
    /// let gate = health.startup_gate("migrations");
    /// // … run them …
    /// drop(gate);
    /// # Ok::<(), monitor_kit::health::HealthError>(())
    /// ```
    #[must_use = "dropping the gate opens it"]
    pub fn startup_gate(&self, name: impl Into<String>) -> StartupGate {
        StartupGate::close(self.clone(), name.into())
    }

    /// Holds traffic off until symbols are loaded, because the first captured error would wait for them.
    pub(crate) fn wait_for_symbols(&self) {
        let gate = self.startup_gate("symbols");
        self.0.registry.monitor.on_symbols_loaded(move || drop(gate));
    }

    /// Drains the service: waits for `signal`, turns readiness to 503 at once, and completes after `grace`, which gives
    /// load balancers time to notice. Liveness stays 200 throughout.
    ///
    /// Pass it to a server's graceful shutdown, such as axum's `with_graceful_shutdown`.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::health::Health;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), monitor_kit::health::HealthError> {
    /// let health = Health::builder().build()?;
    /// let sigterm = async {};
    /// health.drain_on(sigterm, Duration::from_secs(15)).await;
    /// assert!(health.is_draining());
    /// # Ok(())
    /// # }
    /// ```
    pub fn drain_on<T>(
        &self,
        signal: impl Future<Output = T> + Send + 'static,
        grace: Duration,
    ) -> impl Future<Output = ()> + Send + 'static {
        let health = self.clone();
        async move {
            signal.await;
            health.0.draining.store(true, Ordering::Relaxed);
            health.0.notify();
            tracing::info!(target: "monitor::health", grace_seconds = grace.as_secs_f64(), "draining");
            tokio::time::sleep(grace).await;
        }
    }
}
