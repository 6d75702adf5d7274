//! Naming schemes for the keys of a line.

use tracing::{Level, Metadata};

/// The naming scheme of the keys of a line.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum FieldNames {
    /// Short names: `timestamp`, `level`, `message`, `method`, `status_code`.
    #[default]
    Plain,
    /// The names of OpenTelemetry: its [data model for logs] in snake case, such as `severity_text` and `body`, and its
    /// [semantic conventions] for attributes, such as `http.response.status_code` and `code.line.number`. Each line
    /// also has `severity_number`.
    ///
    /// [data model for logs]: https://opentelemetry.io/docs/specs/otel/logs/data-model/
    /// [semantic conventions]: https://opentelemetry.io/docs/specs/semconv/
    OpenTelemetry,
    /// The names of Python's `logging` and structlog: `event` for the message, `asctime`, `levelname`, `name` for the
    /// target, `pathname` and `lineno`; the rest as in [`Plain`](Self::Plain). As in Python, lines have their source
    /// location at every level unless [`JsonLayer::locations`](crate::JsonLayer::locations) sets one, WARN is called
    /// `WARNING`, and TRACE `DEBUG`. `asctime` is RFC 3339.
    Python,
}

macro_rules! names {
    (
        texts: $($text:ident: $plain_text:literal / $otel_text:literal / $python_text:literal,)*;
        others: $($other:ident: $plain_other:literal / $otel_other:literal / $python_other:literal,)*
    ) => {
        /// Rendered keys: the leading comma, the quoted name, the colon, and the opening quotation mark of a text.
        #[derive(Debug)]
        pub(super) struct Names {
            pub(super) has_severity_number: bool,
            /// The beginning of every line, up to the timestamp.
            pub(super) begin: &'static str,
            /// The most verbose level at which file and line are written by default.
            locations: Level,
            is_python: bool,
            $(pub(super) $text: &'static str,)*
            $(pub(super) $other: &'static str,)*
        }

        static PLAIN: Names = Names {
            has_severity_number: false,
            begin: "{\"timestamp\":\"",
            locations: Level::WARN,
            is_python: false,
            $($text: concat!(",\"", $plain_text, "\":\""),)*
            $($other: concat!(",\"", $plain_other, "\":"),)*
        };

        static OPEN_TELEMETRY: Names = Names {
            has_severity_number: true,
            begin: "{\"timestamp\":\"",
            locations: Level::WARN,
            is_python: false,
            $($text: concat!(",\"", $otel_text, "\":\""),)*
            $($other: concat!(",\"", $otel_other, "\":"),)*
        };

        static PYTHON: Names = Names {
            has_severity_number: false,
            begin: "{\"asctime\":\"",
            locations: Level::TRACE,
            is_python: true,
            $($text: concat!(",\"", $python_text, "\":\""),)*
            $($other: concat!(",\"", $python_other, "\":"),)*
        };
    };
}

names! {
    texts:
        timestamp: "timestamp" / "timestamp" / "asctime",
        level: "level" / "severity_text" / "levelname",
        target: "target" / "otel.scope.name" / "name",
        message: "message" / "body" / "event",
        file: "file" / "code.file.path" / "pathname",
        request_id: "request_id" / "request_id" / "request_id",
        trace_id: "trace_id" / "trace_id" / "trace_id",
        service: "service" / "service.name" / "service",
        release: "release" / "service.version" / "release",
        environment: "environment" / "deployment.environment.name" / "environment",
        client_request_id: "client_request_id" / "client_request_id" / "client_request_id",
        client_trace_id: "client_trace_id" / "client_trace_id" / "client_trace_id",
        method: "method" / "http.request.method" / "method",
        path: "path" / "url.path" / "path",
        route: "route" / "http.route" / "route",
        grpc_status: "grpc_status" / "rpc.response.status_code" / "grpc_status",
        error_type: "error_type" / "error.type" / "error_type",
        outcome: "outcome" / "outcome" / "outcome",
        user_agent: "user_agent" / "user_agent.original" / "user_agent",
        remote_addr: "remote_addr" / "client.address" / "remote_addr",
        user_id: "user_id" / "user.id" / "user_id",;
    others:
        line: "line" / "code.line.number" / "lineno",
        spans: "spans" / "spans" / "spans",
        status_code: "status_code" / "http.response.status_code" / "status_code",
        duration_ms: "duration_ms" / "duration_ms" / "duration_ms",
}

/// The settings of a layer.
#[derive(Debug)]
pub(super) struct Style {
    pub(super) names: &'static Names,
    /// The most verbose level at which file and line are written; `None` for the default of `names`.
    pub(super) locations: Option<Level>,
    /// Service, release and environment.
    pub(super) identity: [String; 3],
}

impl Style {
    /// Returns whether lines of this callsite include their source location.
    pub(super) fn shows_location(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.locations.unwrap_or(self.names.locations)
    }

    /// Returns key and value of the fields that are the same on every line.
    pub(super) fn constants(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let keys = [self.names.service, self.names.release, self.names.environment];
        keys.into_iter().zip(self.identity.iter().map(String::as_str))
    }
}

impl Names {
    pub(super) fn of(names: FieldNames) -> &'static Self {
        match names {
            FieldNames::Plain => &PLAIN,
            FieldNames::OpenTelemetry => &OPEN_TELEMETRY,
            FieldNames::Python => &PYTHON,
        }
    }

    /// Returns the name of a level.
    pub(super) fn level_name(&self, level: Level) -> &'static str {
        match level {
            Level::WARN if self.is_python => "WARNING",
            Level::TRACE if self.is_python => "DEBUG",
            level => level.as_str(),
        }
    }

    /// Returns whether the layer itself writes a key of this name.
    pub(super) fn reserve(&self, name: &str) -> bool {
        let ours = [
            self.timestamp,
            self.level,
            self.target,
            self.message,
            self.file,
            self.line,
            self.spans,
            self.service,
            self.release,
            self.environment,
        ];
        ours.into_iter().any(|key| bare(key) == name) || (self.has_severity_number && name == "severity_number")
    }
}

/// Returns the name inside a rendered key.
pub(super) fn bare(key: &str) -> &str {
    key.trim_matches([',', ':', '"'])
}
