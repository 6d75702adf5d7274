//! Routes that fail on purpose, served only with `--fault-routes`.

use std::{
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering},
};

use axum::{Router, routing::get};

use crate::{
    ApiError, Division,
    error::{DivisionByZero, Flaky},
    store::Store,
};

pub(crate) fn router(division: Division) -> Router<Store> {
    let error = match division {
        Division::Unhandled => get(divide),
        Division::Handled => get(divide_checked),
    };
    Router::new().route("/error", error).route("/flaky", get(flaky))
}

/// The bug of the story: `parts` is not checked.
async fn divide() -> String {
    let parts: i64 = black_box(0);
    (100 / parts).to_string()
}

/// The fix.
async fn divide_checked() -> Result<String, ApiError> {
    let parts: i64 = black_box(0);
    let part = 100_i64.checked_div(parts).ok_or(DivisionByZero)?;
    Ok(part.to_string())
}

/// Fails every third time.
async fn flaky() -> Result<&'static str, ApiError> {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    if CALLS.fetch_add(1, Ordering::Relaxed) % 3 == 2 {
        Err(Flaky)?;
    }
    Ok("well this time")
}
