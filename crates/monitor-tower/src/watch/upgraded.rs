//! Upgraded connections, watched from the handover to the end.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    time::Instant,
};

use monitor_core::{Monitor, Scope, clock, traffic::Series};
use pin_project_lite::pin_project;

pin_project! {
    /// A connection that was upgraded to another protocol, counted while it is open.
    ///
    /// A request ends as `upgraded` when its handshake is answered; what becomes of the connection afterwards no layer
    /// can see. Hand it over to this wrapper, and [`names::UPGRADED`] and [`names::UPGRADED_DURATION`] tell how many
    /// are open and for how long they were, by the method and route of the request.
    ///
    /// It reads and writes as the connection inside does, with the feature `tokio` as tokio's `AsyncRead` and
    /// `AsyncWrite` too. A connection that has to be taken apart is watched by keeping
    /// `UpgradedConnection::new(&scope, ())` for as long as its halves.
    ///
    /// It counts nothing for a request that is not counted, and for a scope that is no request's.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::UpgradedConnection;
    /// # use monitor_kit::scope::Scope;
    /// # struct Socket;
    /// # impl Socket { async fn recv(&mut self) -> Option<String> { None } }
    ///
    /// async fn chat(scope: Scope, socket: Socket) {
    ///     let mut socket = UpgradedConnection::new(&scope, socket);
    ///     while let Some(message) = socket.recv().await {
    ///         println!("{message}");
    ///     }
    /// }
    /// ```
    ///
    /// [`names::UPGRADED`]: monitor_core::names::UPGRADED
    /// [`names::UPGRADED_DURATION`]: monitor_core::names::UPGRADED_DURATION
    pub struct UpgradedConnection<T> {
        #[pin]
        connection: T,
        open: Option<Open>,
    }
}

/// Counts the connection's end exactly once, whoever drops it.
struct Open {
    monitor: Monitor,
    series: Series,
    since: Instant,
}

impl<T> UpgradedConnection<T> {
    /// Watches `connection`, to which the request of `scope` was upgraded. The handler finds that scope with
    /// [`scope::current`](monitor_core::scope::current).
    pub fn new(scope: &Scope, connection: T) -> Self {
        Self { connection, open: scope.series_of(scope.monitor()).map(|series| Open::new(scope.monitor(), series)) }
    }

    /// Takes the connection out. It counts as closed.
    pub fn into_inner(self) -> T {
        self.connection
    }
}

impl<T> Deref for UpgradedConnection<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.connection
    }
}

impl<T> DerefMut for UpgradedConnection<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.connection
    }
}

impl<T> fmt::Debug for UpgradedConnection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradedConnection").field("counted", &self.open.is_some()).finish_non_exhaustive()
    }
}

impl Open {
    fn new(monitor: &Monitor, series: Series) -> Self {
        if let Some(traffic) = monitor.traffic() {
            traffic.open(series);
        }
        Self { monitor: monitor.clone(), series, since: clock::now() }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(traffic) = self.monitor.traffic() {
            traffic.close(self.series, self.since.elapsed());
        }
    }
}

#[cfg(feature = "tokio")]
mod io {
    use std::{
        io,
        pin::Pin,
        task::{Context, Poll},
    };

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::UpgradedConnection;

    impl<T: AsyncRead> AsyncRead for UpgradedConnection<T> {
        fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            self.project().connection.poll_read(cx, buf)
        }
    }

    impl<T: AsyncWrite> AsyncWrite for UpgradedConnection<T> {
        fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            self.project().connection.poll_write(cx, buf)
        }

        fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.project().connection.poll_flush(cx)
        }

        fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.project().connection.poll_shutdown(cx)
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bufs: &[io::IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.project().connection.poll_write_vectored(cx, bufs)
        }

        fn is_write_vectored(&self) -> bool {
            self.connection.is_write_vectored()
        }
    }
}
