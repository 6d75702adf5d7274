//! The events of an incident in signals, except those of issues.

use std::time::SystemTime;

use monitor_core::{DisabledRoute, LastEnd, ProcessEnded, Signal};

use crate::incident::IncidentEvent;

impl IncidentEvent {
    /// Returns the event in a signal, and its time if that is not now.
    pub(crate) fn of(signal: &Signal) -> Option<(Self, Option<SystemTime>)> {
        let (event, at) = match signal {
            Signal::Started(identity) => (Self::ReleaseStarted { release: identity.release().to_owned() }, None),
            Signal::ProcessEnded(ended) if ended.end != LastEnd::NotRecorded => of_end(ended),
            Signal::HealthChanged(change) => {
                let [before, after] = [change.from, change.to].map(|status| status.as_str().to_owned());
                (Self::HealthChanged { probe: change.probe.clone(), before, after }, Some(change.at))
            }
            Signal::RouteDisabled(route) => {
                let (by, reason) = (route.actor.clone(), route.reason.clone());
                (Self::RouteDisabled { route: name(route), by, reason }, Some(route.since))
            }
            Signal::RouteEnabled(enabled) => {
                (Self::RouteEnabled { route: name(&enabled.disabled), by: enabled.actor.clone() }, Some(enabled.at))
            }
            _ => return None,
        };
        Some((event, at))
    }
}

fn of_end(ended: &ProcessEnded) -> (IncidentEvent, Option<SystemTime>) {
    let end = match ended.end {
        LastEnd::ByItself => "by_itself",
        LastEnd::OutOfMemory => "out_of_memory",
        LastEnd::MachineRestarted => "machine_restarted",
        _ => "killed",
    };
    let release = ended.last.as_ref().map(|last| last.release.clone());
    (IncidentEvent::ProcessEnded { end: end.to_owned(), release }, ended.last.as_ref().map(|last| last.at))
}

/// Returns the route with its method, if only that is disabled.
fn name(route: &DisabledRoute) -> String {
    route.method.map_or_else(|| route.route.clone(), |method| format!("{} {}", method.as_str(), route.route))
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use monitor_core::{DisableRoute, HealthChange, HealthStatus, KnownMethod, Monitor, ProcessHeartbeat};

    use super::*;

    fn ended(end: LastEnd) -> Option<(IncidentEvent, Option<SystemTime>)> {
        let last = ProcessHeartbeat::new("1.4.2", SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH);
        IncidentEvent::of(&Signal::ProcessEnded(Arc::new(ProcessEnded::new(end, last))))
    }

    #[test]
    fn the_end_of_the_process_before_is_an_event_if_it_was_recorded() {
        for (end, name) in [
            (LastEnd::ByItself, "by_itself"),
            (LastEnd::Killed, "killed"),
            (LastEnd::OutOfMemory, "out_of_memory"),
            (LastEnd::MachineRestarted, "machine_restarted"),
        ] {
            let event = IncidentEvent::ProcessEnded { end: name.to_owned(), release: Some("1.4.2".to_owned()) };
            assert_eq!(ended(end), Some((event, Some(SystemTime::UNIX_EPOCH))));
        }
        assert_eq!(ended(LastEnd::NotRecorded), None);
    }

    #[test]
    fn a_disabled_and_an_enabled_route_are_events_with_their_method() {
        let monitor = Monitor::builder("shop").log(None).routes([("GET", "/a"), ("POST", "/b")]).build();
        let monitor = monitor.expect("the settings are good");
        let order = DisableRoute::new("/a", "ada").method(KnownMethod::Get).reason("it fails");
        let disabled = monitor.disable_route(order).expect("it is known");
        let event = IncidentEvent::RouteDisabled {
            route: "GET /a".to_owned(),
            by: "ada".to_owned(),
            reason: "it fails".to_owned(),
        };
        let of = IncidentEvent::of(&Signal::RouteDisabled(Arc::clone(&disabled)));
        assert_eq!(of, Some((event, Some(disabled.since))));
        monitor.disable_route(DisableRoute::new("/b", "ada")).expect("it is known");
        let enabled = monitor.enable_route("/b", None, "bob").expect("it is disabled");
        let event = IncidentEvent::RouteEnabled { route: "/b".to_owned(), by: Some("bob".to_owned()) };
        assert_eq!(IncidentEvent::of(&Signal::RouteEnabled(Arc::clone(&enabled))), Some((event, Some(enabled.at))));
    }

    #[test]
    fn a_change_of_health_is_an_event_at_its_time() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(7);
        let change = HealthChange {
            probe: Some("database".to_owned()),
            from: HealthStatus::Ok,
            to: HealthStatus::Error,
            at,
            was_for: Duration::ZERO,
            message: String::new(),
            reason: None,
        };
        let [before, after] = ["ok", "error"].map(str::to_owned);
        let event = IncidentEvent::HealthChanged { probe: Some("database".to_owned()), before, after };
        assert_eq!(IncidentEvent::of(&Signal::HealthChanged(Arc::new(change))), Some((event, Some(at))));
    }
}
