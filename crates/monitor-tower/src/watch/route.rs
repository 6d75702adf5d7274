//! The route of a request.

use monitor_core::{
    KnownMethod,
    instrument::{self, panic},
    names,
};

use crate::{request::head::RequestHead, response::grpc::Protocol, settings::Settings};

impl<'a> RequestHead<'a> {
    /// Returns the route. In general a matched template takes precedence over a declared path. For gRPC calls it is the
    /// reverse, because gRPC routers match services only, and not methods.
    pub(crate) fn route(
        &self,
        settings: &'a Settings,
        path: &'a str,
        method: KnownMethod,
        protocol: Option<Protocol>,
    ) -> &'a str {
        let is_declared = |path: &&str| {
            let recorder = instrument::recorder(&settings.monitor);
            let declares = |method| recorder.is_some_and(|recorder| recorder.declares(method, path));
            // HEAD is declared together with GET.
            declares(method) || (method == KnownMethod::Head && declares(KnownMethod::Get))
        };
        let declared = || Some(path).filter(is_declared);
        let route = match &settings.route_of {
            Some(route_of) => self.ask(settings, |head| route_of(head)),
            None if protocol.is_some() => declared().or_else(|| self.matched_path()),
            None => self.matched_path().or_else(declared),
        };
        route.or_else(|| settings.mounts.route_of(path)).unwrap_or(names::UNMATCHED)
    }

    #[cfg(feature = "axum")]
    fn matched_path(&self) -> Option<&'a str> {
        self.extensions.get::<axum::extract::MatchedPath>().map(axum::extract::MatchedPath::as_str)
    }

    #[cfg(not(feature = "axum"))]
    #[expect(clippy::unused_self, reason = "with the feature `axum` it is used")]
    fn matched_path(&self) -> Option<&'a str> {
        None
    }

    /// Calls a function of the program. Returns `None` if it panics.
    pub(super) fn ask<R>(&self, settings: &Settings, f: impl FnOnce(&Self) -> Option<R>) -> Option<R> {
        let (mut f, mut known) = (Some(f), None);
        if let Some(mut caught) = panic::run(settings.fate(), &mut || known = f.take().and_then(|f| f(self))) {
            if settings.capture_panics && !settings.monitor.is_untracked(self.path()) {
                caught.capture_by(&settings.monitor);
            }
            caught.drop_payload();
        }
        known
    }
}
