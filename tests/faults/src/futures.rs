//! Async functions and blocks.

use std::{
    future::Future,
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

crate::faults! {
    "an async function" in "faults::futures::first" => || poll(first());
    "another async function" in "faults::futures::second" => || poll(second());
    "an async block" in "faults::futures::block" => || poll(block());
}

async fn first() -> u8 {
    pause().await;
    black_box(None).unwrap() // fault: an async function
}

async fn second() -> u8 {
    pause().await;
    black_box(None).unwrap() // fault: another async function
}

fn block() -> impl Future<Output = u8> {
    async {
        pause().await;
        black_box(None).unwrap() // fault: an async block
    }
}

async fn pause() {
    let mut is_first = true;
    std::future::poll_fn(|_| if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }).await;
}

fn poll(future: impl Future) {
    let mut future = pin!(future);
    while future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {}
}
