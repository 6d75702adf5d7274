//! Runs the server, from the command line to the last request.

use std::{error::Error, fmt, time::Duration};

use axum::{Router, middleware::map_request, serve::Listener};
use monitor_kit::{Monitor, Traffic, traffic::RouteCounts};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::{
    App, Config,
    listener::{Peer, StoppableListener, tell_peer},
    logging,
};

/// Serves until SIGTERM or Ctrl-C, then drains.
///
/// # Errors
///
/// Returns an error if the server cannot start.
pub async fn run(config: Config) -> Result<(), StartError> {
    run_with(config, |router| router).await
}

/// The same as [`run`], with the router passed through `wrap`.
///
/// # Errors
///
/// Returns an error if the server cannot start.
pub async fn run_with(config: Config, wrap: impl FnOnce(Router) -> Router) -> Result<(), StartError> {
    let (monitor, alerts) = App::monitor(&config).map_err(|error| StartError::new("build the monitor", error))?;
    let _log = logging::init(&config, &monitor)?;
    let (stop, stopped) = watch::channel(false);
    let deadline = deadline(stopped.clone(), Duration::from_secs_f64(config.grace));
    let listener = StoppableListener::bind(config.listen, stopped).await?;
    let App { router, monitor, health, .. } =
        App::new(&config, monitor, alerts).await.map_err(|error| StartError::new("start", error))?;
    let signal = signals().map_err(|error| StartError::new("listen for signals", error))?;
    let drained = health.drain_on(signal, Duration::from_secs_f64(config.drain));
    let shutdown = async move {
        drained.await;
        let _ = stop.send(true);
        tokio::time::sleep(LINGER).await;
    };
    let addr = listener.local_addr().map_err(|error| StartError::new("read the local address", error))?;
    tracing::info!(%addr, release = config.release, fault_routes = config.fault_routes, "listening");
    let app = wrap(router).layer(map_request(tell_peer)).into_make_service_with_connect_info::<Peer>();
    let served = tokio::select! {
        served = axum::serve(listener, app).with_graceful_shutdown(shutdown) => served,
        () = deadline => {
            tracing::warn!(requests = active(&monitor), "connections were still open at the end of the grace period");
            Ok(())
        }
    };
    tracing::info!("stopped");
    monitor.shutdown(Duration::from_secs(2));
    served.map_err(|error| StartError::new("serve", error))
}

/// Completes when the grace period of the remaining connections is over.
async fn deadline(mut stopped: watch::Receiver<bool>, grace: Duration) {
    drop(stopped.wait_for(|stopped| *stopped).await);
    tokio::time::sleep(LINGER + grace).await;
}

/// Returns the number of requests in flight.
fn active(monitor: &Monitor) -> u64 {
    let routes = monitor.traffic().map(Traffic::read).unwrap_or_default();
    routes.iter().map(RouteCounts::active).sum()
}

/// Returns a future that completes on SIGTERM or Ctrl-C.
fn signals() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// The reason why the server could not start, in one line.
#[derive(Debug)]
pub struct StartError {
    what: String,
    source: Box<dyn Error + Send + Sync>,
}

impl StartError {
    pub(crate) fn new(what: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { what: what.into(), source: source.into() }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.source.to_string().replace('\n', " ");
        write!(f, "cannot {}: {reason}", self.what)
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// Time between the end of accepting and the shutdown, in which the last accepted connections send their request.
const LINGER: Duration = Duration::from_millis(300);
