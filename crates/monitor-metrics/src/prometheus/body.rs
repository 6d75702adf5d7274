//! The body of a response of the endpoint.

use std::{
    convert::Infallible,
    fmt, mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::page::{PIECE, Page, Step};

/// The body of a response of [`PrometheusEndpoint`](crate::PrometheusEndpoint). It renders the page piece by piece, and
/// lets other tasks of the thread run in between.
pub struct PrometheusBody {
    page: Option<Page>,
    must_yield: bool,
}

impl PrometheusBody {
    pub(super) fn empty() -> Self {
        Self { page: None, must_yield: false }
    }

    pub(super) fn of(page: Page) -> Self {
        Self { page: Some(page), must_yield: false }
    }
}

impl Body for PrometheusBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // A server polls until its buffer is full: without a pause, a task would render many pieces at once.
        if mem::take(&mut self.must_yield) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.page.as_mut().map_or(Step::End, Page::step) {
            Step::Piece(piece) => {
                self.must_yield = piece.len() >= PIECE;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from(piece)))))
            }
            Step::Pause => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Step::End => {
                self.page = None;
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.page.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.page.is_none() { SizeHint::with_exact(0) } else { SizeHint::default() }
    }
}

impl fmt::Debug for PrometheusBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusBody").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{task::Waker, time::Duration};

    use http::Request;
    use monitor_core::{FinalStatus, KnownMethod, Limits, Monitor, Outcome, instrument};
    use tower_service::Service;

    use super::*;
    use crate::PrometheusEndpoint;

    fn busy(routes: usize) -> Monitor {
        let limits = Limits::new().series(5_000);
        let monitor = Monitor::builder("shop").log(None).limits(limits).build().expect("the settings are good");
        let recorder = instrument::recorder(&monitor).expect("it is enabled");
        for route in 0..routes {
            let series = recorder.series(KnownMethod::Get, &format!("/{route}"));
            recorder.start(series);
            recorder.end(series, FinalStatus::new(Outcome::Completed, 200), Duration::from_millis(3));
        }
        monitor
    }

    fn body(endpoint: &PrometheusEndpoint, method: &str) -> PrometheusBody {
        let request = Request::builder().method(method).body(()).expect("the method is right");
        let answer = endpoint.clone().call(request).into_inner();
        answer.unwrap_or_else(|error| match error {}).into_body()
    }

    /// Returns the data that each poll gave; `None` for a pause.
    fn polls(mut body: PrometheusBody) -> Vec<Option<Bytes>> {
        let (mut polls, context) = (Vec::new(), &mut Context::from_waker(Waker::noop()));
        loop {
            match Pin::new(&mut body).poll_frame(context) {
                Poll::Ready(None) => return polls,
                Poll::Ready(Some(Ok(frame))) => polls.push(frame.into_data().ok()),
                Poll::Pending => polls.push(None),
            }
        }
    }

    #[test]
    fn a_page_comes_in_pieces_with_a_pause_after_each() {
        let endpoint = PrometheusEndpoint::local(&busy(200));
        let polls = polls(body(&endpoint, "GET"));
        assert!(polls.len() > 4 && polls.chunks(2).all(|pair| pair[0].is_some() && !matches!(pair, [_, Some(_)])));
        let pieces: Vec<_> = polls.into_iter().flatten().collect();
        assert!(pieces.iter().all(|piece| piece.len() < PIECE + PIECE / 8));
        assert_eq!(pieces.concat(), endpoint.render().into_bytes());
    }

    #[test]
    fn the_counters_of_many_routes_are_read_and_dropped_with_pauses() {
        let endpoint = PrometheusEndpoint::local(&busy(2_300));
        let polls = polls(body(&endpoint, "GET"));
        let pauses = |polls: &mut dyn Iterator<Item = &Option<Bytes>>| polls.take_while(|poll| poll.is_none()).count();
        assert_eq!((pauses(&mut polls.iter()), pauses(&mut polls.iter().rev())), (4, 1));
        let page = polls.into_iter().flatten().collect::<Vec<_>>().concat();
        assert_eq!(page, endpoint.render().into_bytes());
    }

    #[test]
    fn a_small_page_is_one_piece_without_a_pause() {
        let endpoint = PrometheusEndpoint::local(&busy(1));
        assert_eq!(polls(body(&endpoint, "GET")), [Some(Bytes::from(endpoint.render()))]);
    }

    #[test]
    fn a_body_ends_when_its_page_does() {
        let (get, head) = ["GET", "HEAD"].map(|method| body(&PrometheusEndpoint::local(&busy(1)), method)).into();
        assert_eq!([get.is_end_stream(), head.is_end_stream()], [false, true]);
        assert_eq!([get.size_hint().exact(), head.size_hint().exact()], [None, Some(0)]);
        assert_eq!(polls(head), []);
    }
}
