use std::{
    io::Write,
    net::{TcpListener, TcpStream},
};

use super::{
    receiver::{Receiver, serving},
    *,
};

fn client(url: &str) -> HttpClient {
    HttpClient::new(url).unwrap()
}

/// Sends a request, and returns the error's kind and text. No text may show a secret.
fn failure(client: &HttpClient) -> (bool, String) {
    let error = client.post(&HeaderMap::new(), "{}").unwrap_err();
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("services") && !text.contains("secret") && !text.contains("hunter2"), "{text}");
    }
    (error.is_permanent(), error.to_string())
}

fn status(status: &str) -> (bool, String) {
    let receiver = Receiver::answering(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"));
    failure(&client(&receiver.url))
}

#[test]
fn a_request_is_sent_with_its_headers_and_accepted_by_any_success() {
    for status in ["200 OK", "202 Accepted", "204 No Content"] {
        let receiver = Receiver::answering(format!("HTTP/1.1 {status}\r\n\r\n"));
        let client = client(&receiver.url).header("Authorization", "Bearer letmein0").unwrap();
        let headers = HeaderMap::from_iter([(HeaderName::from_static("webhook-id"), HeaderValue::from_static("7"))]);
        assert!(client.post(&headers, r#"{"a":1}"#).is_ok(), "{status}");
        let request = receiver.request();
        assert_eq!(request.line, "POST /services/topsecret?key=hunter2hunter2 HTTP/1.1");
        assert_eq!(request.body, br#"{"a":1}"#);
        assert_eq!(request.headers["authorization"], "Bearer letmein0");
        assert_eq!(request.headers["webhook-id"], "7");
        assert_eq!(request.headers.get_all("content-type").iter().collect::<Vec<_>>(), ["application/json"]);
        assert_eq!(request.headers["user-agent"], concat!("monitor-kit/", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn a_success_is_accepted_before_its_body_has_arrived() {
    let receiver = Receiver::then(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n").unwrap();
        until_closed(stream);
    });
    assert!(client(&receiver.url).post(&HeaderMap::new(), "{}").is_ok());
}

#[test]
fn temporary_statuses_are_retryable() {
    for code in ["408", "425", "429", "500", "502", "503", "504", "599"] {
        assert_eq!(status(code), (false, format!("127.0.0.1 answered {code}")));
    }
}

#[test]
fn other_statuses_are_permanent_and_name_the_setting_to_check() {
    let credentials = ": check the URL, the credentials and the clock";
    for (code, setting) in [
        ("400", ""),
        ("401", credentials),
        ("403", credentials),
        ("404", ": check the URL"),
        ("410", ": check the URL"),
        ("413", ""),
        ("422", ""),
    ] {
        assert_eq!(status(code), (true, format!("127.0.0.1 answered {code}{setting}")));
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    for code in ["301", "302", "303", "307", "308"] {
        let location = format!("{code} Elsewhere\r\nlocation: http://{}/", other.local_addr().unwrap());
        let text = format!("127.0.0.1 answered {code}: redirects are not followed, set the URL to the final one");
        assert_eq!(status(&location), (true, text));
    }
    assert_eq!(other.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn a_refusal_carries_the_delay_and_the_reason_of_the_receiver() {
    for delay in
        ["retry-after: 30", "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:50:07 GMT"]
    {
        let receiver =
            Receiver::answering(format!("HTTP/1.1 429 Slow\r\n{delay}\r\ncontent-length: 9\r\n\r\nslow down"));
        let error = client(&receiver.url).post(&HeaderMap::new(), "{}").unwrap_err();
        assert_eq!((error.delay(), error.is_permanent()), (Some(Duration::from_secs(30)), false), "{delay}");
        assert_eq!(error.to_string(), "127.0.0.1 answered 429 (slow down)");
    }
}

#[test]
fn a_receiver_that_echoes_the_url_puts_it_into_no_error() {
    let body = "cannot POST /services/topsecret?key=hunter2hunter2";
    let head = format!("HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n", body.len());
    let receiver = Receiver::answering(head + body);
    assert_eq!(failure(&client(&receiver.url)), (true, "127.0.0.1 answered 404: check the URL".to_owned()));
}

#[test]
fn an_endless_body_is_read_at_its_beginning_only() {
    let receiver = Receiver::then(|stream| {
        stream.write_all(b"HTTP/1.1 500 Oops\r\n\r\nout of memory\n").unwrap();
        while stream.write_all(&[b'a'; 1024]).is_ok() {}
    });
    assert_eq!(failure(&client(&receiver.url)), (false, "127.0.0.1 answered 500 (out of memory)".to_owned()));
}

#[test]
fn garbage_instead_of_a_response_is_retryable() {
    for garbage in ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc\r\n\r\n", "\0\0\0", "HTTP/1.1 200 OK\r\nbroken", ""] {
        let (is_permanent, text) = failure(&client(&Receiver::answering(garbage).url));
        assert!(!is_permanent && text.starts_with("no answer from 127.0.0.1: "), "{garbage:?}: {text}");
    }
}

#[test]
fn an_endless_head_is_retryable() {
    let receiver = Receiver::then(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nfiller: ").unwrap();
        while stream.write_all(&[b'a'; 1024]).is_ok() {}
    });
    assert_eq!(failure(&client(&receiver.url)), (false, "no answer from 127.0.0.1: the request failed".to_owned()));
}

#[test]
fn a_reset_and_a_refused_connection_are_retryable() {
    // The request is unread when the socket is closed, which resets the connection.
    let reset = client(&serving(|listener| drop(listener.accept())));
    assert!(!failure(&reset).0);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/services/topsecret", listener.local_addr().unwrap());
    drop(listener);
    let (is_permanent, text) = failure(&client(&url));
    assert!(!is_permanent && text.contains("refused"), "{text}");
}

#[test]
fn a_receiver_that_hangs_runs_into_the_time_out() {
    let hangs =
        client(&serving(|listener| until_closed(&mut listener.accept().unwrap().0))).timeout(Duration::from_millis(50));
    assert_eq!(failure(&hangs), (false, "no answer from 127.0.0.1 within 50ms".to_owned()));
}

#[test]
fn a_head_that_drips_runs_into_the_time_out() {
    let receiver = Receiver::then(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nfiller: ").unwrap();
        // Sends a byte whenever the client was silent for a while, until the client has closed the connection.
        stream.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        while stream.read(&mut [0; 8]).map_or_else(|error| error.kind() == io::ErrorKind::WouldBlock, |read| read > 0)
            && stream.write_all(b"a").is_ok()
        {}
    });
    let client = client(&receiver.url).timeout(Duration::from_millis(100));
    assert_eq!(failure(&client), (false, "no answer from 127.0.0.1 within 100ms".to_owned()));
}

#[test]
fn a_receiver_without_tls_is_retryable() {
    let url = serving(|listener| _ = listener.accept().unwrap().0.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let (is_permanent, text) = failure(&client(&url.replace("http:", "https:")));
    assert!(!is_permanent && text.starts_with("no answer from 127.0.0.1: "), "{text}");
}

#[test]
fn a_status_counts_also_if_its_body_breaks_off() {
    let receiver = Receiver::answering("HTTP/1.1 401 Unauthorized\r\ncontent-length: 10\r\n\r\nnobody");
    let text = "127.0.0.1 answered 401: check the URL, the credentials and the clock".to_owned();
    assert_eq!(failure(&client(&receiver.url)), (true, text));
}

#[test]
fn each_request_has_a_connection_of_its_own() {
    let url = serving(|listener| {
        // The first connection stays open, but no second request is read from it.
        let mut open = vec![];
        for _ in 0..2 {
            let mut stream = listener.accept().unwrap().0;
            receiver::read(&stream);
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
            open.push(stream);
        }
        until_closed(&mut open[0]);
    });
    let client = client(&url);
    for _ in 0..2 {
        client.post(&HeaderMap::new(), "{}").unwrap();
    }
}

#[test]
fn a_body_that_breaks_off_is_not_read_as_a_text() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nok");
    let client = client(&receiver.url);
    let response = client.post(&HeaderMap::new(), "{}").unwrap();
    assert!(!client.text(response).unwrap_err().is_permanent());
}

#[test]
fn a_malformed_url_is_refused_without_being_shown() {
    for url in ["", "hooks.example", "ftp://hooks.example/topsecret", "http:///topsecret", "http://ho oks/topsecret"] {
        let Err(error) = HttpClient::new(url) else { panic!("{url}") };
        assert!(error.to_string().starts_with("the URL of a notifier ") && !error.to_string().contains("topsecret"));
    }
}

#[test]
fn a_header_that_cannot_be_sent_is_refused_without_its_value() {
    for (name, value) in
        [("a b", "topsecret"), ("a", "topsecret\n"), ("Webhook-Id", "topsecret"), ("host", "topsecret")]
    {
        let Err(error) = client("http://localhost/").header(name, value) else { panic!("{name}") };
        assert!(error.to_string().contains(name) && !error.to_string().contains("topsecret"), "{error}");
    }
}

#[test]
fn the_longest_time_out_is_one() {
    let receiver = Receiver::answering("HTTP/1.1 204 No Content\r\n\r\n");
    assert!(client(&receiver.url).timeout(Duration::MAX).post(&HeaderMap::new(), "{}").is_ok());
}

fn until_closed(stream: &mut TcpStream) {
    _ = io::copy(stream, &mut io::sink());
}
