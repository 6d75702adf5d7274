//! Time zones by their names.

use jiff::tz::TimeZone;

/// Returns the time zone with this name.
///
/// # Errors
///
/// Returns a sentence that says what to change.
pub(crate) fn time_zone(name: &str) -> Result<TimeZone, String> {
    if name == "UTC" {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).map_err(|_| {
        format!("the time zone `{name}` is unknown: use one such as `Europe/Berlin`, install tzdata, or use UTC")
    })
}
