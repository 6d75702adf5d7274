//! [`ErrorSettings`]: the errors that are captured, their type names, and the program's own code.

use std::{error::Error, fmt};

use crate::{
    base::error::{BuildError, setting},
    event::{
        EventKind,
        grouping::in_app::InApp,
        rules::{Ignore, Sampling},
        type_names::TypeNames,
    },
    model::grpc_code::GrpcCode,
};

/// Settings for captured errors: those to ignore, those to sample, their type names, and the program's own code.
///
/// # Example
///
/// ```
/// use std::{io, time::Duration};
/// use monitor_kit::{ErrorSettings, EventKind, GrpcCode, Monitor};
///
/// let errors = ErrorSettings::new()
///     .ignore_kinds([EventKind::Message])
///     .ignore_types(["shop::OutOfStock"])
///     .ignore_messages(["connection reset by peer"])
///     .ignore_routes(["/legacy/{*rest}"])
///     .ignore_statuses([501])
///     .ignore_grpc_codes([GrpcCode::Unimplemented])
///     .sample_rate(EventKind::BodyError, 0.1);
/// let monitor = Monitor::builder("shop").errors(errors).build()?;
/// monitor.capture_error(&io::Error::other("upstream: connection reset by peer"));
/// monitor.flush(Duration::from_secs(5));
/// assert!(monitor.issues().is_empty());
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
///
/// # Example: type names and the program's own code
///
/// ```
/// use monitor_kit::{ErrorSettings, Monitor};
///
/// let errors = ErrorSettings::new()
///     .error_type::<std::io::Error>()
///     .in_app_include(["shop", "shop_pricing"])
///     .in_app_exclude(["shop_pricing::retry"])
///     .source_excerpts(false);
/// let monitor = Monitor::builder("shop").errors(errors).build()?;
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct ErrorSettings {
    pub(super) ignore: Ignore,
    pub(super) sampling: Sampling,
    pub(super) types: TypeNames,
    pub(super) in_app: InApp,
    pub(super) excerpts: bool,
}

// === impl ErrorSettings ===

impl ErrorSettings {
    /// Returns the default settings.
    pub fn new() -> Self {
        Self {
            ignore: Ignore::default(),
            sampling: Sampling([1.0; EventKind::ALL.len()]),
            types: TypeNames::default(),
            in_app: InApp::default(),
            excerpts: true,
        }
    }

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
    pub fn sample_rate(mut self, kind: EventKind, rate: f64) -> Self {
        self.sampling.0[kind as usize] = rate;
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
    /// use monitor_kit::{ErrorSettings, Monitor};
    ///
    /// let errors = ErrorSettings::new().error_type::<std::io::Error>().error_type::<std::num::ParseIntError>();
    /// let monitor = Monitor::builder("shop").errors(errors).build()?;
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn error_type<E: Error + 'static>(mut self) -> Self {
        self.types.add::<E>();
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
    /// use monitor_kit::{ErrorSettings, Monitor};
    ///
    /// struct Shared(Arc<dyn Error + Send + Sync>);
    ///
    /// let errors = ErrorSettings::new().error_wrapper(|shared: &Shared| &*shared.0);
    /// let monitor = Monitor::builder("shop").errors(errors).build()?;
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn error_wrapper<W: 'static>(
        mut self,
        open: impl Fn(&W) -> &(dyn Error + 'static) + Send + Sync + 'static,
    ) -> Self {
        self.types.add_wrapper(open);
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
        self.excerpts = on;
        self
    }

    pub(super) fn check(&self) -> Result<(), BuildError> {
        let is_no_rate = |(_, rate): &(&EventKind, f64)| !(0.0..=1.0).contains(rate);
        match EventKind::ALL.iter().zip(self.sampling.0).find(is_no_rate) {
            None => Ok(()),
            Some((kind, rate)) => {
                setting(format!("the sample rate of {} is {rate}: give it a share from 0 to 1", kind.as_str()))
            }
        }
    }
}

impl Default for ErrorSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ErrorSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorSettings")
            .field("ignore", &self.ignore)
            .field("in_app", &self.in_app)
            .finish_non_exhaustive()
    }
}
