//! Another service that answers over HTTP.

use std::{fmt, net::IpAddr, time::Duration};

use http::Uri;
use monitor_core::Redaction;
use ureq::{Agent, Proxy};

use crate::{
    error::HealthError,
    probe::{BlockingProbe, result::ProbeResult},
};

/// Sends a GET request to another service, and fails unless the response has a status below 400. Publishes
/// `status_code`.
///
/// Redirects are not followed, and the body is not read. Connections are reused. Requests to a loopback host go
/// directly, all others through the [proxy](Self::proxy_from_env) of the environment, if it names one.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::health::{HttpProbe, Probe};
///
/// let payments = HttpProbe::new("https://payments.example/health/live")?.timeout(Duration::from_secs(1));
/// let probe = Probe::blocking("payments", payments).timeout(Duration::from_secs(1));
/// # Ok::<(), monitor_kit::health::HealthError>(())
/// ```
#[derive(Clone)]
pub struct HttpProbe {
    uri: Uri,
    timeout: Duration,
    proxy: Option<Proxy>,
    agent: Agent,
}

impl HttpProbe {
    /// Creates a probe of `url`, which must start with `http://` or `https://`.
    ///
    /// # Errors
    ///
    /// If `url` is not such a URL.
    pub fn new(url: &str) -> Result<Self, HealthError> {
        let uri: Uri =
            url.parse().map_err(|error| HealthError::new(format!("the URL of an HTTP probe is invalid: {error}")))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
            return Err(HealthError::new("the URL of an HTTP probe needs a scheme, `http` or `https`, and a host"));
        }
        let is_remote = !uri.host().is_some_and(is_loopback);
        let probe = Self { uri, timeout: TIMEOUT, proxy: None, agent: agent(TIMEOUT, None) };
        Ok(probe.proxy_from_env(is_remote))
    }

    /// Sets the time-out of the whole request. Defaults to two seconds, like the probe's own
    /// [time-out](crate::Probe::timeout). Do not set it higher than that: a request that outlasts its run holds a
    /// thread.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.min(MAX_TIMEOUT);
        self.with_agent()
    }

    /// Sets whether requests use the proxy in `ALL_PROXY`, `HTTPS_PROXY` or `HTTP_PROXY`, in this order and in upper or
    /// lower case, unless `NO_PROXY` excludes the host. The environment is read by this call. Defaults to `false` for a
    /// loopback host (`localhost`, `127.0.0.0/8`, `::1`), which is a different host to a proxy, and to `true` for any
    /// other.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::health::HttpProbe;
    ///
    /// let probe = HttpProbe::new("http://payments.internal/health/live")?.proxy_from_env(false);
    /// # Ok::<(), monitor_kit::health::HealthError>(())
    /// ```
    #[must_use]
    pub fn proxy_from_env(mut self, on: bool) -> Self {
        self.proxy = if on { Proxy::try_from_env() } else { None };
        self.with_agent()
    }

    fn with_agent(self) -> Self {
        let agent = agent(self.timeout, self.proxy.clone());
        Self { agent, ..self }
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    let is_name = host == "localhost" || host.ends_with(".localhost");
    is_name || host.parse::<IpAddr>().is_ok_and(|addr| addr.to_canonical().is_loopback())
}

