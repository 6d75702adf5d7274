//! Filters for events: errors that are ignored, and the sample rate of the others.

use uuid::Uuid;

use super::EventKind;
use crate::model::grpc_code::GrpcCode;

/// Errors that never become an issue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ignore {
    pub(crate) kinds: Vec<EventKind>,
    pub(crate) types: Vec<String>,
    pub(crate) messages: Vec<String>,
    pub(crate) statuses: Vec<u16>,
    pub(crate) grpc_codes: Vec<GrpcCode>,
    pub(crate) routes: Vec<String>,
}

impl Ignore {
    /// Returns `true` if an error is ignored by its kind, its route, or a part of its message.
    pub(crate) fn has(&self, kind: EventKind, route: &str, message: &str) -> bool {
        self.kinds.contains(&kind)
            || self.routes.iter().any(|ignored| ignored == route)
            || self.messages.iter().any(|part| message.contains(part))
    }

    /// Returns `true` if any of these types is ignored, by its full path or by the last segments of it.
    pub(crate) fn has_type<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> bool {
        let is_end =
            |name: &str, end: &str| name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with("::"));
        // The type of an error behind a `dyn` is often known by its last segment only.
        let is_it =
            |name: &str, ignored: &String| is_end(name, ignored) || !name.contains("::") && is_end(ignored, name);
        names.any(|name| self.types.iter().any(|ignored| is_it(name, ignored)))
    }
}

/// Sample rate of each kind, from 0 to 1.
#[derive(Clone, Debug)]
pub(crate) struct Sampling(pub(crate) [f64; EventKind::ALL.len()]);

impl Sampling {
    /// Decides at random whether to capture an event of this kind.
    pub(crate) fn takes(&self, kind: EventKind) -> bool {
        let share = self.0[kind as usize];
        // The lowest 53 bits of a version 4 UUID are random, and 53 bits are the precision of a float.
        let fraction = || (Uuid::new_v4().as_u64_pair().1 & ((1 << 53) - 1)) as f64 / (1_u64 << 53) as f64;
        share >= 1.0 || fraction() < share
    }
}
