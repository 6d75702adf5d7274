//! The Content-Length of a response, compared with the length of its body.

use http::{HeaderValue, Response, header};
use http_body::Body;
use monitor_kit::{EventKind, MonitorLayer, Outcome};
use tower::{Layer, ServiceExt};

use crate::support::{
    Script, Step, assert_ended, call, get, monitor, next_frame, only_event, ready, script, serve, service, status,
    text, watched,
};

/// linkerd2#1003: hyper drops a body once its Content-Length is reached, without polling for its end.
#[test]
fn a_stream_dropped_when_its_content_length_is_met_is_completed() {
    let monitor = monitor();
    let mut body =
        serve(&monitor, promising("8", [Step::Data("four"), Step::Data("more"), Step::Data("!")])).into_body();
    next_frame(&mut body);
    next_frame(&mut body);
    assert!(!body.is_end_stream(), "the body does not know that it has ended");
    drop(body);
    assert_ended(&monitor, Outcome::Completed, 200);
}

#[test]
fn a_stream_dropped_before_its_content_length_is_met_is_aborted() {
    let monitor = monitor();
    let mut body = serve(&monitor, promising("9", [Step::Data("four"), Step::Data("more")])).into_body();
    next_frame(&mut body);
    next_frame(&mut body);
    drop(body);
    assert_ended(&monitor, Outcome::BodyAborted, 200);
}

#[test]
fn a_body_that_ends_short_of_its_content_length_is_an_error_of_the_body() {
    let (monitor, memory) = watched();
    assert_eq!(text(serve(&monitor, promising("10", [Step::Data("four")]))), "four");
    assert_ended(&monitor, Outcome::BodyError, 200);
    let event = only_event(&monitor, &memory);
    assert_eq!(event.failure.kind, EventKind::BodyError);
    assert_eq!(event.failure.message, "the response body ended 6 bytes short of its Content-Length");
}

#[test]
fn a_body_that_ends_short_of_its_own_size_hint_is_an_error_of_the_body() {
    let monitor = monitor();
    text(serve(&monitor, Response::new(Script::with_exact([Step::Data("four")], 5))));
    assert_ended(&monitor, Outcome::BodyError, 200);
}

#[test]
fn a_body_that_ends_short_is_captured_once_by_two_layers() {
    let (monitor, memory) = watched();
    let inner = service(|_| Ok::<_, std::convert::Infallible>(promising("10", [Step::Data("four")])));
    let layer = MonitorLayer::new(&monitor);
    text(ready(layer.layer(layer.layer(inner)).oneshot(get("/"))).unwrap());
    only_event(&monitor, &memory);
}

#[test]
fn a_body_longer_than_its_content_length_is_cut_by_the_server_and_completed() {
    let monitor = monitor();
    let mut body = serve(&monitor, promising("3", [Step::Data("four"), Step::Data("more")])).into_body();
    next_frame(&mut body);
    drop(body);
    assert_ended(&monitor, Outcome::Completed, 200);
}

#[test]
fn a_content_length_that_cannot_be_is_no_promise() {
    for length in [&b""[..], b"-1", b"+9", b"four", b"9, 9", b" 9", b"0x9", b"18446744073709551616", b"\xff\xfe"] {
        let monitor = monitor();
        let mut response = script([Step::Data("four")]);
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_bytes(length).unwrap());
        assert_eq!(text(serve(&monitor, response)), "four");
        assert_ended(&monitor, Outcome::Completed, 200);
    }
}

#[test]
fn two_content_lengths_are_no_promise() {
    let monitor = monitor();
    let mut response = promising("9", [Step::Data("four")]);
    response.headers_mut().append(header::CONTENT_LENGTH, HeaderValue::from_static("8"));
    text(serve(&monitor, response));
    assert_ended(&monitor, Outcome::Completed, 200);
}

#[test]
fn the_largest_content_length_there_is_is_no_trouble() {
    let monitor = monitor();
    text(serve(&monitor, promising("18446744073709551615", [Step::Data("four")])));
    assert_ended(&monitor, Outcome::BodyError, 200);
}

/// The response of a file to HEAD has the length of the file.
#[test]
fn an_answer_without_a_body_may_promise_a_length() {
    let monitor = monitor();
    let request = http::Request::head("/").body(()).unwrap();
    drop(call(&MonitorLayer::new(&monitor), request, || promising("10", [])));
    assert_ended(&monitor, Outcome::Completed, 200);
}

#[test]
fn a_problem_of_ours_replaces_the_length_of_what_was_not_said() {
    let monitor = monitor();
    let mut bare = status(500, "");
    bare.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    bare.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    let response = serve(&monitor, bare);
    assert!(!response.headers().contains_key(header::CONTENT_LENGTH), "the server puts the right one");
    assert!(!response.headers().contains_key(header::CONTENT_ENCODING), "it is plain text");
    assert!(!text(response).is_empty());
}

fn promising(length: &'static str, steps: impl IntoIterator<Item = Step>) -> Response<Script> {
    let mut response = script(steps);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static(length));
    response
}
