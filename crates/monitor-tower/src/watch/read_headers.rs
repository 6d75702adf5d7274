//! The header values that are read from each request, before the service is called.

use std::borrow::Cow;

use http::{HeaderValue, header};
use monitor_core::{Scope, scope};

use crate::{
    request::{head::RequestHead, own_headers::TRACEPARENT},
    settings::Settings,
};

/// The header values that every request needs.
#[derive(Default)]
pub(crate) struct ReadHeaders<'a> {
    pub(crate) user_agent: Cow<'a, [u8]>,
    pub(crate) id: Single<'a>,
    pub(crate) traceparent: Single<'a>,
}

/// A header that is ignored if it is repeated.
#[derive(Default)]
pub(crate) struct Single<'a> {
    first: Option<&'a HeaderValue>,
    is_repeated: bool,
}

impl<'a> Single<'a> {
    pub(crate) fn add(&mut self, value: &'a HeaderValue) {
        self.is_repeated = self.first.is_some();
        self.first = Some(value);
    }

    /// Returns the value if there is exactly one and it is text.
    pub(crate) fn text(&self) -> Option<&'a str> {
        self.first.filter(|_| !self.is_repeated)?.to_str().ok()
    }
}

impl<'a> RequestHead<'a> {
    /// Reads the headers that every request needs in one pass, which costs less than a lookup for each.
    pub(crate) fn read(&self, settings: &Settings) -> ReadHeaders<'a> {
        let mut read = ReadHeaders::default();
        for (name, value) in self.headers {
            if *name == header::USER_AGENT && read.user_agent.is_empty() {
                read.user_agent = user_agent(value.as_bytes(), settings);
            } else if *name == TRACEPARENT {
                read.traceparent.add(value);
            } else if *name == settings.id_header {
                read.id.add(value);
            }
        }
        read
    }

    /// Records in `scope` the headers that the redaction policy keeps. Without any, the request's headers are not
    /// searched.
    pub(crate) fn keep_headers(&self, scope: &Scope) {
        let redaction = scope.monitor().redaction();
        if redaction.kept_headers().next().is_none() {
            return;
        }
        let headers = redaction.kept_headers().filter_map(|name| {
            let value = self.headers.get(name)?;
            Some((name.to_ascii_lowercase(), String::from_utf8_lossy(value.as_bytes()).into()))
        });
        let headers: serde_json::Map<_, _> = headers.collect();
        if !headers.is_empty() {
            scope.in_scope(|| scope::set_context("request", serde_json::json!({ "headers": headers })));
        }
    }
}

/// Returns the value of `User-Agent`. A long value is masked before it is cut, because the cut may split a secret.
fn user_agent<'a>(value: &'a [u8], settings: &Settings) -> Cow<'a, [u8]> {
    #[cold]
    fn cut(value: &[u8], settings: &Settings) -> Vec<u8> {
        settings.monitor.redaction().head(&String::from_utf8_lossy(value), USER_AGENT).into_owned().into_bytes()
    }
    if value.len() <= USER_AGENT { Cow::Borrowed(value) } else { Cow::Owned(cut(value, settings)) }
}

const USER_AGENT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_header_that_is_there_once_is_read() {
        let read = |values: &[&'static str]| {
            let values: Vec<_> = values.iter().map(|value| HeaderValue::from_static(value)).collect();
            let mut single = Single::default();
            values.iter().for_each(|value| single.add(value));
            single.text().map(String::from)
        };
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["a"]).as_deref(), Some("a"));
        assert_eq!(read(&["a", "b"]), None);
        assert_eq!(read(&["a", "b", "c"]), None);
    }
}
