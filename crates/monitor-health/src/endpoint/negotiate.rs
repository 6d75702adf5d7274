//! Content negotiation: the media type that a caller prefers (RFC 9110, section 12.5.1).

use http::{HeaderMap, header};

/// Returns whether the caller prefers `application/health+json` to `application/json`.
pub(crate) fn wants_draft(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<_> = values.flat_map(|value| value.split(',')).filter_map(range).collect();
    let quality = |wanted: &str| {
        // The most specific range takes precedence.
        let fits = ranges.iter().filter_map(|(range, quality)| Some((closeness(range, wanted)?, *quality)));
        fits.max_by_key(|(closeness, _)| *closeness).map_or(0.0, |(_, quality)| quality)
    };
    let draft = quality("application/health+json");
    // The draft must be named: for `*/*` the default is `application/json`.
    draft > 0.0 && named(&ranges) && draft >= quality("application/json")
}

fn named(ranges: &[(&str, f32)]) -> bool {
    ranges.iter().any(|(range, _)| range.eq_ignore_ascii_case("application/health+json"))
}

fn range(text: &str) -> Option<(&str, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?;
    let weight = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    let quality = weight.map_or(Some(1.0), |(_, value)| value.trim().parse().ok())?;
    Some((range, quality))
}

fn closeness(range: &str, wanted: &str) -> Option<u8> {
    if range.eq_ignore_ascii_case(wanted) {
        Some(2)
    } else if range.eq_ignore_ascii_case("application/*") {
        Some(1)
    } else {
        (range == "*/*").then_some(0)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_draft_is_for_those_who_name_it_and_like_it_as_well() {
        let wants = |accept: &'static str| {
            wants_draft(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]))
        };
        for accept in [
            "application/health+json",
            "Application/Health+JSON; charset=utf-8",
            "application/json;q=0.5, application/health+json;q=0.9",
            "application/health+json, */*;q=0.1",
            "application/health+json, application/json",
            "text/html, application/health+json;q=0.2",
        ] {
            assert!(wants(accept), "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "application/*",
            "application/json",
            "application/health+json;q=0",
            "application/health+json;q=0.5, application/json",
            "application/health+json;q=0.5, */*",
            "application/health+json;q=a",
        ] {
            assert!(!wants(accept), "{accept}");
        }
        assert!(!wants_draft(&HeaderMap::new()));
    }
}
