//! The settings of errors: which become issues, how their types are named, and how much of them is stored.

use std::{error::Error, time::Duration};

use super::MonitorBuilder;
use crate::{
    event::{ErrorEvent, EventKind},
    model::grpc_code::GrpcCode,
};

impl MonitorBuilder {
    /// Ignores errors of these kinds: they are counted in metrics and as dropped, but open no issue and reach no
    /// reporter. Defaults to none. A status below 500, or a gRPC status that is [no failure](GrpcCode::is_failure),
    /// never opens an issue by itself.
    pub fn ignore_kinds(mut self, kinds: impl IntoIterator<Item = EventKind>) -> Self {
        self.ignore.kinds.extend(kinds);
        self
    }

    /// Ignores errors that have one of these types, or a cause that has one. A type is given by its full name, such as
    /// `shop::cart::Gone`, or by the last parts of it, such as `Gone`. Defaults to none.
    pub fn ignore_types(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ignore.types.extend(types.into_iter().map(Into::into));
        self
    }

    /// Ignores errors with one of these texts in their message. Defaults to none.
    pub fn ignore_messages(mut self, parts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ignore.messages.extend(parts.into_iter().map(Into::into));
        self
    }

    /// Sets the share of the errors of a kind that are captured whole, from 0 to 1. The first error of each site is
    /// always captured whole, and all errors are counted: no issue is missing, and counts are exact. Defaults to 1.
    pub fn sample(mut self, kind: EventKind, share: f64) -> Self {
        self.sampling.0[kind as usize] = share;
        self
    }

    /// Sets the number of errors captured whole per second, over all sites together. The first error of each site is
    /// captured in addition. Errors past the limit are counted, and their number is in the
    /// [`suppressed`](ErrorEvent::suppressed) field of the site's next event. Each site is also limited to ten a
    /// minute. Defaults to 100.
    pub fn burst_limit(mut self, per_second: u32) -> Self {
        self.bounds.storm = per_second;
        self
    }

    /// Ignores responses with these statuses, if no error was captured in their scope. Defaults to none.
    pub fn ignore_statuses(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.ignore.statuses.extend(statuses);
        self
    }

    /// Ignores gRPC calls that end with these codes, if no error was captured in their scope. Useful for the
    /// UNIMPLEMENTED that scanners cause. Defaults to none.
    pub fn ignore_grpc_codes(mut self, codes: impl IntoIterator<Item = GrpcCode>) -> Self {
        self.ignore.grpc_codes.extend(codes);
        self
    }

    /// Ignores errors on these route templates. Defaults to none.
    pub fn ignore_routes(mut self, routes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ignore.routes.extend(routes.into_iter().map(Into::into));
        self
    }

    /// Names errors of type `E` by their type also where they are captured as `dyn Error`, in a box or as a cause.
    /// Without it, the name of such an error is the beginning of its `Debug` output. Defaults to none.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{CodeLocation, Monitor};
    ///
    /// let builder = Monitor::builder("shop").error_type::<std::io::Error>().error_type::<std::num::ParseIntError>();
    /// # builder.build()?;
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn error_type<E: Error + 'static>(mut self) -> Self {
        self.error_types.add::<E>();
        self
    }

    /// Sets how to find the error inside a `W`, a type that does not implement [`Error`]: an `anyhow::Error`, an
    /// `eyre::Report`, a type of your own. Without it, such an error of a service or job shows its `Display` and no
    /// causes. A `Box<dyn Error + Send + Sync>` needs no wrapper. Defaults to none.
    ///
    /// # Example
    ///
    /// ```
    /// use std::{error::Error, sync::Arc};
    /// use monitor_kit::Monitor;
    ///
    /// struct Shared(Arc<dyn Error + Send + Sync>);
    ///
    /// let builder = Monitor::builder("shop").error_wrapper(|shared: &Shared| &*shared.0);
    /// # builder.build()?;
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn error_wrapper<W: 'static>(
        mut self,
        open: impl Fn(&W) -> &(dyn Error + 'static) + Send + Sync + 'static,
    ) -> Self {
        self.error_types.add_wrapper(open);
        self
    }

    /// Adds modules to the program's own code, given by path, such as `shop` or `shop::cart`. By default all code is
    /// the program's own except the standard library, crates fetched by cargo, and the usual frameworks of a service.
    /// Errors are [grouped](crate::Grouping) by the innermost function of the program's own code.
    pub fn in_app_include(mut self, modules: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.in_app.include.extend(modules.into_iter().map(Into::into));
        self
    }

    /// Excludes modules from the program's own code, such as helpers that every error passes through.
    /// [Included](Self::in_app_include) modules take precedence. Defaults to none.
    pub fn in_app_exclude(mut self, modules: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.in_app.exclude.extend(modules.into_iter().map(Into::into));
        self
    }

    /// Sets whether an event shows source lines around the program's own frames, if the files are present and unchanged
    /// since the build. Defaults to `true`.
    pub fn source_excerpts(mut self, on: bool) -> Self {
        self.source_excerpts = on;
        self
    }

    /// Sets a function that may change an event before any reporter receives it, or drop it by returning `None`. It
    /// runs on a thread of the monitor. If it panics, the panic is counted and the event is reported unchanged.
    /// Defaults to none.
    pub fn before_report(mut self, f: impl FnMut(ErrorEvent) -> Option<ErrorEvent> + Send + 'static) -> Self {
        self.before_report = Some(Box::new(f));
        self
    }

    /// Sets the maximum number of sites. A site is a place and route, or a place and route with one message. Errors of
    /// new sites past it are counted as dropped. Defaults to 4096.
    pub fn source_limit(mut self, limit: usize) -> Self {
        self.bounds.sources = limit;
        self
    }

    /// Sets the maximum number of issues. Past it, the least recently seen issue is evicted. Defaults to 1000.
    pub fn issue_limit(mut self, limit: usize) -> Self {
        self.bounds.issues = limit;
        self
    }

    /// Sets the memory of the events of all issues together, in bytes, approximately. Past it, the events of the least
    /// recently seen issues are dropped, first events last; counts stay. Defaults to 64 MiB.
    pub fn sample_bytes(mut self, bytes: usize) -> Self {
        self.bounds.sample_bytes = bytes;
        self
    }

    /// Sets the time after which an issue expires, counted from its last event. An expired issue is counted as dropped
    /// with reason `expired`. Defaults to 90 days; at least one hour.
    ///
    /// The time is measured by the monotonic clock, and across restarts by the time since boot, so a wrong wall clock
    /// expires nothing. After a reboot, or on another machine, the time between two processes is unknown; it then
    /// counts for at most an eighth of the retention.
    pub fn issue_retention(mut self, time: Duration) -> Self {
        self.bounds.retention = time;
        self
    }
}
