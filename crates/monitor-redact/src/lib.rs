//! Masking of secrets and personal data in texts and JSON.
//!
//! Every text that leaves a monitor passes through its [`Redaction`]. A program can mask its own texts in the same
//! way, such as those of an audit log:
//!
//! ```
//! use monitor_kit::Redaction;
//!
//! let redaction = Redaction::new().secret_keys(["badge"]);
//! let entry = redaction.text("badge=1207 of jo@example.org opened door 4");
//! assert_eq!(entry, "badge=[Filtered] of [Filtered] opened door 4");
//! ```
//!
//! # Masked by default
//!
//! - e-mail addresses;
//! - the credentials of `Bearer` and `Basic`;
//! - JSON web tokens, private keys in PEM form, and keys of well-known services, recognised by their prefix;
//! - user and password in a URL or connection string, and the path of a webhook;
//! - the value of every `key=value`, `key: value`, `<key>value</key>`, `("key", "value")` and `--key value` with a
//!   key that names a secret;
//! - card numbers, recognised by their check digit (ISO/IEC 7812-1, annex B), IBANs, recognised by theirs (ISO
//!   13616-1), and social security numbers, recognised by their shape.
//!
//! IP addresses are truncated to the first 24 bits of IPv4 and the first 48 of IPv6, except for loopback and
//! unspecified addresses, such as 127.0.0.1.
//!
//! A header is shown only if it is on an allow-list, which is empty unless [`Redaction::headers`] adds names. Values of
//! a query are always masked.
//!
//! # Threat model
//!
//! **To be protected:** credentials and personal data in texts that a program logs, reports or stores: messages of
//! errors and panics, paths, headers, tags, breadcrumbs, JSON.
//!
//! **Attackers** read the logs, reports and stores, and send requests: they choose parts of the texts, and what stands
//! around a secret of another user.
//!
//! | guarantee | against |
//! | --- | --- |
//! | A recognised secret is masked whatever surrounds it, also if it is escaped. | text of a client beside a secret |
//! | A secret that crosses a cut is masked as a whole: [`Redaction::head`]. | texts cut so that half a secret shows |
//! | Masking a masked text changes nothing, and no mask is split. | texts that are masked more than once |
//! | Time and memory are linear in the length of a text. Nothing backtracks. | texts made to be slow |
//! | No text makes it panic; the panic of a [rule](Redaction::rule) masks the text. | texts made to end a thread |
//! | Harmless texts are unchanged. | masks that hide the cause of an error |
//!
//! Escaped texts are read with percent-encoding and backslash escapes decoded, up to three levels deep.
//!
//! The tests in `tests/redaction` check each of them, and the fuzzer `redaction` all but the time.
//!
//! **Not covered:**
//!
//! - A secret without a pattern or a key, such as a name in a message. [Rules](Redaction::rule) and
//!   [keys](Redaction::secret_keys) add more.
//! - A short lower-case word after `token:` and similar keys, which counts as prose (`invalid token: expected …`).
//! - Encodings other than percent-encoding and backslash escapes, such as base64, and compressed or encrypted text.
//! - A secret that is split over several texts.
//! - A secret that ends more than [`LOOKAHEAD`] bytes after a cut, unless its pattern has no end.
//! - Injection into logs, terminals and pages: `monitor_core::escape` escapes control characters on the way out.

#![cfg_attr(docsrs, feature(doc_cfg))]

// The floors, from the ground up: a module uses only those above it in this list. `cargo xtask lint` checks this.

// Ranges to mask, and the text with these ranges replaced.
mod found;

// Decoding of percent-encoding and backslash escapes.
mod escapes;

// Names of keys whose values are secrets.
mod keys;

// Card numbers.
mod cards;

// Secrets recognised by their shape: addresses, account numbers, keys of services.
mod patterns;

// A masking rule of the program.
mod rule;

// The policy: its settings.
mod redaction;

// Secrets that follow a key, and words that are secrets by themselves.
mod scan;

// A cheap test that lets most texts skip the scanners.
mod prefilter;

// Texts that need no masking.
mod plain;

// Masking of one text.
mod mask;

// Cutting of long texts, after masking.
mod cut;

// Masking of JSON values.
mod json;

pub use self::{
    cut::{LOOKAHEAD, MAX_TEXT, cut},
    found::FILTERED,
    patterns::IpMasking,
    redaction::Redaction,
};
