//! Whether another service answers.

use std::{fmt, net::IpAddr, time::Duration};

use http::Uri;
use monitor_core::Redaction;
use ureq::{Agent, Proxy};

use crate::{
    error::BuildError,
    probe::{BlockingProbe, outcome::Outcome},
};

/// Asks another service with GET, and fails unless it answers with a status below 400. Publishes `status_code`.
///
/// Redirects are not followed, and of the body nothing is read. Connections are kept and used again. A host on loopback is asked
/// directly, any other one through the [proxy](Self::proxy_from_env) of the environment where there is one.
///
/// # Example
///
/// ```
/// use monitor_kit::health::{HttpProbe, Probe};
///
/// let probe = Probe::blocking("payments", HttpProbe::new("https://payments.example/health/live")?);
/// # Ok::<(), monitor_kit::health::BuildError>(())
/// ```
#[derive(Clone)]
pub struct HttpProbe {
    uri: Uri,
    timeout: Duration,
    proxy: Option<Proxy>,
    agent: Agent,
}

impl HttpProbe {
    /// Asks `url`, which begins with `http://` or `https://`.
    ///
    /// # Errors
    ///
    /// When it is no such URL.
    pub fn new(url: &str) -> Result<Self, BuildError> {
        let uri: Uri =
            url.parse().map_err(|error| BuildError::new(format!("the URL of an HTTP probe is none: {error}")))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
            return Err(BuildError::new("the URL of an HTTP probe needs a scheme, `http` or `https`, and a host"));
        }
        let is_remote = !uri.host().is_some_and(is_loopback);
        let probe = Self { uri, timeout: TIMEOUT, proxy: None, agent: agent(TIMEOUT, None) };
        Ok(probe.proxy_from_env(is_remote))
    }

    /// Sets how long to wait, for all of it. Defaults to two seconds, as a probe's own [time-out](crate::Probe::timeout)
    /// does: give it no more, for a question that waits longer than its probe holds a thread.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.min(LONGEST);
        self.with_agent()
    }

    /// Sets whether to ask through the proxy that `ALL_PROXY`, `HTTPS_PROXY` or `HTTP_PROXY` names, in this order and in capitals or
    /// not, unless `NO_PROXY` excludes the host. The environment is read here. Defaults to `false` for a host on loopback
    /// (`localhost`, `127.0.0.0/8`, `::1`), which means another one for a proxy, and to `true` for any other.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::health::HttpProbe;
    ///
    /// let probe = HttpProbe::new("http://payments.internal/health/live")?.proxy_from_env(false);
    /// # Ok::<(), monitor_kit::health::BuildError>(())
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
    fn check(&self) -> Outcome {
        match self.agent.get(&self.uri).call() {
            Ok(response) => {
                let status = response.status();
                let is_well = status.is_informational() || status.is_success() || status.is_redirection();
                let text = || format!("Answered with {}", status.as_u16());
                let outcome = if is_well { Outcome::ok() } else { Outcome::error(text()) };
                outcome.value("status_code", status.as_u16())
            }
            Err(ureq::Error::Io(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                Outcome::error("Connection refused").source(error).decisive()
            }
            Err(ureq::Error::Timeout(error)) => Outcome::error("No answer in time").source(error.to_string()),
            Err(error) => Outcome::error("Not reachable").source(error),
        }
    }
}

/// The URL may have a password or a token in it.
impl fmt::Debug for HttpProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.uri.to_string();
        f.debug_struct("HttpProbe").field("url", &Redaction::new().text(&url)).finish_non_exhaustive()
    }
}

/// A year: what is longer cannot be told from a clock's reading.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);
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
    use crate::probe::outcome::Level;

    /// Answers the next callers so, each on a connection of its own.
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
        let outcomes: Vec<_> = (0..3).map(|_| probe.check()).collect();
        let levels: Vec<_> = outcomes.iter().map(Outcome::level).collect();
        assert_eq!(levels, [Level::Ok, Level::Ok, Level::Error], "{outcomes:?}");
        assert_eq!((outcomes[2].message(), &outcomes[2].values()["status_code"]), ("Answered with 503", &503.into()));
    }

    #[test]
    fn a_port_that_refuses_and_one_that_says_nothing_are_told_apart() {
        let (url, listener) = served(&[]);
        let silent = HttpProbe::new(&url).unwrap().timeout(Duration::from_millis(50)).check();
        assert_eq!(
            (silent.level(), silent.message(), silent.is_decisive()),
            (Level::Error, "No answer in time", false)
        );
        drop(listener);
        let outcome = HttpProbe::new(&url).unwrap().check();
        assert_eq!((outcome.message(), outcome.is_decisive()), ("Connection refused", true));
    }

    #[test]
    fn the_longest_time_out_is_one() {
        let (url, _listener) = served(&["HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"]);
        assert_eq!(HttpProbe::new(&url).unwrap().timeout(Duration::MAX).check().level(), Level::Ok);
    }

    #[test]
    fn debug_shows_no_secret_of_the_url() {
        let probe = HttpProbe::new("https://ada:hunter2@payments.example/live?key=hunter2").unwrap();
        let shown = "HttpProbe { url: \"https://[Filtered]@payments.example/live?[Filtered]\", .. }";
        assert_eq!(format!("{probe:?}"), shown);
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for url in ["", "payments", "ftp://payments", "http:///health", "http://pay ments"] {
            assert!(HttpProbe::new(url).is_err(), "{url}");
        }
    }

    /// Asks in a process whose environment names a proxy, and returns whether the proxy was asked.
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

    /// What the test above starts.
    #[test]
    fn a_probe_in_an_environment_with_a_proxy() {
        let (Ok(url), Ok(through_proxy)) = (env::var(URL), env::var(THROUGH_PROXY)) else { return };
        let probe = HttpProbe::new(&url).unwrap();
        if through_proxy.is_empty() {
            assert_eq!(probe.check().level(), Level::Ok);
        } else {
            let probe = probe.proxy_from_env(true).timeout(Duration::from_millis(200));
            assert_eq!(probe.check().level(), Level::Error, "the proxy does not answer");
        }
    }

    #[test]
    fn loopback_is_told_by_name_and_address() {
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
