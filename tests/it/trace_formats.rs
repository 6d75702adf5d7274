//! Traces of callers and to callees in a format that the program adds.

use std::{convert::Infallible, net::Ipv4Addr};

use http::{HeaderMap, Request};
use monitor_kit::{IdPolicy, MonitorLayer, Networks, PropagateLayer, TraceContext, TraceHeaders};
use tower::ServiceExt;

use crate::support::{builder, call, ready, status};

const TRACE: &str = "12345678901234567890123456789012";
const SPAN: &str = "1234567890123456";

/// The single header of B3.
struct B3;

impl TraceHeaders for B3 {
    fn read<'h>(&self, header: &dyn Fn(&str) -> Option<&'h str>) -> Option<TraceContext> {
        let value = header("b3")?;
        assert_ne!(value, "panic", "the format is broken");
        let (trace, span) = value.strip_suffix("-1")?.split_once('-')?;
        TraceContext::from_traceparent(&format!("00-{trace}-{span}-01"))
    }

    fn write(&self, trace: &TraceContext, set: &mut dyn FnMut(&'static str, String)) {
        set("b3", format!("{}-{}-{}", trace.trace_id(), trace.span_id(), u8::from(trace.is_sampled())));
        set("not a name", String::new());
        panic!("the format is broken");
    }
}

/// Returns the headers of a request sent from the handler of one with the headers `received`.
fn sent_inside(received: &[(&str, &str)]) -> HeaderMap {
    let monitor = builder().trace_headers(B3).build().expect("the settings are good");
    let layer = MonitorLayer::new(&monitor).id_policy(IdPolicy::TrustedPeer(Networks::loopback()));
    let layer = layer.peer(|_| Some(Ipv4Addr::LOCALHOST.into()));
    let request = received.iter().fold(Request::get("/"), |request, (name, value)| request.header(*name, *value));
    let mut sent = HeaderMap::new();
    let answer = call(&layer, request.body(()).expect("a request"), || {
        let service = tower::service_fn(|request: Request<()>| {
            sent = request.headers().clone();
            std::future::ready(Ok::<_, Infallible>(status(200, "")))
        });
        ready(PropagateLayer::new(&monitor).layer(service).oneshot(Request::new(()))).expect("it never fails");
        status(200, "")
    });
    assert_eq!(answer.status(), 200);
    sent
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().expect("it is text")
}

#[test]
fn a_callers_trace_goes_on_in_both_formats() {
    let sent = sent_inside(&[("b3", &format!("{TRACE}-{SPAN}-1"))]);
    let (traceparent, b3) = (text(&sent, "traceparent"), text(&sent, "b3"));
    let span = &traceparent[36..52];
    assert_ne!(span, SPAN);
    assert_eq!((traceparent, b3), (&*format!("00-{TRACE}-{span}-01"), &*format!("{TRACE}-{span}-1")));
}

#[test]
fn a_traceparent_takes_precedence() {
    let other = "98765432109876543210987654321098";
    let parent = format!("00-{other}-{SPAN}-01");
    let sent = sent_inside(&[("b3", &format!("{TRACE}-{SPAN}-1")), ("traceparent", &parent)]);
    assert!(text(&sent, "b3").starts_with(other), "{sent:?}");
}

#[test]
fn a_repeated_or_malformed_header_and_a_format_that_panics_begin_a_trace() {
    let valid = format!("{TRACE}-{SPAN}-1");
    let cases: [&[(&str, &str)]; 4] = [&[("b3", &valid), ("b3", &valid)], &[("b3", "0")], &[("b3", "panic")], &[]];
    for received in cases {
        let sent = sent_inside(received);
        assert_eq!(text(&sent, "traceparent")[3..35], text(&sent, "b3")[..32]);
        assert!(!text(&sent, "b3").starts_with(TRACE), "{received:?} {sent:?}");
    }
}
