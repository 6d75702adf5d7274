//! Webhooks: URLs with a secret in their path.

use std::ops::Range;

/// Returns the secret part of a URL's path, if the host is that of a webhook. `url` begins after `://`.
pub(super) fn secret_path(url: &str) -> Option<Range<usize>> {
    let (host, path) = url.split_once('/')?;
    let name = host.split(':').next().unwrap_or_default();
    let is_host = |known: &str| name.strip_suffix(known).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'));
    let behind = |marker: &str| Some(path.find(marker)? + marker.len());
    let (_, marker, is_segment) = WEBHOOKS.iter().find(|(known, marker, _)| is_host(known) && path.contains(marker))?;
    let begin = host.len() + 1 + behind(marker)?;
    let length = if *is_segment { url[begin..].find('/') } else { None };
    Some(begin..length.map_or(url.len(), |length| begin + length))
}

/// Returns `true` if a URL, which begins after `://`, may have the host of a webhook. Never returns `false` for one
/// that has.
pub(crate) fn may_begin(url: &[u8]) -> bool {
    let host = url.split(|byte| matches!(byte, b'/' | b':')).next().unwrap_or_default();
    WEBHOOKS.iter().any(|(known, ..)| host.ends_with(known.as_bytes()))
}

/// Host, marker in the path before the secret, and `true` if the secret is one segment instead of the rest of the path.
const WEBHOOKS: [(&str, &str, bool); 6] = [
    ("api.telegram.org", "bot", true),
    ("hooks.slack.com", "", false),
    ("discord.com", "webhooks/", false),
    ("discordapp.com", "webhooks/", false),
    ("webhook.office.com", "", false),
    ("hooks.zapier.com", "", false),
];
