//! A mail: its headers, and its text in two forms.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lettre::message::{
    Body, Mailbox, Message, MultiPart, SinglePart,
    header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
};

use super::{content, html, plain};
use crate::{alert::Notification, hash, notifier::DeliveryError};

/// Returns the mail as it is sent, in ASCII and in lines of less than 1000 bytes.
pub(super) fn format(
    notification: &Notification,
    from: &Mailbox,
    to: &[Mailbox],
    date: SystemTime,
) -> Result<Vec<u8>, DeliveryError> {
    let domain = from.email.domain();
    let thread = format!("<{}@{domain}>", hash::id(&[&notification.alert.key]));
    let builder = Message::builder()
        .date(date.min(UNIX_EPOCH + MAX_DATE))
        .from(from.clone())
        .subject(content::subject(&notification.alert))
        .message_id(Some(format!("<{}@{domain}>", message_id(notification))))
        .in_reply_to(thread.clone())
        .references(thread)
        .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()));
    let mail = to.iter().cloned().fold(builder, |builder, to| builder.to(to)).multipart(parts(notification)?);
    mail.map(|mail| mail.formatted()).map_err(|_| unwritable())
}

/// Returns the left part of the `Message-ID`. It has the day of the alert, because a mail server may remember an ID for
/// longer than the notification's is unique.
fn message_id(notification: &Notification) -> String {
    let since_epoch = notification.alert.at.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}.{}", notification.id, since_epoch.as_secs() / SECONDS_OF_A_DAY)
}

/// Returns the text in both forms, the best last, as RFC 2046 demands. No text of an alert can end a part: `=_` does
/// not occur in quoted-printable.
fn parts(notification: &Notification) -> Result<MultiPart, DeliveryError> {
    let boundary = format!("=_{}", notification.id);
    let plain = part(ContentType::TEXT_PLAIN, plain::text(notification))?;
    let html = part(ContentType::TEXT_HTML, html::page(notification))?;
    Ok(MultiPart::alternative().boundary(boundary).singlepart(plain).singlepart(html))
}

fn part(kind: ContentType, text: String) -> Result<SinglePart, DeliveryError> {
    let body = Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable).map_err(|_| unwritable())?;
    Ok(SinglePart::builder().header(kind).body(body))
}

fn unwritable() -> DeliveryError {
    DeliveryError::permanent("the alert cannot be written as a mail")
}

const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");
/// lettre panics at a date after the year 9999, which a wrong clock may show.
const MAX_DATE: Duration = Duration::from_secs(253_402_300_799);
const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;
