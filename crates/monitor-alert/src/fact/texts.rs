//! The texts of an issue in alerts.

use std::time::{Duration, SystemTime};

use super::IssueFact;
use crate::incident::{Evidence, Subject};

impl IssueFact {
    /// Returns the type of the error, or the beginning of a message without one, and the first route.
    pub(crate) fn name(&self) -> String {
        let route = self.routes.first().map(|route| format!(" in {route}")).unwrap_or_default();
        format!("{}{route}", self.short_name())
    }

    /// Returns the type of the error, or the beginning of a message without one.
    pub(crate) fn short_name(&self) -> &str {
        // A message captured by the program has no type.
        if self.type_name.is_empty() { head(&self.message) } else { &self.type_name }
    }

    /// Returns the issue as the subject of an event.
    pub(crate) fn subject(&self) -> Subject {
        Subject {
            type_name: self.type_name.clone(),
            message: self.message.clone(),
            location: self.location.clone(),
            routes: self.routes.clone(),
        }
    }

    /// Returns where the issue and its latest event can be looked up.
    pub(crate) fn evidence(&self) -> Vec<Evidence> {
        let event = self.event_id.clone().map(Evidence::Event);
        let request = self.request_id.clone().map(Evidence::Request);
        [Evidence::Issue(self.fingerprint)].into_iter().chain(event).chain(request).collect()
    }

    /// Returns the time since the event that changed the issue. A time of another clock is not used.
    pub(crate) fn age(&self, now: SystemTime) -> Duration {
        let age = self.at.and_then(|at| now.duration_since(at).ok()).unwrap_or_default();
        if age <= MAX_AGE { age } else { Duration::ZERO }
    }

    /// Returns message, location and routes, as far as there are some.
    pub(crate) fn facts(&self) -> Vec<(String, String)> {
        let message = Some(&self.message).filter(|message| !message.is_empty()).cloned();
        let facts = [("message", message), ("location", self.location.clone()), ("route", routes(&self.routes))];
        facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

/// Returns the first line of a text, or the beginning of a long one.
fn head(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.char_indices().nth(MAX_HEAD).map_or(line, |(end, _)| &line[..end])
}

fn routes(routes: &[String]) -> Option<String> {
    let (shown, hidden) = routes.split_at(routes.len().min(MAX_ROUTES));
    let more = if hidden.is_empty() { String::new() } else { format!(" and {} more", hidden.len()) };
    (!shown.is_empty()).then(|| shown.join(", ") + &more)
}

/// The longest time between an event and its alert: that of a process that was killed in between.
const MAX_AGE: Duration = Duration::from_secs(60);
/// Number of characters of a message in a title.
const MAX_HEAD: usize = 80;
/// Number of routes that an alert lists.
const MAX_ROUTES: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_beyond_the_fifth_are_counted() {
        let all: Vec<_> = (0..8).map(|number| format!("GET /{number}")).collect();
        assert_eq!(routes(&all).as_deref(), Some("GET /0, GET /1, GET /2, GET /3, GET /4 and 3 more"));
        assert_eq!(routes(&all[..1]).as_deref(), Some("GET /0"));
        assert_eq!(routes(&[]), None);
    }
}
