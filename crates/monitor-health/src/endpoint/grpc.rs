//! Health over gRPC: `grpc.health.v1`, implemented by tonic-health.
//!
//! tonic-health serves the status it was last given, so a task has to push each change of readiness to it.

use std::{
    pin::pin,
    sync::{Arc, Weak},
    task::{Context, Waker},
    time::Duration,
};

use tokio::{runtime::Handle, task::unconstrained, time::timeout};
use tonic_health::{
    ServingStatus,
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};

use crate::registry::health::{Health, Inner};

/// The service of `grpc.health.v1`. Made by [`Health::grpc_service`].
pub type GrpcHealthService = HealthServer<HealthService>;

impl Health {
    /// Returns the service of `grpc.health.v1`, with `Check` and `Watch`, for tonic's router.
    ///
    /// The whole server, under the empty name, and each of `services` is `SERVING` while the service is ready, that is,
    /// while `/health/ready` returns 200. It is `NOT_SERVING` before, and from the start of a drain on. `Check` returns
    /// `NOT_FOUND` for any other name.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), monitor_kit::health::HealthError> {
    /// use monitor_kit::health::Health;
    ///
    /// let health = Health::builder().build()?;
    /// let router = tonic::transport::Server::builder().add_service(health.grpc_service(["shop.Orders"]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If it is called outside of a tokio runtime.
    pub fn grpc_service(&self, services: impl IntoIterator<Item = impl Into<String>>) -> GrpcHealthService {
        self.0.start();
        let reporter = HealthReporter::new();
        let names: Vec<_> = [String::new()].into_iter().chain(services.into_iter().map(Into::into)).collect();
        let service = HealthService::from_health_reporter(reporter.clone());
        // The reporter starts with `SERVING`, which must not be visible before the first probe has run. No other task
        // has the reporter yet, so this future completes in one poll, unless tokio's budget is exhausted; hence
        // `unconstrained`.
        {
            let first = pin!(unconstrained(publish(&reporter, &names, ServingStatus::NotServing)));
            let _ = first.poll(&mut Context::from_waker(Waker::noop()));
        }
        Handle::current().spawn(mirror(Arc::downgrade(&self.0), reporter, names));
        HealthServer::new(service)
    }
}

/// Pushes readiness to tonic-health whenever it may have changed, until the service drains or its last handle is
/// dropped.
async fn mirror(inner: Weak<Inner>, reporter: HealthReporter, names: Vec<String>) {
    let mut published = None;
    loop {
        let Some(strong) = inner.upgrade() else { break };
        let mut changed = strong.changed.subscribe();
        // On-demand probes run only when a caller asks, which may be this task alone.
        strong.refresh(strong.watches.iter().filter(|watch| watch.probe.ready)).await;
        // Read before readiness: a drain that starts in between is seen in the next iteration.
        let is_draining = strong.is_draining();
        let is_ready = !is_draining && strong.is_ready();
        let status = if is_ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        drop(strong);
        if published != Some(status) {
            publish(&reporter, &names, status).await;
            published = Some(status);
        }
        if is_draining {
            return;
        }
        // The expiry of a result sends no notification, so poll for it.
        let _ = timeout(AT_LEAST_EVERY, changed.changed()).await;
    }
    publish(&reporter, &names, ServingStatus::NotServing).await;
}

async fn publish(reporter: &HealthReporter, names: &[String], status: ServingStatus) {
    for name in names {
        reporter.set_service_status(name, status).await;
    }
}

const AT_LEAST_EVERY: Duration = Duration::from_secs(1);
