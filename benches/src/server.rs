//! A server on loopback. Its cost is read from its process while an external client sends requests.

use std::io;

use tokio::{net::TcpListener, runtime};

use crate::{cases::app, subscriber::Log};

/// Serves on one thread until the process is killed. Prints its port.
///
/// # Errors
///
/// Returns an error if no port can be bound.
pub fn serve(log: Log) -> io::Result<()> {
    log.begin();
    let app = app(log);
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("port\t{}", listener.local_addr()?.port());
        axum::serve(listener, app).await
    })
}
