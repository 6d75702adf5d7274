//! A server on loopback, for somebody else to ask: what it costs is read of its process.

use std::io;

use tokio::{net::TcpListener, runtime};

use crate::{cases::app, subscriber::Log};

/// Serves on one thread until it is ended, and says on which port.
///
/// # Errors
///
/// When there is no port to listen on.
pub fn serve(log: Log) -> io::Result<()> {
    log.begin();
    let app = app(log);
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("port\t{}", listener.local_addr()?.port());
        axum::serve(listener, app).await
    })
}
