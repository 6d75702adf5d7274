//! The trailers of gRPC-Web, in the last frame of the body: `grpc-status:13\r\n` after a frame header with flag 0x80.
//!
//! Flag 0x81 marks trailers that are compressed with the call's `grpc-encoding`. They are not decompressed, so the call
//! has no status here. tonic-web sends none; connect-go and Armeria do.

use bytes::{Buf, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;

use super::{GRPC_MESSAGE, GRPC_STATUS, base64::Decoder};

/// Parses the frames of a body as it is sent, and finds its trailers. Messages are skipped, not stored.
#[derive(Debug, Default)]
pub(crate) struct WebTrailers {
    /// Set if the body is base64 (`application/grpc-web-text`).
    decoder: Option<Decoder>,
    /// The part of the current frame's header (flag and length) received so far.
    header: Vec<u8>,
    /// Number of bytes of the current frame not yet received.
    missing: u32,
    trailers: Vec<u8>,
    is_over: bool,
}

impl WebTrailers {
    pub(crate) fn of_binary() -> Self {
        Self::default()
    }

    pub(crate) fn of_base64() -> Self {
        Self { decoder: Some(Decoder::default()), ..Self::default() }
    }

    /// Parses a frame of the body and returns it unchanged. The data is not copied if it is a single piece of
    /// [`Bytes`].
    pub(crate) fn read<D: Buf + From<Bytes>>(&mut self, frame: Frame<D>) -> Frame<D> {
        frame.map_data(|mut data| {
            let data = data.copy_to_bytes(data.remaining());
            match self.decoder.take() {
                None => self.read_binary(&data),
                Some(mut decoder) => {
                    self.read_binary(&decoder.decode(&data));
                    self.decoder = Some(decoder);
                }
            }
            D::from(data)
        })
    }

    /// Returns whether the trailers are complete.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Returns the status and the message from the trailers, as HTTP/2 trailers would contain them.
    pub(crate) fn headers(&self) -> HeaderMap {
        let lines = self.trailers.split(|byte| *byte == b'\n');
        lines.filter_map(|line| header(line.trim_ascii())).collect()
    }

    fn read_binary(&mut self, mut data: &[u8]) {
        while !self.is_over {
            data = self.read_header(data);
            let is_trailers = self.header.len() == HEADER && self.header[0] & TRAILERS != 0;
            let count = data.len().min(usize::try_from(self.missing).unwrap_or(usize::MAX));
            let (of_frame, rest) = data.split_at(count);
            if is_trailers {
                let room = MAX_TRAILER_BYTES.saturating_sub(self.trailers.len());
                self.trailers.extend_from_slice(&of_frame[..count.min(room)]);
            }
            self.missing -= u32::try_from(count).unwrap_or(self.missing);
            if self.header.len() < HEADER || self.missing > 0 {
                return;
            }
            self.header.clear();
            self.is_over = is_trailers;
            data = rest;
        }
    }

    /// Reads the missing part of a frame's header: a flag and the length of the frame.
    fn read_header<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        if self.header.len() == HEADER {
            return data;
        }
        let (header, rest) = data.split_at(data.len().min(HEADER - self.header.len()));
        self.header.extend_from_slice(header);
        if let [_, a, b, c, d] = *self.header {
            self.missing = u32::from_be_bytes([a, b, c, d]);
        }
        rest
    }
}

/// Parses a trailer line; `None` for other fields than status and message. Names may contain capitals here.
fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (HeaderName::from_bytes(&line[..colon]).ok()?, line[colon + 1..].trim_ascii());
    let is_wanted = [GRPC_STATUS, GRPC_MESSAGE].contains(&name);
    is_wanted.then(|| HeaderValue::from_bytes(value).ok().map(|value| (name, value)))?
}

/// The length of a frame's header.
const HEADER: usize = 5;
/// The flag of a frame that holds trailers.
const TRAILERS: u8 = 0x80;
/// Largest number of trailer bytes stored. All known implementations send the status first.
const MAX_TRAILER_BYTES: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"\0\0\0\0\x05hello\x80\0\0\0\x29grpc-status:13\r\ngrpc-message:no%20stock\r\n";
    /// The same body as text; message and trailers are encoded separately, as tonic-web does.
    const TEXT: &[u8] = b"AAAAAAVoZWxsbw==gAAAAClncnBjLXN0YXR1czoxMw0KZ3JwYy1tZXNzYWdlOm5vJTIwc3RvY2sNCg==";

    fn read(mut trailers: WebTrailers, body: &[u8], piece: usize) -> Option<HeaderMap> {
        for data in body.chunks(piece) {
            let frame = trailers.read(Frame::data(Bytes::copy_from_slice(data)));
            assert_eq!(frame.into_data().expect("it is data"), data, "the body is not changed");
        }
        trailers.is_over().then(|| trailers.headers())
    }

    #[test]
    fn trailers_are_found_wherever_the_body_is_cut() {
        for piece in 1..=TEXT.len() {
            for (trailers, body) in [(WebTrailers::of_binary(), BODY), (WebTrailers::of_base64(), TEXT)] {
                let headers = read(trailers, body, piece).expect("there are trailers");
                assert_eq!(
                    (&headers["grpc-status"], &headers["grpc-message"]),
                    (&"13".parse().unwrap(), &"no%20stock".parse().unwrap())
                );
            }
        }
    }

    #[test]
    fn a_body_that_breaks_off_has_no_trailers() {
        for length in 0..BODY.len() {
            assert_eq!(read(WebTrailers::of_binary(), &BODY[..length], 3), None, "{length}");
        }
        assert_eq!(read(WebTrailers::of_base64(), b"not base64!", 4), None);
    }

    #[test]
    fn trailers_may_be_empty_or_in_capitals_and_hold_others() {
        assert_eq!(read(WebTrailers::of_binary(), b"\x80\0\0\0\0", 9), Some(HeaderMap::new()));
        let headers = read(WebTrailers::of_binary(), b"\x80\0\0\0\x1bx-a: 1\r\nGrpc-Status: 5\r\n\n\n\n", 99);
        assert_eq!(
            headers.map(|headers| (headers.len(), headers["grpc-status"].clone())),
            Some((1, "5".parse().unwrap()))
        );
    }

    #[test]
    fn compressed_trailers_end_the_body_and_have_no_status() {
        // `grpc-status:13\r\n`, compressed by gzip.
        let trailers =
            b"\x81\0\0\0\x24\x1f\x8b\x08\0\0\0\0\0\x02\x03K/*H\xd6-.I,)-\xb624\xe6\xe5\x02\0^\xe2\xc7A\x10\0\0\0";
        let body = [b"\0\0\0\0\x05hello", &trailers[..]].concat();
        for piece in 1..=body.len() {
            assert_eq!(read(WebTrailers::of_binary(), &body, piece), Some(HeaderMap::new()), "{piece}");
        }
    }

    #[test]
    fn of_trailers_without_an_end_no_more_than_a_bound_is_stored() {
        let mut trailers = WebTrailers::of_binary();
        trailers.read_binary(b"\x80\xff\xff\xff\xff");
        (0..64).for_each(|_| trailers.read_binary(&[b'a'; 1024]));
        assert_eq!((trailers.trailers.len(), trailers.is_over()), (MAX_TRAILER_BYTES, false));
    }
}
