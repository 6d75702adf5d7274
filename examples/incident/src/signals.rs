//! The signals that end the program.

use std::{
    future::poll_fn,
    io,
    task::{Context, Poll},
};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Handlers of SIGINT, SIGTERM and SIGHUP, which no longer kill the process.
#[derive(Debug)]
pub(crate) struct Signals([(SignalKind, Signal); 3]);

impl Signals {
    pub(crate) fn catch() -> io::Result<Self> {
        let catch = |kind| signal(kind).map(|signal| (kind, signal));
        Ok(Self([catch(SignalKind::interrupt())?, catch(SignalKind::terminate())?, catch(SignalKind::hangup())?]))
    }

    /// Waits for one of the signals. Returns the exit status that shells use for it.
    pub(crate) async fn next(&mut self) -> u8 {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<u8> {
        let caught = self.0.iter_mut().find_map(|(kind, signal)| signal.poll_recv(cx).is_ready().then_some(*kind));
        match caught.and_then(|kind| u8::try_from(128 + kind.as_raw_value()).ok()) {
            Some(status) => Poll::Ready(status),
            None => Poll::Pending,
        }
    }
}
