//! E-mail, through a mail server.

mod content;
mod failure;
mod html;
mod message;
mod plain;
mod server;
mod session;
mod text;

use std::{
    fmt,
    time::{Duration, UNIX_EPOCH},
};

use lettre::message::Mailbox;
use monitor_core::clock;

use self::{server::Server, session::Session};
use crate::{
    alert::Notification,
    http::NotifierError,
    notifier::{DeliveryError, Notifier},
    rate_limit::RateLimit,
};

/// Mails alerts through an SMTP server, as text and HTML.
///
/// The subject is `[service/environment] title`, at the end of an alert as well: mail programs show mails with the same
/// subject as one conversation. The text begins with the severity or `RESOLVED`, and has the facts, the service, the
/// environment, the release, the time, and the link that acknowledges the alert. No text of an alert can add a header
/// or markup.
///
/// All mails of an [alert key](crate::Alert::key) are one conversation: they refer to the same `Message-ID`. Mails have
/// a `Message-ID` of their own, the same in each attempt: a mail server that has it already can drop a repetition.
/// `Auto-Submitted: auto-generated` keeps servers from answering with absence notices.
///
/// # Outcomes
///
/// | reply of the server | outcome |
/// | --- | --- |
/// | 2xx to the mail | delivered to each recipient that the server accepted; refused ones are logged at WARN |
/// | 4xx, such as 450 and 454 | retried |
/// | none: an unknown host, a time-out, a broken connection, a certificate that is not trusted | retried |
/// | no STARTTLS, no common way to log in, no SMTP | retried |
/// | 535 and any other 5xx to the login | given up: check the user and the password |
/// | any other 5xx, to the mail or to all recipients | given up |
///
/// # Example
///
/// ```
/// use monitor_kit::alert::Email;
///
/// let email = Email::new("smtps://user:password@mail.example.com", "alerts@example.com", ["oncall@example.com"])?;
/// # Ok::<(), monitor_kit::alert::NotifierError>(())
/// ```
///
/// # Example: critical alerts only, to two people
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::alert::{Alerts, Email, Route, Severity, Slack};
///
/// let oncall = Email::new("smtp://mail.internal", "Shop <shop@example.com>", ["ada@example.com", "bob@example.com"])?
///     .name("email-oncall")
///     .timeout(Duration::from_secs(10));
/// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?)
///     .and(oncall)
///     .route(Route::severity(Severity::Warning).to("slack"))
///     .route(Route::severity(Severity::Critical).to("slack").to("email-oncall"));
/// # Ok::<(), monitor_kit::alert::NotifierError>(())
/// ```
pub struct Email {
    name: String,
    rate_limit: RateLimit,
    server: Server,
    from: Mailbox,
    to: Vec<Mailbox>,
    timeout: Duration,
}

impl Email {
    /// Creates a notifier that mails from one address to others, each written `ada@example.com` or `Ada
    /// <ada@example.com>`.
    ///
    /// | `url` | connection |
    /// | --- | --- |
    /// | `smtps://user:password@mail.example.com` | TLS from its beginning, port 465 |
    /// | `smtp://user:password@mail.example.com` | STARTTLS, port 587; a server without it gets neither mail nor password |
    /// | `smtp://localhost:25?tls=none` | not encrypted, port 25, without user and password |
    ///
    /// Characters in the user and the password other than letters, digits, `-`, `.`, `_` and `~` are percent-encoded:
    /// `ada@example.com` is `ada%40example.com`. Certificates are checked against the roots of Mozilla, which are
    /// compiled in, and those of [`root_certificate`](Self::root_certificate). The server is reached without a proxy.
    ///
    /// The password is a secret: errors and `Debug` show only the host. lettre logs it at the level DEBUG if the
    /// program enables the feature `tracing` of lettre.
    ///
    /// # Errors
    ///
    /// Returns an error if `url` has another form, if an address is invalid or not ASCII, or if there is no recipient.
    pub fn new(url: &str, from: &str, to: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, NotifierError> {
        let server = Server::parse(url)?;
        let from = mailbox(from).ok_or_else(|| {
            NotifierError::new(
                "the sender of e-mails is no ASCII address: write it like `alerts@example.com` or `Shop \
                 <alerts@example.com>`",
            )
        })?;
        let to: Vec<Mailbox> = to.into_iter().enumerate().map(recipient).collect::<Result<_, _>>()?;
        if to.is_empty() {
            return Err(NotifierError::new("e-mails have no recipient: pass at least one address"));
        }
        Ok(Self { name: "email".to_owned(), rate_limit: RateLimit::default(), server, from, to, timeout: TIMEOUT })
    }

    /// Sets the [name](Notifier::name). Defaults to `email`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the number of mails a minute, to all recipients together. Defaults to 30, ten of them in a row.
    // No example: `RateLimit` has one.
    #[must_use]
    pub const fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = limit;
        self
    }

