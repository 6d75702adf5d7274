//! What the keys of a line are called.

use tracing::Level;

/// What the keys of a line are called.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum FieldNames {
    /// Short names: `timestamp`, `level`, `message`, `method`, `status_code`.
    #[default]
    Plain,
    /// Those of OpenTelemetry: its [data model for logs] in snake case, such as `severity_text` and `body`, and its
    /// [semantic conventions] for attributes, such as `http.response.status_code` and `code.line.number`. Each line also has
    /// `severity_number`.
    ///
    /// [data model for logs]: https://opentelemetry.io/docs/specs/otel/logs/data-model/
    /// [semantic conventions]: https://opentelemetry.io/docs/specs/semconv/
    OpenTelemetry,
}

macro_rules! names {
    (
        texts: $($text:ident: $plain_text:literal / $otel_text:literal,)*;
        others: $($other:ident: $plain_other:literal / $otel_other:literal,)*
    ) => {
        /// Each key as it is written: with the comma before it, the colon behind, and the quotation mark a text begins with.
        #[derive(Debug)]
        pub(super) struct Names {
            pub(super) has_severity_number: bool,
            $(pub(super) $text: &'static str,)*
            $(pub(super) $other: &'static str,)*
        }

        static PLAIN: Names = Names {
            has_severity_number: false,
            $($text: concat!(",\"", $plain_text, "\":\""),)*
            $($other: concat!(",\"", $plain_other, "\":"),)*
        };

        static OPEN_TELEMETRY: Names = Names {
            has_severity_number: true,
            $($text: concat!(",\"", $otel_text, "\":\""),)*
            $($other: concat!(",\"", $otel_other, "\":"),)*
        };
    };
}

names! {
    texts:
        timestamp: "timestamp" / "timestamp",
        level: "level" / "severity_text",
        target: "target" / "otel.scope.name",
        message: "message" / "body",
        file: "file" / "code.file.path",
        request_id: "request_id" / "request_id",
        trace_id: "trace_id" / "trace_id",
        service: "service" / "service.name",
        release: "release" / "service.version",
        environment: "environment" / "deployment.environment.name",
        client_request_id: "client_request_id" / "client_request_id",
        client_trace_id: "client_trace_id" / "client_trace_id",
        method: "method" / "http.request.method",
        path: "path" / "url.path",
        route: "route" / "http.route",
        grpc_status: "grpc_status" / "rpc.response.status_code",
        error_type: "error_type" / "error.type",
        outcome: "outcome" / "outcome",
        user_agent: "user_agent" / "user_agent.original",
        remote_addr: "remote_addr" / "client.address",
        user_id: "user_id" / "user.id",;
    others:
        line: "line" / "code.line.number",
        spans: "spans" / "spans",
        status_code: "status_code" / "http.response.status_code",
        duration_ms: "duration_ms" / "duration_ms",
}

/// What a layer was told of its lines.
#[derive(Debug)]
pub(super) struct Style {
    pub(super) names: &'static Names,
    /// From which level on file and line are written.
    pub(super) locations: Level,
    /// Service, release and environment.
    pub(super) identity: [String; 3],
}

impl Style {
    /// Returns what every line says, by its key.
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
        }
    }

    /// Returns whether a line has this key already.
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

/// Returns the key without what is written around it.
pub(super) fn bare(key: &str) -> &str {
    key.trim_matches([',', ':', '"'])
}
