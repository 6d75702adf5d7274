//! The scope as an axum extractor.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};
use monitor_core::{Monitor, Scope, scope};

/// Extracts the scope of the request in an axum handler. Outside of a monitored request the scope is empty.
///
/// # Example
///
/// ```
/// use monitor_kit::CurrentScope;
///
/// async fn handler(CurrentScope(scope): CurrentScope) -> String {
///     format!("this request is {}", scope.id())
/// }
/// ```
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "it is a wrapper, to be taken apart in a handler's arguments")]
pub struct CurrentScope(pub Scope);

impl<S: Sync> FromRequestParts<S> for CurrentScope {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(scope::current().unwrap_or_else(|| Scope::new(&Monitor::disabled()))))
    }
}