fn agent(timeout: Duration, proxy: Option<Proxy>) -> Agent {
    Agent::config_builder()
        .proxy(proxy)
        .timeout_global(Some(timeout))
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("monitor-health/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

impl BlockingProbe for HttpProbe {
    fn check(&self) -> ProbeResult {
        match self.agent.get(&self.uri).call() {
            Ok(response) => {
                let status = response.status();
                let is_well = status.is_informational() || status.is_success() || status.is_redirection();
                let text = || format!("Answered with {}", status.as_u16());
                let result = if is_well { ProbeResult::ok() } else { ProbeResult::error(text()) };
                result.value("status_code", status.as_u16())
            }
            Err(ureq::Error::Io(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                ProbeResult::error("Connection refused").source(error).decisive()
            }
            Err(ureq::Error::Timeout(error)) => ProbeResult::error("No answer in time").source(error.to_string()),
            Err(error) => ProbeResult::error("Not reachable").source(error),
        }
    }
}

/// Redacts the URL, which may contain a password or a token.
impl fmt::Debug for HttpProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.uri.to_string();
        f.debug_struct("HttpProbe").field("url", &Redaction::new().text(&url)).finish_non_exhaustive()
    }
}

/// One year. Adding a longer duration to a clock reading could overflow.
const MAX_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const TIMEOUT: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use std::{
        env,
        io::{Read, Write},
        net::TcpListener,
        process::Command,
        thread,
    };

    use super::*;
    use monitor_core::HealthStatus;

    /// Serves one response per connection, in order.
    fn served(answers: &'static [&'static str]) -> (String, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("an address");
        let server = listener.try_clone().expect("a handle");
        thread::spawn(move || {
            for answer in answers {
                let Ok((mut stream, _)) = server.accept() else { return };
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        (format!("http://{addr}/health"), listener)
    }

    #[test]
    fn a_status_from_400_on_is_an_error_and_a_redirect_is_not_followed() {
        let (url, _listener) = served(&[
            "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
            "HTTP/1.1 302 Found\r\nlocation: http://192.0.2.1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 6\r\nconnection: close\r\n\r\nsecret",
        ]);
        let probe = HttpProbe::new(&url).unwrap();
        let results: Vec<_> = (0..3).map(|_| probe.check()).collect();
        let statuses: Vec<_> = results.iter().map(ProbeResult::status).collect();
        assert_eq!(statuses, [HealthStatus::Ok, HealthStatus::Ok, HealthStatus::Error], "{results:?}");
        assert_eq!((results[2].message(), &results[2].values()["status_code"]), ("Answered with 503", &503.into()));
    }

    #[test]
    fn a_refused_connection_is_decisive_and_a_silent_port_is_not() {
        let (url, listener) = served(&[]);
        let silent = HttpProbe::new(&url).unwrap().timeout(Duration::from_millis(50)).check();
        assert_eq!(
            (silent.status(), silent.message(), silent.is_decisive()),
            (HealthStatus::Error, "No answer in time", false)
        );
        drop(listener);
        let result = HttpProbe::new(&url).unwrap().check();
        assert_eq!((result.message(), result.is_decisive()), ("Connection refused", true));
    }

    #[test]
    fn the_longest_time_out_is_one() {
        let (url, _listener) = served(&["HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"]);
        assert_eq!(HttpProbe::new(&url).unwrap().timeout(Duration::MAX).check().status(), HealthStatus::Ok);
    }

    #[test]
    fn debug_shows_no_secret_of_the_url() {
        let probe = HttpProbe::new("https://ada:hunter2@payments.example/live?key=hunter2").unwrap();
        let shown = "HttpProbe { url: \"https://[Filtered]@payments.example/live?[Filtered]\", .. }";
        assert_eq!(format!("{probe:?}"), shown);
    }

    #[test]
    fn a_malformed_url_is_refused() {
        for url in ["", "payments", "ftp://payments", "http:///health", "http://pay ments"] {
            assert!(HttpProbe::new(url).is_err(), "{url}");
        }
    }

    /// Runs a probe in a process with a proxy in its environment, and returns whether the proxy got a request.
    fn asks_the_proxy(through_proxy: &str) -> bool {
        let (url, _listener) = served(&["HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"]);
        let (_, proxy) = served(&[]);
        let address = format!("http://{}", proxy.local_addr().expect("an address"));
        let mut child = Command::new(env::current_exe().expect("this is a program"));
        child.args(["--exact", "probes::http::tests::a_probe_in_an_environment_with_a_proxy"]);
        for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
            child.env(name, &address);
        }
        child.env_remove("NO_PROXY").env_remove("no_proxy").env(URL, url).env(THROUGH_PROXY, through_proxy);
        proxy.set_nonblocking(true).expect("it is a socket");
        assert!(child.status().expect("it can be started").success());
        proxy.accept().is_ok()
    }

    #[test]
    fn loopback_is_asked_through_a_proxy_only_where_that_is_set() {
        assert!(!asks_the_proxy(""));
        assert!(asks_the_proxy("yes"));
    }

    /// The child process of the test above.
    #[test]
    fn a_probe_in_an_environment_with_a_proxy() {
        let (Ok(url), Ok(through_proxy)) = (env::var(URL), env::var(THROUGH_PROXY)) else { return };
        let probe = HttpProbe::new(&url).unwrap();
        if through_proxy.is_empty() {
            assert_eq!(probe.check().status(), HealthStatus::Ok);
        } else {
            let probe = probe.proxy_from_env(true).timeout(Duration::from_millis(200));
            assert_eq!(probe.check().status(), HealthStatus::Error, "the proxy does not answer");
        }
    }

    #[test]
    fn loopback_is_recognized_by_name_and_address() {
        for host in
            ["localhost", "LOCALHOST.", "api.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"]
        {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example", "notlocalhost", "128.0.0.1", "10.0.0.1", "[::2]"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    const URL: &str = "MONITOR_HEALTH_TEST_URL";
    const THROUGH_PROXY: &str = "MONITOR_HEALTH_TEST_THROUGH_PROXY";
}
