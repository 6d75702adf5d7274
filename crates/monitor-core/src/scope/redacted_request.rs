//! Texts of a request for logs and spans: redacted, and `None` if empty.

use std::{borrow::Cow, fmt};

use monitor_redact::{Redaction, cut};

use super::{Scope, plain_cache, request_facts::RequestEnd, text};

/// The texts of a scope's request, redacted. For log formats and spans.
#[derive(Clone, Copy, Debug)]
pub struct RedactedRequest<'a>(&'a Scope);

/// One text of a request, redacted only when it is read.
#[derive(Clone, Copy)]
pub struct RedactedText<'a> {
    bytes: &'a [u8],
    source: Source<'a>,
    /// Number of bytes that are shown.
    longest: usize,
}

/// The source of a text, which decides whether it is redacted.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// The program, for instance its routes. Not redacted.
    Program,
    /// The client of this request.
    Client(&'a Redaction),
    /// A client, and others are likely to send the same, so that the result is worth caching.
    Repeated(&'a Redaction),
}

impl<'a> RedactedRequest<'a> {
    /// Returns the texts of a scope's request.
    #[must_use]
    #[inline]
    pub fn of(scope: &'a Scope) -> Self {
        Self(scope)
    }

    /// Returns whether the path is shown as the client sent it: if [`raw_paths`](crate::MonitorBuilder::show_raw_paths)
    /// is set, or for a 404 that no route matched, because those all have the same route.
    #[must_use]
    #[inline]
    pub fn shows_raw_path(self) -> bool {
        self.0.monitor().shows_raw_paths() || self.is_not_found()
    }

    fn is_not_found(self) -> bool {
        self.0.0.is_unmatched && RequestEnd::of(self.0).is_some_and(|end| end.ending.status == 404)
    }

    /// Returns the route, or the path if [paths are shown](Self::shows_raw_path). The path of a 404 is cut to 256
    /// bytes.
    #[must_use]
    #[inline]
    pub fn path(self) -> RedactedText<'a> {
        if !self.shows_raw_path() {
            return self.route();
        }
        let longest = if self.0.monitor().shows_raw_paths() { usize::MAX } else { MAX_PATH_BYTES };
        RedactedText { bytes: self.0.0.texts.at(0), source: Source::Client(self.0.monitor().redaction()), longest }
    }

    /// Returns the route.
    #[must_use]
    #[inline]
    pub fn route(self) -> RedactedText<'a> {
        RedactedText { bytes: self.0.route().as_bytes(), source: Source::Program, longest: usize::MAX }
    }

    /// Returns the `User-Agent` header, unless it is empty.
    #[must_use]
    #[inline]
    pub fn user_agent(self) -> Option<RedactedText<'a>> {
        sent(self.0.0.texts.at(1), Source::Repeated(self.0.monitor().redaction()))
    }

    /// Returns the ID the client sent, unless it is empty.
    #[must_use]
    #[inline]
    pub fn client_request_id(self) -> Option<RedactedText<'a>> {
        sent(self.0.0.texts.at(2), Source::Client(self.0.monitor().redaction()))
    }

    /// Returns the user set by [`set_user`](crate::scope::set_user), redacted.
    #[must_use]
    #[inline]
    pub fn user(self) -> Option<String> {
        self.0.user().map(|user| self.0.monitor().redaction().bounded(&user).into_owned())
    }
}

#[inline]
fn sent<'a>(bytes: &'a [u8], source: Source<'a>) -> Option<RedactedText<'a>> {
    (!bytes.is_empty()).then_some(RedactedText { bytes, source, longest: usize::MAX })
}

impl<'a> RedactedText<'a> {
    /// Returns the text as it is, if it needs neither masking nor escaping, even between quotation marks.
    #[must_use]
    pub fn as_plain(self) -> Option<&'a [u8]> {
        let is_plain = match self.source {
            _ if self.bytes.len() > self.longest => false,
            Source::Program => Redaction::is_printable(self.bytes),
            Source::Client(redaction) => redaction.is_plain(self.bytes),
            Source::Repeated(redaction) => plain_cache::is_plain(redaction, self.bytes),
        };
        is_plain.then_some(self.bytes)
    }

    /// Returns the text, redacted.
    #[must_use]
    pub fn redacted(self) -> Cow<'a, str> {
        let text = text(self.bytes);
        let redacted = match self.source {
            Source::Program => Cow::Borrowed(text),
            Source::Client(redaction) | Source::Repeated(redaction) => redaction.text(text),
        };
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
