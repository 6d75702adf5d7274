//! The end of a request: its event if it failed, its counts, its span, and its log line.

use monitor_core::{
    ErrorType, FinalStatus, Outcome, clock,
    instrument::{self, RequestEnd, panic::catch_and_drop},
};

use super::Guard;
use crate::{
    response::grpc::GrpcFailure,
    watch::{log, span::RequestSpan},
};

impl Drop for Guard {
    /// Must not panic: it may run while another panic unwinds.
    fn drop(&mut self) {
        let ending = FinalStatus::new(self.outcome, self.status).grpc(self.grpc.at_end(self.outcome));
        let at = clock::now();
        let end = RequestEnd { ending, at, duration: at.saturating_duration_since(self.started) };
        self.capture_failure_of(ending);
        self.count(&end);
        // Subscribers of spans and events are the program's own code, which may panic.
        if let Some(span) = &self.span {
            catch_and_drop(|| {
                if self.first_byte.is_some() {
                    span.record_status(ending.status);
                }
                span.end(ending);
            });
        }
        self.log(end);
        if self.span.is_some() {
            catch_and_drop(|| self.span = None);
        }
    }
}

impl Guard {
    /// Captures a failed response, unless an error captured in the scope already explains it.
    #[inline]
    fn capture_failure_of(&mut self, ending: FinalStatus) {
        let Some(scope) = self.slot.scope().filter(|_| self.settings.capture_errors) else { return };
        match (ending.error_type(), ending.grpc) {
            (Some(ErrorType::Grpc(_) | ErrorType::Panic), Some(code)) => {
                let failure = self.grpc_failure.take().map(|failure| *failure);
                let GrpcFailure { message, source } = failure.unwrap_or_default();
                instrument::capture_grpc_status(scope, code, &message, source);
            }
            (Some(ErrorType::Status(_) | ErrorType::Panic), _) if ending.status >= 500 => {
                instrument::capture_status(scope, ending.status);
            }
            _ => {}
        }
    }

    #[inline]
    fn count(&self, end: &RequestEnd) {
        let (Some(recorder), Some(series)) = (instrument::recorder(&self.settings.monitor), self.series) else {
            return;
        };
        // A refused request never reached the service, so there is no response of it to measure.
        if let Some(first_byte) = self.first_byte.filter(|_| end.ending.outcome != Outcome::Refused) {
            recorder.measure(series, end.ending.status, first_byte, self.sent);
        }
        recorder.end(series, end.ending, end.duration);
    }

    #[inline]
    fn log(&mut self, end: RequestEnd) {
        let Self { slot, settings, span, series, .. } = self;
        let Some(scope) = slot.scope().filter(|_| settings.log) else { return };
        let name = match series {
            Some(_) => log::name(scope, &end, settings),
            None => Some(log::Name::Untracked),
        };
        let Some(name) = name.filter(|name| name.is_wanted()) else { return };
        end.record(scope);
        let scope = scope.clone();
        catch_and_drop(|| {
            slot.in_scope(|| {
                let _entered = span.as_ref().map(RequestSpan::enter);
                log::write(name, &scope, &end);
            });
        });
    }
}
