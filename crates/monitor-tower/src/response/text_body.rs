//! A body of a single text.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// A body of a single text, such as that of a [`problem`](crate::problem()).
///
/// # Example
///
/// ```
/// use http::Response;
/// use monitor_kit::TextBody;
///
/// let response = Response::new(TextBody::new("the shop is closed"));
/// assert_eq!(response.body().as_bytes(), b"the shop is closed");
/// ```
#[derive(Clone, Debug, Default)]
pub struct TextBody(Option<Bytes>);

impl TextBody {
    /// Creates a body with `text`. An empty text makes an empty body.
    #[must_use]
    pub fn new(text: impl Into<Bytes>) -> Self {
        Self(Some(text.into()).filter(|text| !text.is_empty()))
    }

    /// Returns the text, or an empty slice once it has been sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    pub(crate) fn next(&mut self) -> Option<Bytes> {
        self.0.take()
    }
}

impl Body for TextBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Poll::Ready(self.next().map(|text| Ok(Frame::data(text))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |text| text.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_text_is_one_frame_and_an_empty_one_none() {
        let mut body = TextBody::new("text");
        assert_eq!((body.is_end_stream(), body.size_hint().exact(), body.as_bytes()), (false, Some(4), &b"text"[..]));
        let frame = body.frame().await.expect("a frame").expect("no error");
        assert_eq!(frame.into_data().expect("data"), "text");
        assert_eq!((body.is_end_stream(), body.size_hint().exact(), body.as_bytes()), (true, Some(0), &b""[..]));
        assert!(TextBody::new("").is_end_stream());
    }
}
