//! Route templates of a custom router, which stores the matching template in the request; the layer reads it.
//!
//! ```sh
//! cargo run --example custom_route
//! ```

use std::{
    convert::Infallible,
    io::{Write, stdout},
};

use http::{Request, Response};
use http_body_util::Empty;
use monitor_kit::{BoxError, Monitor, MonitorLayer};
use tower::{Service, ServiceBuilder, ServiceExt};

/// The route template that matched.
#[derive(Clone, Copy, Debug)]
struct Matched(&'static str);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let monitor = Monitor::builder("shop").build()?;
    let layer = MonitorLayer::new(&monitor).route(|head| head.extensions.get().map(|Matched(template)| *template));
    let mut service = ServiceBuilder::new()
        // Outside of the layer, so that the template is set before the layer reads it.
        .map_request(match_route)
        .layer(layer)
        .service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(Empty::<bytes::Bytes>::new())) });

    for path in ["/items/1", "/items/2", "/items/2/parts/9", "/wp-login.php", "/.env"] {
        service.ready().await?.call(Request::get(path).body(())?).await?;
    }
    for counts in monitor.traffic().into_iter().flat_map(monitor_kit::Traffic::read) {
        writeln!(stdout(), "{} {}", counts.started, counts.route)?;
    }
    Ok(())
}

/// Maps any path to one of a few templates, or to none.
fn match_route(mut request: Request<()>) -> Request<()> {
    let parts: Vec<_> = request.uri().path().split('/').skip(1).collect();
    let matched = match parts[..] {
        ["items", _] => Some(Matched("/items/{id}")),
        ["items", _, "parts", _] => Some(Matched("/items/{id}/parts/{part}")),
        _ => None,
    };
    if let Some(matched) = matched {
        request.extensions_mut().insert(matched);
    }
    request
}
