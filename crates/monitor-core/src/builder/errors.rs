//! The settings of errors: which become issues, what they are called, how much of them is kept.

use std::{error::Error, time::Duration};

use super::MonitorBuilder;
use crate::{
    event::{ErrorEvent, EventKind},
    model::grpc_code::GrpcCode,
};

impl MonitorBuilder {
    /// Ignores errors of these kinds: they are counted in metrics and as dropped, but become no issue and reach no
    /// reporter. Defaults to none. A status below 500, and a gRPC status that is [no failure](GrpcCode::is_failure), becomes no
    /// issue by itself.
    pub fn ignore_kinds(mut self, kinds: impl IntoIterator<Item = EventKind>) -> Self {
        self.ignore.kinds.extend(kinds);
        self
    }

    /// Ignores errors of these types, as the error itself or as one of its causes. A type is given by its whole name, such as
    /// `shop::cart::Gone`, or by the last parts of it, such as `Gone`. Defaults to none.
    pub fn ignore_types(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ignore.types.extend(types.into_iter().map(Into::into));
        self
    }

    /// Ignores errors that say this anywhere in what they say. Defaults to none.
    pub fn ignore_messages(mut self, parts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ignore.messages.extend(parts.into_iter().map(Into::into));
        self
    }

    /// Sets which share of the errors of a kind is captured whole, from 0 to 1. The first one of each source always is, and all
    /// are counted: an issue is never missing, and its count is exact. Defaults to 1.
    pub fn sample(mut self, kind: EventKind, share: f64) -> Self {
        self.sampling.0[kind as usize] = share;
        self
    }

    /// Sets how many errors of all sources together are captured whole in a second, beside the first one of each source.
    /// Whatever comes past it is counted, and told by how many were [suppressed](ErrorEvent::suppressed). Each source by itself
    /// has ten a minute. Defaults to 100.
    pub fn burst_limit(mut self, per_second: u32) -> Self {
        self.bounds.storm = per_second;
        self
    }

    /// Ignores responses of these statuses with nothing captured in their scope. Defaults to none.
    pub fn ignore_statuses(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.ignore.statuses.extend(statuses);
        self
    }

    /// Ignores gRPC calls that end with these codes and nothing captured in their scope, such as the UNIMPLEMENTED a scanner
    /// gets. Defaults to none.
    pub fn ignore_grpc_codes(mut self, codes: impl IntoIterator<Item = GrpcCode>) -> Self {
        self.ignore.grpc_codes.extend(codes);
        self
    }

    /// Ignores errors on these route templates. Defaults to none.
    pub fn ignore_routes(mut self, routes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ignore.routes.extend(routes.into_iter().map(Into::into));
        self
    }

    /// Tells errors of type `E` by their name also where they are captured as `dyn Error`, in a box or as a cause. Without it
    /// such an error is called what its `Debug` begins with. Defaults to none.
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

    /// Sets how the error in a `W` is found, which is no [`Error`] by itself: an `anyhow::Error`, an `eyre::Report`, a type of
    /// your own. Without it such an error of a service or job shows its `Display` and nothing of its causes. A
    /// `Box<dyn Error + Send + Sync>` needs none. Defaults to none.
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

    /// Takes the functions in these modules, given by their path such as `shop` or `shop::cart`, for the program's own. By
    /// default all are but those of the standard library, of what cargo fetched, and of the crates a service stands on. Errors
    /// are [grouped](crate::Grouping) by the innermost of them.
    pub fn in_app_include(mut self, modules: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.in_app.include.extend(modules.into_iter().map(Into::into));
        self
    }

    /// Takes the functions in these modules for not the program's own, such as helpers that every error passes through. What is
    /// [included](Self::in_app_include) stays so. Defaults to none.
    pub fn in_app_exclude(mut self, modules: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.in_app.exclude.extend(modules.into_iter().map(Into::into));
        self
    }

    /// Sets whether an event shows the source around the program's own frames, where the files are at hand as they were built.
    /// Defaults to `true`.
    pub fn source_excerpts(mut self, on: bool) -> Self {
        self.source_excerpts = on;
        self
    }

    /// Sets a function that may change an event, or drop it by returning `None`, before any reporter sees it. It runs
    /// on the intake's thread; a panic in it is counted and the event goes on as it was. Defaults to none.
    pub fn before_report(mut self, f: impl FnMut(ErrorEvent) -> Option<ErrorEvent> + Send + 'static) -> Self {
        self.before_report = Some(Box::new(f));
        self
    }

    /// Sets how many pairs of place and route errors are told apart by. Defaults to 4096.
    pub fn source_limit(mut self, limit: usize) -> Self {
        self.bounds.sources = limit;
        self
    }

    /// Sets how many issues are kept; past it the one least recently seen goes. Defaults to 1000.
    pub fn issue_limit(mut self, limit: usize) -> Self {
        self.bounds.issues = limit;
        self
    }

    /// Sets how much memory the events of all issues take together, about, in bytes. Past it those of the issues least recently
    /// seen go, their first ones last; counts stay. Defaults to 64 MiB.
    pub fn sample_bytes(mut self, bytes: usize) -> Self {
        self.bounds.sample_bytes = bytes;
        self
    }

    /// Sets how long after it was last seen an issue expires, which is counted as dropped with reason `expired`. Defaults to 90
    /// days.
    ///
    /// The time is measured by the monotonic clock, and from one process to the next by the time since boot, so that a wall clock
    /// that is wrong expires nothing. Where that cannot be known, after a reboot or on another machine, the time between two
    /// processes counts for at most an eighth of the retention.
    pub fn issue_retention(mut self, time: Duration) -> Self {
        self.bounds.retention = time;
        self
    }
}
