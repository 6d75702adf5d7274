//! The receivers of the alerts, on loopback ports: a Slack, a PagerDuty, a mail server, and a webhook that verifies
//! signatures.

mod http;
mod inbox;
mod mail;

use std::{io, net::SocketAddr};

use tokio::task::JoinHandle;

pub(crate) use self::inbox::{Received, Receiver};
use self::{inbox::Inbox, mail::MailServer};

/// All receivers, until they are dropped.
#[derive(Debug)]
pub(crate) struct Receivers {
    http: SocketAddr,
    mail: SocketAddr,
    inbox: Inbox,
    tasks: [JoinHandle<()>; 2],
}

impl Receivers {
    /// Starts all receivers on free ports.
    pub(crate) fn start() -> io::Result<Self> {
        let inbox = Inbox::default();
        let ((http, http_addr), (mail, mail_addr)) = (listener()?, listener()?);
        let router = http::router(inbox.clone());
        let server = MailServer::new(inbox.clone());
        let tasks = [
            tokio::spawn(async move { drop(axum::serve(http, router).await) }),
            tokio::spawn(async move { server.serve(mail).await }),
        ];
        Ok(Self { http: http_addr, mail: mail_addr, inbox, tasks })
    }

    /// Returns the settings of a service that sends its alerts to all receivers, signed with `secret`.
    pub(crate) fn settings(&self, secret: &str) -> Vec<String> {
        let Self { http, mail, .. } = self;
        vec![
            format!("--slack-webhook-url=http://{http}{}", http::SLACK),
            format!("--pagerduty-routing-key={}", http::ROUTING_KEY),
            format!("--pagerduty-url=http://{http}{}", http::PAGERDUTY),
            format!("--alert-mail-url=smtp://{mail}?tls=none"),
            String::from("--alert-mail-from=TODO API <todo-api@drill.example>"),
            String::from("--alert-mail-to=on-call@drill.example"),
            format!("--alert-webhook-url=http://{http}{}", http::WEBHOOK),
            format!("--alert-webhook-secret={secret}"),
        ]
    }

    /// Returns the accepted notifications, in the order of their arrival.
    pub(crate) fn accepted(&self) -> Vec<Received> {
        self.inbox.accepted()
    }

    /// Returns the reasons of all refusals.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.inbox.refused()
    }
}

impl Drop for Receivers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn listener() -> io::Result<(tokio::net::TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let addr = listener.local_addr()?;
    Ok((tokio::net::TcpListener::from_std(listener)?, addr))
}

/// The secret that the webhook verifies signatures with.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
