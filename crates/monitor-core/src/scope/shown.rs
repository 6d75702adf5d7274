//! What of a request is shown in the log and in spans: redacted, and `None` where there is nothing.

use std::{borrow::Cow, fmt};

use super::Scope;
use crate::Redaction;

/// One text of a scope as it is shown. It is redacted when it is read, and not before.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    text: &'a str,
    /// `None` for the program's own text.
    redaction: Option<&'a Redaction>,
}

impl Scope {
    /// Returns the route, or the path where the monitor was told to show paths as clients send them.
    #[must_use]
    pub fn shown_path(&self) -> Shown<'_> {
        if self.monitor().shows_raw_paths() {
            Shown { text: self.path(), redaction: Some(self.monitor().redaction()) }
        } else {
            Shown { text: self.route(), redaction: None }
        }
    }

    /// Returns the identifier the client sent.
    #[must_use]
    pub fn shown_client_request_id(&self) -> Option<Shown<'_>> {
        self.shown(self.client_request_id())
    }

    /// Returns the `User-Agent` header.
    #[must_use]
    pub fn shown_user_agent(&self) -> Option<Shown<'_>> {
        self.shown(self.user_agent())
    }

    /// Returns the user set by [`set_user`](super::set_user).
    #[must_use]
    pub fn shown_user(&self) -> Option<String> {
        self.user().map(|user| self.monitor().redaction().text(&user).into_owned())
    }

    fn shown<'a>(&'a self, text: &'a str) -> Option<Shown<'a>> {
        (!text.is_empty()).then(|| Shown { text, redaction: Some(self.monitor().redaction()) })
    }
}

impl<'a> Shown<'a> {
    /// Returns the text where it can be shown as it is, also between quotation marks.
    #[must_use]
    pub fn as_plain(self) -> Option<&'a str> {
        self.redaction.is_some_and(|redaction| redaction.is_plain(self.text)).then_some(self.text)
    }

    /// Returns the text, redacted.
    #[must_use]
    pub fn redacted(self) -> Cow<'a, str> {
        self.redaction.map_or(Cow::Borrowed(self.text), |redaction| redaction.text(self.text))
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}
