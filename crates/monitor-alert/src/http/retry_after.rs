//! The time before which a receiver accepts no further attempt.

use std::time::{Duration, SystemTime};

use http::{
    HeaderMap, HeaderName,
    header::{DATE, RETRY_AFTER},
};
use jiff::fmt::rfc2822;
use monitor_core::clock;

/// Returns the delay in `Retry-After` (RFC 9110, section 10.2.3), in seconds or up to a date. Returns `None` if the
/// header is missing or unreadable, and for a time that has passed.
pub(super) fn delay(headers: &HeaderMap) -> Option<Duration> {
    let text = text(headers, RETRY_AFTER)?;
    let delay = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        // The receiver's own clock, if it sent one: this machine's may be wrong.
        Err(_) => date(text)?.duration_since(now(headers)).ok()?,
    };
    Some(delay).filter(|delay| !delay.is_zero())
}

fn now(headers: &HeaderMap) -> SystemTime {
    text(headers, DATE).and_then(date).unwrap_or_else(clock::wall)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Parses the date of HTTP that servers generate. The two obsolete formats are not read.
fn date(text: &str) -> Option<SystemTime> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_delay_is_given_in_seconds_or_up_to_a_date_by_the_clock_of_the_receiver() {
        let date = (DATE, "Sun, 06 Nov 1994 08:49:37 GMT");
        for (text, seconds) in [("120", 120), (" 7 ", 7), ("Sun, 06 Nov 1994 08:51:37 GMT", 120)] {
            let headers = headers(&[(RETRY_AFTER, text), date.clone()]);
            assert_eq!(delay(&headers), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn a_date_is_compared_with_this_clock_if_the_receiver_sends_none() {
        let in_an_hour = jiff::Timestamp::try_from(clock::wall() + Duration::from_secs(3600)).unwrap();
        let text = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&in_an_hour).unwrap();
        let delay = delay(&headers(&[(RETRY_AFTER, &text)])).unwrap();
        assert!(delay <= Duration::from_secs(3600) && delay > Duration::from_secs(3000), "{delay:?}");
    }

    #[test]
    fn a_time_that_has_passed_and_an_unreadable_one_are_none() {
        for text in ["0", "-1", "1.5", "soon", "", "Sun, 06 Nov 1994 08:49:37 GMT", "99999999999999999999999"] {
            assert_eq!(delay(&headers(&[(RETRY_AFTER, text)])), None, "{text}");
        }
        assert_eq!(delay(&HeaderMap::new()), None);
    }
}
