//! Shutdown on SIGTERM, and running out of file descriptors.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use crate::support::Api;

#[tokio::test]
async fn it_ends_while_clients_hold_half_a_request_open() {
    let api = Api::start(&["--grace=0.1"]).await;
    let halves = ["GET /todos HTT", "POST /todos HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{"].map(|half| {
        let mut stream = TcpStream::connect(api.addr).expect("it listens");
        stream.write_all(half.as_bytes()).expect("it reads");
        stream
    });
    // Connections are accepted in order.
    assert_eq!(api.get("/todos").await.status.as_u16(), 200);
    let log = api.stop().await;
    assert!(log.iter().any(|line| line["message"] == "connections were still open at the end of the grace period"));
    assert_eq!(log.last().expect("a log")["message"], "stopped");
    drop(halves);
}

#[tokio::test]
async fn a_request_that_ends_in_time_is_answered_after_sigterm() {
    let api = Api::start(&["--grace=60"]).await;
    let mut stream = TcpStream::connect(api.addr).expect("it listens");
    stream
        .write_all(b"POST /todos HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{")
        .unwrap();
    assert_eq!(api.get("/todos").await.status.as_u16(), 200);
    api.terminate();
    stream.write_all(br#""title":"x"}"#).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 201 Created"), "{answer}");
    let log = api.stop().await;
    assert!(log.iter().all(|line| line["level"] != "WARN"), "{log:?}");
}

#[tokio::test]
async fn the_log_says_that_no_connection_can_be_accepted() {
    let mut api = Api::start(&[]).await;
    api.limit_files();
    let streams: Vec<_> = (0..10).map(|_| TcpStream::connect(api.addr).expect("there is room in the queue")).collect();
    let line = api.wait_for("cannot accept connections").await;
    assert_eq!((&line["level"], &line["attempts"]), (&"ERROR".into(), &1.into()));
    assert!(line["error"].as_str().is_some_and(|error| error.contains("Too many open files")), "{line}");
    drop(streams);
    // Liveness opens no file, whereas a query may open another connection to the database.
    assert_eq!(api.get("/health/live").await.status.as_u16(), 200);
}
