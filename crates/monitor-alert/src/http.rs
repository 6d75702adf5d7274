//! The HTTP client of notifiers: sends one POST request and classifies its outcome.

mod error;
mod proxy;
pub(crate) mod reason;
#[cfg(test)]
pub(crate) mod receiver;
mod retry_after;
mod status;

use std::{
    io::{self, Read},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use ureq::{Agent, Body, Proxy, Timeout};

pub use self::error::NotifierError;
use crate::notifier::DeliveryError;

/// Sends requests to one URL. Redirects are not followed, and each request has a connection of its own.
///
/// The URL and the headers may be secrets: errors show only the host. ureq logs both at the level TRACE, not at DEBUG.
pub(crate) struct HttpClient {
    uri: Uri,
    headers: HeaderMap,
    /// Secrets in the bodies of requests.
    secrets: Vec<String>,
    timeout: Duration,
    proxy: Option<Proxy>,
    agent: Agent,
}

impl HttpClient {
    /// Creates a client of `url`, with the proxy of the environment unless the host is a loopback one.
    pub(crate) fn new(url: &str) -> Result<Self, NotifierError> {
        let uri: Uri = url.parse().map_err(|error| {
            NotifierError::new(format!(
                "the URL of a notifier is invalid ({error}): write it in full, such as https://alerts.example/monitor"
            ))
        })?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
            return Err(NotifierError::new("the URL of a notifier needs a scheme, `http` or `https`, and a host"));
        }
        let proxy = proxy::of_environment(&uri);
        let agent = agent(TIMEOUT, proxy.clone());
        Ok(Self { agent, uri, headers: HeaderMap::new(), secrets: Vec::new(), timeout: TIMEOUT, proxy })
    }

    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.min(MAX_TIMEOUT);
        self.with_agent()
    }

    pub(crate) fn proxy_from_env(mut self, on: bool) -> Self {
        self.proxy = if on { Proxy::try_from_env() } else { None };
        self.with_agent()
    }

    /// Keeps a secret of the requests' bodies from being shown in errors.
    pub(crate) fn secret(mut self, secret: &str) -> Self {
        self.secrets.push(secret.to_owned());
        self
    }

    /// Adds a header to each request.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Result<Self, NotifierError> {
        let refused = |why: &str| NotifierError::new(format!("the header `{name}` of a notifier {why}"));
        let Ok(key) = HeaderName::try_from(name) else { return Err(refused("has an invalid name")) };
        if RESERVED.contains(&key.as_str()) {
            return Err(refused("cannot be set: the notifier sets it"));
        }
        let value = HeaderValue::try_from(value).map_err(|_| refused("has a value with control characters"))?;
        self.headers.insert(key, value);
        Ok(self)
    }

    fn with_agent(self) -> Self {
        let agent = agent(self.timeout, self.proxy.clone());
        Self { agent, ..self }
    }

    /// Returns the host, the only part of the URL that is shown.
    pub(crate) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    /// Sends `body`, which is JSON, with `headers` and those of the client. Returns the response if it is a success;
    /// its body is not read yet.
    pub(crate) fn post(&self, headers: &HeaderMap, body: &str) -> Result<http::Response<Body>, DeliveryError> {
        let request = self.agent.post(&self.uri).header(header::CONTENT_TYPE, "application/json");
        let headers = self.headers.iter().chain(headers);
        let request = headers.fold(request, |request, (name, value)| request.header(name, value));
        let response = request.send(body).map_err(|error| self.unanswered(&error))?;
        if response.status().is_success() { Ok(response) } else { Err(self.refused(response)) }
    }

    /// Reads the first [`MAX_BODY`] bytes of a response as text.
    pub(crate) fn text(&self, response: http::Response<Body>) -> Result<String, DeliveryError> {
        beginning(response).map_err(|error| self.unanswered(&error.into()))
    }

    /// Returns the error of a request without a response. The next attempt may succeed whatever the cause: a host name,
    /// a certificate or a broken proxy can be repaired without a restart of this process.
    fn unanswered(&self, error: &ureq::Error) -> DeliveryError {
        let host = self.host();
        DeliveryError::retryable(match error {
            ureq::Error::Timeout(Timeout::Connect) => format!("no connection to {host} in time"),
            ureq::Error::Timeout(_) => format!("no answer from {host} within {:?}", self.timeout),
            ureq::Error::Io(error) => format!("no answer from {host}: {error}"),
            ureq::Error::Tls(_)
            | ureq::Error::Rustls(_)
            | ureq::Error::HostNotFound
            | ureq::Error::Protocol(_)
            | ureq::Error::ConnectProxyFailed(_) => format!("no answer from {host}: {error}"),
            // The text of other errors may contain the URL.
            _ => format!("no answer from {host}: the request failed"),
        })
    }

    /// Returns the error of a response that is no success.
    fn refused(&self, response: http::Response<Body>) -> DeliveryError {
        let (status, delay) = (response.status(), retry_after::delay(response.headers()));
        let mut text = format!("{} answered {}", self.host(), status.as_u16());
        let body = beginning(response).unwrap_or_default();
        let is_repeated = self.secrets.iter().any(|secret| body.contains(secret.as_str()));
        if let Some(reason) = reason::reason(&body, &self.uri, &self.headers).filter(|_| !is_repeated) {
            text = format!("{text} ({reason})");
        }
        if !status::is_retryable(status) {
            return DeliveryError::permanent(text + status::setting(status));
        }
        let error = DeliveryError::retryable(text);
        if let Some(delay) = delay { error.retry_after(delay) } else { error }
    }
}

/// Creates an agent without a pool: alerts are rare, and the receiver may close an idle connection just as the next
/// request is sent on it.
fn agent(timeout: Duration, proxy: Option<Proxy>) -> Agent {
    Agent::config_builder()
        .proxy(proxy)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_global(Some(timeout))
        .max_redirects(0)
        .max_idle_connections(0)
        .http_status_as_error(false)
        .user_agent(concat!("monitor-kit/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

fn beginning(response: http::Response<Body>) -> io::Result<String> {
    let mut read = Vec::new();
    response.into_body().into_reader().take(MAX_BODY).read_to_end(&mut read)?;
    Ok(String::from_utf8_lossy(&read).into_owned())
}

/// Headers of the client and of the notifiers, which the user cannot set.
const RESERVED: [&str; 7] = [
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TIMEOUT: Duration = Duration::from_secs(10);
/// One hour. Adding the longest duration to a clock reading would overflow.
const MAX_TIMEOUT: Duration = Duration::from_secs(60 * 60);
const MAX_BODY: u64 = 8 * 1024;

#[cfg(test)]
mod tests;
