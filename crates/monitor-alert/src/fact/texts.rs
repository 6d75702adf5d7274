//! The texts of an issue in alerts.

use super::IssueFact;

impl IssueFact {
    /// Returns the type of the error, or the beginning of a message without one, and the first route.
    pub(crate) fn name(&self) -> String {
        let route = self.routes.first().map(|route| format!(" in {route}")).unwrap_or_default();
        // A message captured by the program has no type.
        let name = if self.type_name.is_empty() { head(&self.message) } else { &self.type_name };
        format!("{name}{route}")
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
