//! The proxy of the environment.

use std::net::IpAddr;

use http::Uri;
use ureq::Proxy;

/// Returns the proxy of the environment. Loopback hosts have none, because they are other hosts to a proxy.
pub(super) fn of_environment(uri: &Uri) -> Option<Proxy> {
    if uri.host().is_some_and(is_loopback) { None } else { Proxy::try_from_env() }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    let is_name = host == "localhost" || host.ends_with(".localhost");
    is_name || host.parse::<IpAddr>().is_ok_and(|addr| addr.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use std::{env, process::Command, time::Duration};

    use http::HeaderMap;

    use super::{
        super::{
            HttpClient,
            receiver::{Receiver, serving},
        },
        is_loopback,
    };

    /// Posts to a loopback receiver, in a process with a proxy in its environment. Returns whether the proxy was used.
    fn uses_the_proxy(through_proxy: &str) -> bool {
        let (sender, connections) = std::sync::mpsc::channel();
        let proxy = serving(move |listener| _ = sender.send(listener.accept().is_ok()));
        let receiver = Receiver::answering("HTTP/1.1 204 No Content\r\n\r\n");
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", "http::proxy::tests::a_request_in_an_environment_with_a_proxy"]);
        for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
            child.env(name, proxy.split_once("/services").unwrap().0);
        }
        child.env_remove("NO_PROXY").env_remove("no_proxy").env(URL, &receiver.url).env(THROUGH_PROXY, through_proxy);
        assert!(child.status().unwrap().success());
        connections.try_recv().is_ok()
    }

    #[test]
    fn loopback_is_reached_through_a_proxy_only_where_that_is_set() {
        assert!(!uses_the_proxy(""));
        assert!(uses_the_proxy("yes"));
    }

    /// The child process of the test above.
    #[test]
    fn a_request_in_an_environment_with_a_proxy() {
        let (Ok(url), Ok(through_proxy)) = (env::var(URL), env::var(THROUGH_PROXY)) else { return };
        let client = HttpClient::new(&url).unwrap();
        let post = |client: HttpClient| client.post(&HeaderMap::new(), "{}").is_ok();
        if through_proxy.is_empty() {
            assert!(post(client));
        } else {
            assert!(!post(client.proxy_from_env(true).timeout(Duration::from_secs(1))), "the proxy closes connections");
        }
    }

    #[test]
    fn loopback_is_recognized_by_name_and_address() {
        for host in ["localhost", "LOCALHOST.", "api.localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example", "notlocalhost", "128.0.0.1", "10.0.0.1", "[::2]"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    const URL: &str = "MONITOR_ALERT_TEST_URL";
    const THROUGH_PROXY: &str = "MONITOR_ALERT_TEST_THROUGH_PROXY";
}
