//! A session with a mail server: one mail to several recipients.
//!
//! lettre's own transport gives up the whole mail for one recipient that is refused. An alert must reach the others.

use std::time::Duration;

use lettre::{
    message::Mailbox,
    transport::smtp::{
        authentication::DEFAULT_MECHANISMS,
        client::SmtpConnection,
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
    },
};

use super::{
    failure::{self, Step},
    server::{Encryption, Server},
};
use crate::notifier::DeliveryError;

pub(super) struct Session<'a> {
    server: &'a Server,
    timeout: Duration,
    connection: SmtpConnection,
}

/// The number of a recipient, from 1, and why the server refused it.
pub(super) type Refused = (usize, DeliveryError);

impl<'a> Session<'a> {
    /// Connects to the server, encrypts the connection, and logs in. `domain` is the name that this client gives
    /// itself: servers refuse one that is no domain, such as the name of a container.
    pub(super) fn open(server: &'a Server, domain: &str, timeout: Duration) -> Result<Self, DeliveryError> {
        let hello = ClientId::Domain(domain.to_owned());
        let tls = Some(&server.tls).filter(|_| server.encryption == Encryption::Tls);
        let address = (&*server.host, server.port);
        let connection = SmtpConnection::connect(address, Some(timeout), &hello, tls, None)
            .map_err(|error| failure::of(server, timeout, Step::Greeting, &error))?;
        let mut session = Self { server, timeout, connection };
        session.encrypt(&hello)?;
        session.log_in()?;
        Ok(session)
    }

    fn encrypt(&mut self, hello: &ClientId) -> Result<(), DeliveryError> {
        if self.server.encryption != Encryption::StartTls {
            return Ok(());
        }
        if !self.connection.can_starttls() {
            // It may have been removed on the way by an attacker, who will be gone one day.
            let host = &self.server.host;
            return Err(DeliveryError::retryable(format!(
                "{host} offers no STARTTLS: check the port, or try `smtps://`"
            )));
        }
        self.connection.starttls(&self.server.tls, hello).map_err(self.failed(Step::Encryption))
    }

    fn log_in(&mut self) -> Result<(), DeliveryError> {
        let Some(credentials) = &self.server.credentials else { return Ok(()) };
        if self.connection.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
            let host = &self.server.host;
            return Err(DeliveryError::retryable(format!("{host} accepts no login by PLAIN or LOGIN: check the port")));
        }
        self.connection.auth(DEFAULT_MECHANISMS, credentials).map_err(self.failed(Step::Login))?;
        Ok(())
    }

    /// Sends the mail to the recipients that the server accepts. Returns the others.
    pub(super) fn send(&mut self, from: &Mailbox, to: &[Mailbox], mail: &[u8]) -> Result<Vec<Refused>, DeliveryError> {
        let sender = Mail::new(Some(from.email.clone()), Vec::new());
        self.connection.command(sender).map_err(self.failed(Step::Sender))?;
        let refused = self.name_recipients(to)?;
        self.connection.command(Data).map_err(self.failed(Step::Mail))?;
        self.connection.message(mail).map_err(self.failed(Step::Mail))?;
        Ok(refused)
    }

    /// Names the recipients to the server. Returns those that it refuses, or an error if there are no others.
    fn name_recipients(&mut self, to: &[Mailbox]) -> Result<Vec<Refused>, DeliveryError> {
        let mut refused = Vec::new();
        for (index, recipient) in to.iter().enumerate() {
            let Err(error) = self.connection.command(Rcpt::new(recipient.email.clone(), Vec::new())) else { continue };
            let is_reply = error.status().is_some();
            let error = self.failed(Step::Recipient)(error);
            if !is_reply {
                return Err(error);
            }
            refused.push((index + 1, error));
        }
        if refused.len() == to.len() { Err(all_refused(refused)) } else { Ok(refused) }
    }

    fn failed(&self, step: Step) -> impl Fn(lettre::transport::smtp::Error) -> DeliveryError + use<'a> {
        let (server, timeout) = (self.server, self.timeout);
        move |error| failure::of(server, timeout, step, &error)
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // The mail is accepted, or lost: a server that does not take leave need not be waited for.
        let _ = self.connection.set_timeout(Some(LEAVE.min(self.timeout)));
        self.connection.abort();
    }
}

/// Returns the error of a mail without a recipient: one that is retried, if any recipient may be accepted later.
fn all_refused(refused: Vec<Refused>) -> DeliveryError {
    let mut errors = refused.into_iter().map(|(_, error)| error);
    let Some(first) = errors.next() else { return DeliveryError::permanent("the mail has no recipient") };
    if first.is_permanent() { errors.find(|error| !error.is_permanent()).unwrap_or(first) } else { first }
}

const LEAVE: Duration = Duration::from_secs(1);
