//! The cost of a panic for the thread of its request: capture, unwinding, and a response with status 500.

use std::{convert::Infallible, hint::black_box};

use bytes::Bytes;
use http_body_util::Full;
use monitor_kit::{MonitorLayer, clock};
use tower::{Layer, service_fn};

use crate::{
    cases::monitor,
    drive::{Request, drive, request},
};

/// Measures panics captured by `ours` or `sentry`, or by `nobody`, where they are only answered.
pub fn run(who: &str) -> Option<()> {
    let mut ask = asker(who)?;
    // The first backtraces of a process are slower than all others.
    for number in 0..WARM_UP {
        ask(&format!("/warm/{number}"));
    }
    let mut times: Vec<_> = (0..ROUTES * EACH).map(|number| ask(&format!("/route/{}", number % ROUTES))).collect();
    times.sort_by(f64::total_cmp);
    println!("panic, captured by {who}: ns\t{:.0}", times[times.len() / 2]);
    Some(())
}

/// Measures the first panic of this process, while the symbols of the program are still loading.
pub fn run_first(who: &str) -> Option<()> {
    println!("first panic, captured by {who}: ns\t{:.0}", asker(who)?("/first"));
    Some(())
}

type Asker = Box<dyn FnMut(&str) -> f64>;

fn asker(who: &str) -> Option<Asker> {
    match who {
        "ours" => {
            // Each route is a separate site, and the first ten panics of a site are captured with a backtrace.
            let layer = MonitorLayer::new(monitor()).route(|head| Some(head.uri.path()));
            let mut service = layer.layer(service_fn(panicking));
            Some(Box::new(move |path| timed(path, |request| _ = drive(&mut service, request))))
        }
        #[cfg(feature = "peers")]
        "sentry" => {
            Box::leak(Box::new(crate::cases::sentry()));
            let mut service = tower_http::catch_panic::CatchPanicLayer::new().layer(service_fn(panicking));
            Some(Box::new(move |path| timed(path, |request| _ = drive(&mut service, request))))
        }
        #[cfg(feature = "peers")]
        "nobody" => {
            std::panic::set_hook(Box::new(|_| {}));
            let mut service = tower_http::catch_panic::CatchPanicLayer::new().layer(service_fn(panicking));
            Some(Box::new(move |path| timed(path, |request| _ = drive(&mut service, request))))
        }
        _ => None,
    }
}

fn timed(path: &str, ask: impl FnOnce(Request)) -> f64 {
    let request = request(path, 0);
    let begun = clock::now();
    ask(request);
    begun.elapsed().as_nanos() as f64
}

async fn panicking(_: Request) -> Result<http::Response<Full<Bytes>>, Infallible> {
    dig(DEPTH)
}

/// Panics below this many frames.
#[inline(never)]
fn dig(depth: u32) -> Result<http::Response<Full<Bytes>>, Infallible> {
    assert!(depth > 0, "there is no stock");
    let answer = dig(black_box(depth - 1));
    black_box(answer)
}

const DEPTH: u32 = 20;
const WARM_UP: usize = 20;
const ROUTES: usize = 100;
const EACH: usize = 8;
