//! A receiver on the loopback interface, for tests.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread,
};

use http::HeaderMap;

/// Serves one connection on a thread of its own.
pub(crate) struct Receiver {
    pub(crate) url: String,
    requests: mpsc::Receiver<Request>,
}

/// A request as the receiver read it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Receiver {
    /// Reads the request and sends `response`.
    pub(crate) fn answering(response: impl Into<Vec<u8>>) -> Self {
        let response = response.into();
        Self::then(move |stream| _ = stream.write_all(&response))
    }

    /// Reads the request and calls `act`.
    pub(crate) fn then(act: impl FnOnce(&mut TcpStream) + Send + 'static) -> Self {
        let (sender, requests) = mpsc::channel();
        let url = serving(move |listener| {
            let mut stream = listener.accept().unwrap().0;
            sender.send(read(&stream)).unwrap();
            act(&mut stream);
        });
        Self { url, requests }
    }

    /// Waits for the request.
    pub(crate) fn request(&self) -> Request {
        self.requests.recv().expect("the receiver has got a request")
    }
}

/// Runs `serve` on a thread of its own, and returns the URL of the listener. Path and query are secrets that no error
/// may show.
pub(crate) fn serving(serve: impl FnOnce(TcpListener) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/services/topsecret?key=hunter2hunter2", listener.local_addr().unwrap());
    thread::spawn(move || serve(listener));
    url
}

/// Reads one request.
pub(crate) fn read(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut next = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let line = next();
    let headers: HeaderMap = std::iter::from_fn(|| Some(next()).filter(|line| !line.is_empty()))
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.parse::<http::HeaderName>().unwrap(), value.parse::<http::HeaderValue>().unwrap())
        })
        .collect();
    let mut body = vec![0; headers["content-length"].to_str().unwrap().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    Request { line, headers, body }
}
