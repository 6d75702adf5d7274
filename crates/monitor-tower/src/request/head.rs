//! The head of a request, as passed to the functions that a program sets on a layer.

use std::fmt;

use http::{Extensions, HeaderMap, Method, Request, Uri, Version};
use monitor_core::Redaction;

/// The head of a request, from which routes and addresses are derived.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a Method,
    /// The URI that this layer sees; a nested router may have stripped its prefix.
    pub uri: &'a Uri,
    /// The version of HTTP.
    pub version: Version,
    /// The header fields.
    pub headers: &'a HeaderMap,
    /// The extensions.
    pub extensions: &'a Extensions,
}

impl<'a> RequestHead<'a> {
    pub(crate) fn of<B>(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }

    /// Returns the path that the client requested, including a prefix that a nested router has stripped.
    pub(crate) fn path(&self) -> &'a str {
        #[cfg(feature = "axum")]
        if let Some(original) = self.extensions.get::<axum::extract::OriginalUri>() {
            return original.0.path();
        }
        self.uri.path()
    }
}

/// Omits query and headers, which may contain credentials.
impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method)
            .field("path", &Redaction::new().text(self.uri.path()))
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_head_shows_neither_query_nor_headers() {
        let request =
            Request::get("/a/password=hunter2?key=hunter2").header("cookie", "hunter2").body(()).expect("a path");
        let shown = format!("{:?}", RequestHead::of(&request));
        assert_eq!(shown, "RequestHead { method: GET, path: \"/a/password=[Filtered]\", version: HTTP/1.1, .. }");
    }
}
