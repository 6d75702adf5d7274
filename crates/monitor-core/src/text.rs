//! Formatting of the program's values, bounded and without panics.
//!
//! A `Display` or `Debug` may return an error, panic, or write gigabytes. `to_string` and `format!` pass all of this on
//! to the caller, which in a monitor is a request or a shared thread.

use std::fmt;

use monitor_redact::cut;

use crate::{base::bounded::READ, panic};

/// Ends a text if its `Display` or `Debug` returned an error or panicked.
pub const FORMATTING_FAILED: &str = "… [formatting failed]";

/// Formats `text`, and stops after 9 KiB. The last KiB is for [`Redaction::bounded`], which masks before it cuts to 8
/// KiB, and needs the text after the cut to recognise a secret that crosses it. Never panics: if a `Display` or `Debug`
/// fails, returns the text written so far, followed by [`FORMATTING_FAILED`].
///
/// # Example
///
/// ```
/// use std::fmt;
///
/// use monitor_core::instrument::text;
///
/// struct Torn;
///
/// impl fmt::Display for Torn {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         f.write_str("card")?;
///         Err(fmt::Error)
///     }
/// }
///
/// assert_eq!(text::format(format_args!("{}", 7)), "7");
/// assert_eq!(text::format(format_args!("{Torn}")), "card… [formatting failed]");
/// ```
///
/// [`Redaction::bounded`]: monitor_redact::Redaction::bounded
#[must_use]
pub fn format(text: fmt::Arguments<'_>) -> String {
    let mut beginning = Beginning { text: String::new(), left: READ };
    write(&mut beginning, text);
    beginning.text
}

/// Writes `text` to `writer`, followed by [`FORMATTING_FAILED`] if a `Display` or `Debug` in it fails. Never panics
/// unless `writer` does. `writer` must bound the text.
pub fn write(writer: &mut dyn fmt::Write, text: fmt::Arguments<'_>) {
    if try_write(writer, text).is_err() {
        let _ = writer.write_str(FORMATTING_FAILED);
    }
}

/// Returns the first `max` bytes of a text, without a marker. Formatting stops there.
pub(crate) fn beginning(text: fmt::Arguments<'_>, max: usize) -> String {
    let mut beginning = Beginning { text: String::new(), left: max };
    let _ = try_write(&mut beginning, text);
    beginning.text
}

/// Writes `text`. A panic in it is returned as an error.
pub(crate) fn try_write(writer: &mut dyn fmt::Write, text: fmt::Arguments<'_>) -> fmt::Result {
    panic::catch(|| writer.write_fmt(text)).unwrap_or_else(|caught| {
        caught.drop_payload();
        Err(fmt::Error)
    })
}

/// A writer that takes the beginning of a text, and returns an error for the rest.
struct Beginning {
    text: String,
    left: usize,
}

impl fmt::Write for Beginning {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let taken = cut(text, self.left);
        self.text.push_str(taken);
        if taken.len() == text.len() {
            self.left -= taken.len();
            return Ok(());
        }
        // Nothing is accepted after the first cut, or the text would have a gap.
        self.left = 0;
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Implements `Display` by a closure.
    struct Shown<F>(F);

    impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Shown<F> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            (self.0)(f)
        }
    }

    fn shown<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result>(f: F) -> Shown<F> {
        Shown(f)
    }

    #[test]
    fn a_text_that_panics_keeps_what_it_wrote_and_is_marked() {
        let torn = shown(|f| {
            f.write_str("half")?;
            panic!("the other half is gone")
        });
        assert_eq!(format(format_args!("a {torn}, b")), "a half… [formatting failed]");
    }

    #[test]
    fn an_endless_text_is_cut_and_stopped() {
        let calls = Cell::new(0_u32);
        let endless = shown(|f| {
            loop {
                calls.set(calls.get() + 1);
                f.write_str("é".repeat(100).as_str())?;
            }
        });
        let text = format(format_args!("{endless}"));
        assert_eq!(text.len(), READ);
        assert!(calls.get() <= 50, "{} calls", calls.get());
    }

    #[test]
    fn a_text_that_unwraps_its_writes_is_cut_like_any_other() {
        let long = shown(|f| {
            (0..1000).for_each(|_| f.write_str("0123456789").unwrap());
            Ok(())
        });
        let text = format(format_args!("{long}"));
        assert!(text.starts_with("0123") && text.len() == READ, "{text}");
    }

    #[test]
    fn a_beginning_has_no_mark() {
        let torn = shown(|f| {
            f.write_str("Timeout {")?;
            Err(fmt::Error)
        });
        assert_eq!(beginning(format_args!("{torn}"), 7), "Timeout");
        assert_eq!(beginning(format_args!("{torn}"), 70), "Timeout {");
    }
}
