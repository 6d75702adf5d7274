//! What of a request is shown in the log and in spans: redacted, and `None` where there is nothing.

use std::borrow::Cow;

use monitor_core::Scope;

/// Returns the route, or the path where the monitor was told to show paths as clients send them.
pub(crate) fn path(scope: &Scope) -> Cow<'_, str> {
    let monitor = scope.monitor();
    if monitor.shows_raw_paths() { monitor.redaction().text(scope.path()) } else { scope.route().into() }
}

pub(crate) fn client_request_id(scope: &Scope) -> Option<Cow<'_, str>> {
    some(scope.client_request_id()).map(|text| scope.monitor().redaction().text(text))
}

pub(crate) fn user_agent(scope: &Scope) -> Option<Cow<'_, str>> {
    some(scope.user_agent()).map(|text| scope.monitor().redaction().text(text))
}

pub(crate) fn user(scope: &Scope) -> Option<String> {
    scope.user().map(|user| scope.monitor().redaction().text(&user).into_owned())
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
