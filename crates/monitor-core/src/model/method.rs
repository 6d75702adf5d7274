//! Request methods as a closed set, so that a client cannot create metric labels.

/// A request method; [`KnownMethod::Other`] for an unknown one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant is the method it is called after")]
pub enum KnownMethod {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Connect,
    Trace,
    Query,
    Other,
}

impl KnownMethod {
    /// Returns the method called `name`. Names are case-sensitive (RFC 9110, section 9.1).
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::KnownMethod;
    ///
    /// assert_eq!(KnownMethod::from_name("GET"), KnownMethod::Get);
    /// assert_eq!(KnownMethod::from_name("BREW").as_str(), "_OTHER");
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            "CONNECT" => Self::Connect,
            "TRACE" => Self::Trace,
            "QUERY" => Self::Query,
            _ => Self::Other,
        }
    }

    /// Returns the label of this method. An unknown method is `_OTHER`, as in OpenTelemetry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Connect => "CONNECT",
            Self::Trace => "TRACE",
            Self::Query => "QUERY",
            Self::Other => "_OTHER",
        }
    }
}

/// The name of a method; `null` outside a request.
pub(crate) mod or_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::KnownMethod;

    pub(crate) fn serialize<S: Serializer>(method: &Option<KnownMethod>, serializer: S) -> Result<S::Ok, S::Error> {
        method.map(KnownMethod::as_str).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<KnownMethod>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(|name| KnownMethod::from_name(&name)))
    }
}
