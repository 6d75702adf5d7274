//! Texts of a request for logs and spans: redacted, and `None` if empty.

use std::{borrow::Cow, fmt};

use monitor_redact::{Redaction, cut};

use super::{Scope, text};

/// One text of a scope, redacted only when it is read.
#[derive(Clone, Copy)]
pub struct RedactedText<'a> {
    bytes: &'a [u8],
    /// `None` for the program's own text.
    redaction: Option<&'a Redaction>,
    /// Whether other requests are likely to have the same text, so that the result is worth caching.
    is_repeated: bool,
    /// Number of bytes that are shown.
    longest: usize,
}

impl Scope {
    /// Returns whether the path is shown as the client sent it: if [`raw_paths`](crate::MonitorBuilder::show_raw_paths)
    /// is set, or for a 404 that no route matched, because those all have the same route.
    #[must_use]
    #[inline]
    pub fn shows_raw_path(&self) -> bool {
        self.monitor().shows_raw_paths() || self.is_not_found()
    }

    fn is_not_found(&self) -> bool {
        self.0.is_unmatched && self.finished().is_some_and(|finished| finished.ending.status == 404)
    }

    /// Returns the route, or the path if [paths are shown](Self::shows_raw_path). The path of a 404 is cut to 256
    /// bytes.
    #[must_use]
    #[inline]
    pub fn shown_path(&self) -> RedactedText<'_> {
        if !self.shows_raw_path() {
            return self.shown_route();
        }
        let longest = if self.monitor().shows_raw_paths() { usize::MAX } else { MAX_PATH_BYTES };
        RedactedText {
            bytes: self.0.texts.at(0),
            redaction: Some(self.monitor().redaction()),
            is_repeated: false,
            longest,
        }
    }

    /// Returns the route.
    #[must_use]
    #[inline]
    pub fn shown_route(&self) -> RedactedText<'_> {
        RedactedText { bytes: self.route().as_bytes(), redaction: None, is_repeated: false, longest: usize::MAX }
    }

    /// Returns the `User-Agent` header.
    #[must_use]
    #[inline]
    pub fn shown_user_agent(&self) -> Option<RedactedText<'_>> {
        self.shown(self.0.texts.at(1), true)
    }

    /// Returns the ID the client sent.
    #[must_use]
    #[inline]
    pub fn shown_client_request_id(&self) -> Option<RedactedText<'_>> {
        self.shown(self.0.texts.at(2), false)
    }

    /// Returns the user set by [`set_user`](super::set_user), redacted.
    #[must_use]
    #[inline]
    pub fn shown_user(&self) -> Option<String> {
        self.user().map(|user| self.monitor().redaction().bounded(&user).into_owned())
    }

    #[inline]
    fn shown<'a>(&'a self, bytes: &'a [u8], is_repeated: bool) -> Option<RedactedText<'a>> {
        let redaction = Some(self.monitor().redaction());
        (!bytes.is_empty()).then_some(RedactedText { bytes, redaction, is_repeated, longest: usize::MAX })
    }
}

impl<'a> RedactedText<'a> {
    /// Returns the text as it is, if it needs neither masking nor escaping, even between quotation marks.
    #[must_use]
    pub fn as_plain(self) -> Option<&'a [u8]> {
        let is_plain = match self.redaction {
            _ if self.bytes.len() > self.longest => false,
            Some(redaction) if self.is_repeated => redaction.is_plain_cached(self.bytes),
            Some(redaction) => redaction.is_plain(self.bytes),
            None => Redaction::is_printable(self.bytes),
        };
        is_plain.then_some(self.bytes)
    }

    /// Returns the text, redacted.
    #[must_use]
    pub fn redacted(self) -> Cow<'a, str> {
        let text = text(self.bytes);
        let redacted = self.redaction.map_or(Cow::Borrowed(text), |redaction| redaction.text(text));
        // Cut after masking: half a secret would not be recognised.
        if redacted.len() <= self.longest {
            return redacted;
        }
        format!("{}…", cut(&redacted, self.longest)).into()
    }
}

impl fmt::Debug for RedactedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.redacted(), f)
    }
}

impl fmt::Display for RedactedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// Maximum length of a 404's path, in bytes.
const MAX_PATH_BYTES: usize = 256;
