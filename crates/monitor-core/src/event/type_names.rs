//! Names for errors of unknown type: those behind a `dyn Error`, and those in a wrapper of any type.
//!
//! A `dyn Error` does not reveal its type. A program can register its types ([`TypeNames::add`]); for any other error,
//! the name is the beginning of its `Debug` output.

use std::{
    any::{Any, type_name},
    borrow::Cow,
    error::Error,
    fmt,
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::any_error::AnyError;
use crate::text;

/// An error that caused another.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Cause {
    /// Type of the error, as far as it is known.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Message of the error.
    pub message: String,
}

/// The error types and wrappers that the program registered.
#[derive(Clone, Default)]
pub(crate) struct TypeNames {
    names: Vec<fn(&(dyn Error + 'static)) -> Option<&'static str>>,
    wrappers: Vec<Arc<Open>>,
}

type Open = dyn Fn(&dyn Any) -> Option<&(dyn Error + 'static)> + Send + Sync;

impl TypeNames {
    pub(crate) fn add<E: Error + 'static>(&mut self) {
        self.names.push(|error| error.is::<E>().then(type_name::<E>));
        self.add_wrapper(|error: &E| error);
    }

    pub(crate) fn add_wrapper<W: 'static>(
        &mut self,
        open: impl Fn(&W) -> &(dyn Error + 'static) + Send + Sync + 'static,
    ) {
        self.wrappers.push(Arc::new(move |any| any.downcast_ref::<W>().map(&open)));
    }

    /// Returns the error inside a registered wrapper.
    pub(crate) fn open<'a>(&self, any: &'a dyn Any) -> Option<&'a (dyn Error + 'static)> {
        self.wrappers.iter().find_map(|open| open(any))
    }

    /// Returns the type name of an error.
    pub(crate) fn name<E: AnyError<M> + ?Sized, M>(&self, error: &E) -> Cow<'static, str> {
        error.known_type().map_or_else(|| self.name_of(error.typed()), Cow::Borrowed)
    }

    /// Returns the causes of an error, the direct cause first, at most [`MAX_CAUSES`].
    pub(crate) fn causes(&self, error: &(dyn Error + 'static)) -> Vec<Cause> {
        let mut causes = Vec::new();
        let mut next = error.source();
        while let Some(cause) = next.filter(|_| causes.len() < MAX_CAUSES) {
            let type_name = self.name_of(cause).into_owned();
            causes.push(Cause { type_name, message: text::format(format_args!("{cause}")) });
            next = cause.source();
        }
        causes
    }

    fn name_of(&self, error: &(dyn Error + 'static)) -> Cow<'static, str> {
        let registered = self.names.iter().find_map(|name| name(error));
        registered.map_or_else(|| debug_name(error), Cow::Borrowed)
    }
}

/// Returns the type name at the beginning of an error's `Debug` output, as a derived `Debug` writes it: `Name`, `Name(`
/// or `Name {`. Returns `error` if there is none.
fn debug_name(error: &(dyn Error + 'static)) -> Cow<'static, str> {
    let mut debug = Prefix::default();
    let _ = text::try_write(&mut debug, format_args!("{error:?}"));
    let message = text::beginning(format_args!("{error}"), BEGINNING);
    let (name, rest) = debug.0.split_at(name_len(&debug.0));
    let is_name = match rest {
        // A `Debug` output that equals the message is a text, not the name of a unit type.
        "" => message != name,
        // The `Debug` output of a report is its message, which may look like a type name too.
        rest => (rest.starts_with('(') || rest.starts_with(" {")) && !message.starts_with(&debug.0),
    };
    let is_name = is_name && name.starts_with(char::is_alphabetic);
    if is_name { Cow::Owned(name.to_owned()) } else { Cow::Borrowed("error") }
}

/// Collects a name and the two characters after it, then stops the formatting: a report's `Debug` output ends with its
/// backtrace, which takes about a second to resolve.
#[derive(Default)]
struct Prefix(String);

impl fmt::Write for Prefix {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            let behind = self.0[name_len(&self.0)..].chars().count();
            if behind == 2 || self.0.len() >= BEGINNING {
                return Err(fmt::Error);
            }
            self.0.push(c);
        }
        Ok(())
    }
}

fn name_len(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(text.len())
}

impl fmt::Debug for TypeNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorTypes").field("names", &self.names.len()).finish_non_exhaustive()
    }
}

const MAX_CAUSES: usize = 20;
const BEGINNING: usize = 128;

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A report with a backtrace at the end of its `Debug` output.
    struct Report {
        debug: &'static str,
        message: &'static str,
        is_resolved: Cell<bool>,
    }

    impl fmt::Debug for Report {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.debug)?;
            self.is_resolved.set(true);
            Ok(())
        }
    }

    impl fmt::Display for Report {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.message)
        }
    }

    impl Error for Report {}

    #[test]
    fn a_type_is_named_by_a_derived_debug() {
        for (debug, message, expected) in [
            ("ParseIntError { kind: InvalidDigit }", "invalid digit", "ParseIntError"),
            ("hyper::Error(Parse)", "bad request", "hyper::Error"),
            ("Timeout", "Timeout after 3 s", "Timeout"),
            ("Timeout", "Timeout", "error"),
            ("no age\n\nStack backtrace:", "no age", "error"),
            ("lost(7) of 9\n\nStack backtrace:", "lost(7) of 9", "error"),
            ("\"text\"", "text", "error"),
            ("", "", "error"),
        ] {
            assert_eq!(debug_name(&Report { debug, message, is_resolved: Cell::default() }), expected, "{debug}");
        }
    }

    #[test]
    fn naming_a_type_does_not_format_the_backtrace_of_a_report() {
        let report = Report { debug: "no age\n\nStack backtrace:", message: "no age", is_resolved: Cell::default() };
        assert_eq!((&*debug_name(&report), report.is_resolved.get()), ("error", false));
    }
}
