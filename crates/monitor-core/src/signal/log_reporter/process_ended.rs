//! The log line about the end of the last process.

use crate::{
    base::clock,
    persist::heartbeat::{LastEnd, ProcessEnded, ProcessHeartbeat},
};

/// Level and message are constants of a `tracing` callsite, so each level needs its own.
macro_rules! write_at {
    ($level:ident, $ended:ident, $last:ident) => {
        // Not `release`, the name under which each line of the JSON log has the present one.
        tracing::$level!(
            target: "monitor::process",
            end = $ended.end.as_str(),
            last_release = $last.release,
            started = clock::rfc3339($last.started),
            last_seen = clock::rfc3339($last.at),
            in_flight = in_flight($last),
            "process_ended"
        )
    };
}

/// Writes the end of the last process; nothing if none was recorded.
pub(super) fn write(ended: &ProcessEnded) {
    let Some(last) = &ended.last else { return };
    match ended.end {
        LastEnd::ByItself => write_at!(debug, ended, last),
        _ => write_at!(warn, ended, last),
    }
}

/// Returns the requests in flight, such as `3 GET /items/{id}, 1 elsewhere`; `None` if there were none.
fn in_flight(last: &ProcessHeartbeat) -> Option<String> {
    let of_route =
        last.in_flight.iter().map(|route| format!("{} {} {}", route.count, route.method.as_str(), route.route));
    let elsewhere = (last.in_flight_elsewhere > 0).then(|| format!("{} elsewhere", last.in_flight_elsewhere));
    let all: Vec<_> = of_route.chain(elsewhere).collect();
    (!all.is_empty()).then(|| all.join(", "))
}
