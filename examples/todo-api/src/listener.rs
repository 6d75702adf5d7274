//! A listener that can stop accepting before the server shuts its connections down.
//!
//! A server that shuts down closes connections it has accepted but not yet read a request from. A pause between the end
//! of accepting and the shutdown lets those requests be read. Connections that are not accepted wait in the queue of
//! the socket for another process that holds it.

use std::{future::pending, io, net::SocketAddr};

use axum::{
    extract::{ConnectInfo, Request, connect_info::Connected},
    serve::{IncomingStream, Listener},
};
use listenfd::ListenFd;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::{
    StartError,
    accept::{Failures, accept},
};

#[derive(Debug)]
pub(crate) struct StoppableListener {
    inner: TcpListener,
    stopped: watch::Receiver<bool>,
    failures: Failures,
}

/// The peer's address, as provided by this listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(SocketAddr);

impl StoppableListener {
    /// Uses the inherited socket, or else listens on `addr`. Sending `true` through `stopped` ends accepting.
    pub(crate) async fn bind(addr: SocketAddr, stopped: watch::Receiver<bool>) -> Result<Self, StartError> {
        let inherited = ListenFd::from_env().take_tcp_listener(0);
        let inherited = inherited.map_err(|error| StartError::new("use the socket that was handed over", error))?;
        let inner = match inherited {
            Some(listener) => listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener)),
            None => TcpListener::bind(addr).await,
        };
        let inner = inner.map_err(|error| StartError::new(format!("listen on {addr}"), error))?;
        Ok(Self { inner, stopped, failures: Failures::default() })
    }
}

impl Listener for StoppableListener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let Self { inner, stopped, failures } = self;
        tokio::select! {
            // Biased, so that a waiting connection is not accepted once stopped.
            biased;
            () = until(stopped) => pending().await,
            connection = accept(inner, failures) => connection,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

impl Connected<IncomingStream<'_, StoppableListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, StoppableListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

async fn until(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|stopped| *stopped).await);
}

/// Inserts the peer's address in the form that other axum code expects.
pub(crate) async fn tell_peer(mut request: Request) -> Request {
    if let Some(ConnectInfo(Peer(addr))) = request.extensions().get().copied() {
        request.extensions_mut().insert(ConnectInfo(addr));
    }
    request
}
