//! Upgraded connections, tracked from the handshake to the end.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    time::Instant,
};

use monitor_core::{
    Monitor, Scope, clock,
    instrument::{self, Series},
};
use pin_project_lite::pin_project;

pin_project! {
    /// A connection that was upgraded to another protocol, counted while it is open.
    ///
    /// The request ends as `upgraded` when its handshake is answered, and no layer can see the connection after that.
    /// Wrap the connection in this type: [`names::UPGRADED`] and [`names::UPGRADED_DURATION`] then report the number of
    /// open connections and how long connections were open, by the method and route of the request.
    ///
    /// It dereferences to the inner connection, and with the feature `tokio` implements tokio's `AsyncRead` and
    /// `AsyncWrite`. For a connection that must be split, keep `UpgradedConnection::new(&scope, ())` for as long as its
    /// halves.
    ///
    /// Nothing is counted if the request is not counted, or if the scope is not that of a request.
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

/// Counts the end of the connection exactly once, when it is dropped.
struct Open {
    monitor: Monitor,
    series: Series,
    since: Instant,
}

impl<T> UpgradedConnection<T> {
    /// Tracks `connection`, to which the request of `scope` was upgraded. In the handler, that scope is
    /// [`scope::current`](monitor_core::scope::current).
    pub fn new(scope: &Scope, connection: T) -> Self {
        let series = Series::of(scope, scope.monitor());
        Self { connection, open: series.map(|series| Open::new(scope.monitor(), series)) }
    }

    /// Returns the connection, which counts as closed from now on.
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
        if let Some(recorder) = instrument::recorder(monitor) {
            recorder.open(series);
        }
        Self { monitor: monitor.clone(), series, since: clock::now() }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(recorder) = instrument::recorder(&self.monitor) {
            recorder.close(self.series, self.since.elapsed());
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

    // The facade's pages do not show the condition of a private module.
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    impl<T: AsyncRead> AsyncRead for UpgradedConnection<T> {
        fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            self.project().connection.poll_read(cx, buf)
        }
    }

    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
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
