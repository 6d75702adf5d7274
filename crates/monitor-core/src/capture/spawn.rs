//! Tokio tasks that stay in the scope of the request that spawned them.

use tokio::task::{self, JoinHandle};

use crate::scope::{self, ScopeFutureExt};

/// Spawns a task in the current scope. Its panic is captured with the request's ID, user and breadcrumbs before it
/// reaches the join handle, which is often dropped.
///
/// # Panics
///
/// Panics outside a tokio runtime, as [`tokio::spawn`] does.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tokio::task::JoinError> {
/// # async fn index(_: u64) {}
/// monitor_kit::spawn_supervised(index(7)).await?;
/// # Ok(())
/// # }
/// ```
pub fn spawn_supervised<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    task::spawn(future.in_current_scope())
}

/// Runs a blocking function on a thread of tokio's blocking pool, in the current scope. Its panic is captured as by
/// [`spawn_supervised`].
///
/// # Panics
///
/// Panics outside a tokio runtime, as [`tokio::task::spawn_blocking`] does.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tokio::task::JoinError> {
/// # fn resize(_: &[u8]) -> usize { 0 }
/// let image = vec![0; 1024];
/// let size = monitor_kit::spawn_blocking_supervised(move || resize(&image)).await?;
/// # Ok(())
/// # }
/// ```
pub fn spawn_blocking_supervised<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    task::spawn_blocking(scope::wrap(f))
}
