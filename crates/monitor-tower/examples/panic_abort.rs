//! A service that panics in a build that aborts: what is left of the request is one line and the report.
//!
//! ```sh
//! cargo run -p monitor-tower --example panic_abort --profile abort
//! ```

use std::{
    convert::Infallible,
    error::Error,
    fmt,
    hint::black_box,
    io::{Write, stdout},
    panic::panic_any,
    task::{Context, Waker},
    thread,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use monitor_core::{BoxError, Monitor, Signal};
use monitor_tower::{MonitorLayer, TextBody};
use tower::{Service, ServiceBuilder, service_fn};

fn main() -> Result<(), monitor_core::BuildError> {
    let report = |signal: &Signal| {
        if let Signal::Error(event) = signal {
            let _ = writeln!(stdout(), "reported: {}", event.failure.message);
        }
    };
    let mut monitor = Monitor::builder("shop").log(None).reporter_fn("stdout", report);
    if std::env::args().any(|arg| arg == "--hang") {
        monitor = monitor.reporter_fn("hung", |_| thread::sleep(Duration::from_secs(3600)));
    }
    let monitor = monitor.build()?;
    let mut service = ServiceBuilder::new().layer(MonitorLayer::new(&monitor)).service(service_fn(log_in));
    let mut context = Context::from_waker(Waker::noop());
    let _ = service.poll_ready(&mut context);
    let answer = Box::pin(service.call(Request::new(()))).as_mut().poll(&mut context);
    let _ = writeln!(stdout(), "answered: {}", answer.is_ready());
    monitor.flush(Duration::from_secs(5));
    Ok(())
}

async fn log_in(_: Request<()>) -> Result<Response<TextBody>, Infallible> {
    if std::env::args().any(|arg| arg == "--foreign") {
        black_box(Bytes::from_static(b"name").slice(black_box(5)..));
    }
    if std::env::args().any(|arg| arg == "--torn") {
        panic!("{Torn}");
    }
    if std::env::args().any(|arg| arg == "--broken") {
        panic_any(BoxError::from(Broken));
    }
    panic!("no such user: jo@example.org, password=hunter2");
}

/// A text that ends with an error.
struct Torn;

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such")?;
        Err(fmt::Error)
    }
}

/// An error that panics when it is formatted.
struct Broken;

impl Error for Broken {}

impl fmt::Display for Broken {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("formatted")
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("formatted")
    }
}
