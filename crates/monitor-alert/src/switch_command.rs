//! The command in an alert that disables its route.

use crate::{rule::condition::Group, rule::text};

/// A command of the program's operators, in which the route is left open.
#[derive(Clone, Debug)]
pub(crate) struct SwitchCommand(String);

impl SwitchCommand {
    /// Reads a template with the placeholder `{route}`.
    ///
    /// # Errors
    ///
    /// Returns a sentence that says what to change.
    pub(crate) fn parse(template: String) -> Result<Self, String> {
        if !template.contains(PLACEHOLDER) {
            return Err(format!("the command `{template}` names no route: put `{PLACEHOLDER}` where it belongs"));
        }
        if template.contains(char::is_control) {
            return Err(String::from("the command that disables a route has control characters: use one line"));
        }
        Ok(Self(template))
    }

    /// Returns the fact with a command for each of these routes, which may begin with a method. `None` if none of them
    /// can be disabled, such as jobs and unmatched paths.
    pub(crate) fn fact(&self, routes: &[String]) -> Option<(String, String)> {
        let mut templates: Vec<_> = routes.iter().filter_map(|route| template(route)).collect();
        templates.dedup();
        templates.truncate(MAX_ROUTES);
        let commands: Vec<_> = templates.into_iter().map(|route| self.0.replace(PLACEHOLDER, &quoted(route))).collect();
        (!commands.is_empty()).then(|| text::fact("disable the route", commands.join("\n")))
    }

    /// Returns the fact with the command for a group, if it is a route.
    pub(crate) fn fact_of(&self, group: &Group) -> Option<(String, String)> {
        match group {
            Group::Route(route) => self.fact(std::slice::from_ref(route)),
            _ => None,
        }
    }
}

/// Returns the route's template without a method.
fn template(route: &str) -> Option<&str> {
    let path = route.split_once(' ').map_or(route, |(_, path)| path);
    path.starts_with('/').then_some(path)
}

/// Quotes a word for a POSIX shell.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-' | b':');
    if word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

const PLACEHOLDER: &str = "{route}";
/// Number of routes for which an alert carries a command.
const MAX_ROUTES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn command(routes: &[&str]) -> Option<String> {
        let command = SwitchCommand::parse("shopctl disable {route} --for 1h".to_owned()).expect("a command");
        let routes: Vec<_> = routes.iter().map(|route| (*route).to_owned()).collect();
        command.fact(&routes).map(|(_, value)| value)
    }

    #[test]
    fn the_command_names_the_route_for_a_shell() {
        assert_eq!(command(&["/error"]).as_deref(), Some("shopctl disable /error --for 1h"));
        assert_eq!(command(&["GET /items/{id}"]).as_deref(), Some("shopctl disable '/items/{id}' --for 1h"));
        let odd = command(&["GET /it's $(here)"]);
        assert_eq!(odd.as_deref(), Some(r"shopctl disable '/it'\''s $(here)' --for 1h"));
    }

    #[test]
    fn each_route_has_a_command_and_what_is_none_has_not() {
        let both = "shopctl disable /a --for 1h\nshopctl disable /b --for 1h";
        assert_eq!(command(&["GET /a", "POST /a", "nightly", "/b"]).as_deref(), Some(both));
        assert_eq!(command(&["_unmatched", "nightly"]), None);
        assert_eq!(command(&[]), None);
    }

    #[test]
    fn only_the_group_of_a_route_has_a_command() {
        let command = SwitchCommand::parse("shopctl disable {route}".to_owned()).expect("a command");
        let fact = ("disable the route".to_owned(), "shopctl disable /a".to_owned());
        assert_eq!(command.fact_of(&Group::Route("GET /a".to_owned())), Some(fact));
        assert_eq!(command.fact_of(&Group::Service), None);
    }

    #[test]
    fn a_bad_command_is_refused_with_what_to_change() {
        let refused = |template: &str| SwitchCommand::parse(template.to_owned()).expect_err("must be refused");
        assert!(refused("shopctl disable").contains("put `{route}` where it belongs"));
        assert!(refused("shopctl disable {route}\nreboot").contains("use one line"));
    }
}
