//! A declared route in a form other than the router's causes a warning in the log. A binary of its own, because the
//! housekeeping thread logs to the global subscriber.

use std::{
    io::Write,
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use monitor_core::{KnownMethod, Monitor, instrument};

/// A log writer that sends each line to the test.
struct Lines(Sender<String>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let _ = self.0.send(String::from_utf8_lossy(line).into_owned());
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_declared_route_that_was_not_requested_and_an_undeclared_one_that_was_are_a_warning() {
    let log = log();
    let monitor = Monitor::builder("shop").routes([("GET", "/item")]).build().expect("the settings are good");
    let recorder = instrument::recorder(&monitor).expect("it is enabled");
    recorder.start(recorder.series(KnownMethod::Get, "/items"));
    let line = log.recv_timeout(Duration::from_secs(30)).expect("a line");
    assert!(line.contains(" WARN monitor: the route `/items` was requested and is not declared"), "{line}");
    assert!(line.contains("not requested so far: `GET /item`;"), "{line}");
}

fn log() -> Receiver<String> {
    let (sender, log) = channel();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || Lines(sender.clone())).init();
    log
}
