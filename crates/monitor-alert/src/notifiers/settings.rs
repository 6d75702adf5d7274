//! The settings that all notifiers over HTTP have.

/// Defines the settings of a notifier with the fields `name`, `rate_limit` and `client`.
macro_rules! http_settings {
    ($default:literal) => {
        #[doc = concat!("Sets the [name](Notifier::name). Defaults to `", $default, "`.")]
        #[must_use]
        pub fn name(mut self, name: impl Into<String>) -> Self {
            self.name = name.into();
            self
        }

        /// Sets the number of requests a minute. Defaults to 30, ten of them in a row.
        #[must_use]
        pub const fn rate_limit(mut self, limit: RateLimit) -> Self {
            self.rate_limit = limit;
            self
        }

        /// Sets the time-out of the whole request, at most an hour. Defaults to 10 seconds. A connection that is not
        /// made within 3 seconds fails regardless.
        #[must_use]
        pub fn timeout(mut self, timeout: Duration) -> Self {
            self.client = self.client.timeout(timeout);
            self
        }

        /// Sets whether requests use the proxy in `ALL_PROXY`, `HTTPS_PROXY` or `HTTP_PROXY`, unless `NO_PROXY`
        /// excludes the host. The environment is read by this call. Defaults to `false` for a loopback host and to
        /// `true` for any other.
        #[must_use]
        pub fn proxy_from_env(mut self, on: bool) -> Self {
            self.client = self.client.proxy_from_env(on);
            self
        }
    };
}

pub(super) use http_settings;
