//! Health as gRPC has it: `grpc.health.v1`, through tonic-health.

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
    /// Returns the service of `grpc.health.v1`, with `Check` and `ProbeSlot`, for tonic's router. It must be called within a
    /// tokio runtime.
    ///
    /// The whole server, which has the empty name, and each of `services` is `SERVING` while the service is ready, as
    /// `/health/ready` is 200, and `NOT_SERVING` before, and for good once it drains. Of an unknown name `Check` answers
    /// `NOT_FOUND`.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), monitor_kit::health::BuildError> {
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
    /// Outside of a tokio runtime.
    pub fn grpc_service(&self, services: impl IntoIterator<Item = impl Into<String>>) -> GrpcHealthService {
        self.0.start();
        let reporter = HealthReporter::new();
        let names: Vec<_> = [String::new()].into_iter().chain(services.into_iter().map(Into::into)).collect();
        let service = HealthService::from_health_reporter(reporter.clone());
        // The reporter's first word is that all is well. Nobody else has it yet, so nothing in here waits: unless what
        // tokio lets a task do at once is used up, which does not count here.
        {
            let first = pin!(unconstrained(say(&reporter, &names, false)));
            let _ = first.poll(&mut Context::from_waker(Waker::noop()));
        }
        Handle::current().spawn(mirror(Arc::downgrade(&self.0), reporter, names));
        HealthServer::new(service)
    }
}

/// Says whether the service is ready whenever that may have changed, until it drains or nobody has it any more.
async fn mirror(inner: Weak<Inner>, reporter: HealthReporter, names: Vec<String>) {
    let mut said = None;
    loop {
        let Some(strong) = inner.upgrade() else { break };
        let mut changed = strong.changed.subscribe();
        // Nobody else may ask for those that run on demand.
        strong.refresh(strong.watches.iter().filter(|watch| watch.probe.ready)).await;
        // Whether it drains goes first: one that begins to meanwhile is seen the next time.
        let is_draining = strong.is_draining();
        let is_ready = !is_draining && strong.is_ready();
        drop(strong);
        if said != Some(is_ready) {
            say(&reporter, &names, is_ready).await;
            said = Some(is_ready);
        }
        if is_draining {
            return;
        }
        // That a result has become too old nobody says.
        let _ = timeout(AT_LEAST_EVERY, changed.changed()).await;
    }
    say(&reporter, &names, false).await;
}

async fn say(reporter: &HealthReporter, names: &[String], is_ready: bool) {
    let status = if is_ready { ServingStatus::Serving } else { ServingStatus::NotServing };
    for name in names {
        reporter.set_service_status(name, status).await;
    }
}

const AT_LEAST_EVERY: Duration = Duration::from_secs(1);