    /// Sets the time-out of the connection and of each reply of the server, at most an hour. Defaults to 30 seconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.clamp(MIN_TIMEOUT, MAX_TIMEOUT);
        self
    }

    /// Trusts certificates that those in `pem` have signed, such as the certificate of a company's own mail server.
    /// Each call adds further ones. Defaults to the roots of Mozilla only.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use monitor_kit::alert::Email;
    ///
    /// let pem = std::fs::read_to_string("/etc/ssl/company.pem")?;
    /// let email = Email::new("smtp://mail.internal", "shop@example.com", ["oncall@example.com"])?;
    /// let email = email.root_certificate(&pem)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if `pem` holds no certificate, or an invalid one.
    pub fn root_certificate(mut self, pem: &str) -> Result<Self, NotifierError> {
        self.server.trust(pem)?;
        Ok(self)
    }
}

impl Notifier for Email {
    fn name(&self) -> &str {
        &self.name
    }

    fn rate_limit(&self) -> RateLimit {
        self.rate_limit
    }

    fn deliver(&mut self, notification: &Notification) -> Result<(), DeliveryError> {
        // The date is that of the attempt: filters distrust a mail that seems to have waited for hours.
        let mail = message::format(notification, &self.from, &self.to, UNIX_EPOCH + clock::unix_time())?;
        let mut session = Session::open(&self.server, self.from.email.domain(), self.timeout)?;
        for (number, error) in session.send(&self.from, &self.to, &mail)? {
            tracing::warn!(
                target: "monitor",
                notifier = self.name,
                alert = notification.alert.key,
                recipient = number,
                %error,
                "an alert was mailed to the other recipients only"
            );
        }
        Ok(())
    }
}

/// Shows neither the user nor the password.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email").field("name", &self.name).field("host", &self.server.host).finish_non_exhaustive()
    }
}

fn recipient((index, address): (usize, impl AsRef<str>)) -> Result<Mailbox, NotifierError> {
    mailbox(address.as_ref()).ok_or_else(|| {
        NotifierError::new(format!(
            "recipient {} of e-mails is no ASCII address: write it like `ada@example.com` or `Ada <ada@example.com>`",
            index + 1
        ))
    })
}

/// Parses an address. Few mail servers accept other characters than those of ASCII in it; a name may have any.
fn mailbox(text: &str) -> Option<Mailbox> {
    let mailbox: Mailbox = text.parse().ok()?;
    let is_ascii = |address: &lettre::Address| AsRef::<str>::as_ref(address).is_ascii();
    Some(mailbox).filter(|mailbox| is_ascii(&mailbox.email))
}

/// Longer than that of HTTP: a mail server may check the sender, or delay strangers, before it replies.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A time-out of zero is invalid for a socket.
const MIN_TIMEOUT: Duration = Duration::from_millis(10);
const MAX_TIMEOUT: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod receiver;
#[cfg(test)]
mod tests;
