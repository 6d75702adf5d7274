//! The auto traits of the public types, so that no field removes one unnoticed.

use std::{cell::Cell, fmt::Debug};

use monitor_core::instrument;
use monitor_kit as kit;

/// A type bound to one thread, as a foreign response body or future may be.
type Local = Cell<*const ()>;

#[test]
fn handles_and_settings_can_be_shared_and_cloned() {
    shared_and_cloned::<kit::Monitor>();
    shared_and_cloned::<kit::WeakMonitor>();
    shared_and_cloned::<kit::Scope>();
    shared_and_cloned::<kit::Redaction>();
    shared_and_cloned::<kit::LogReporter>();
    shared_and_cloned::<kit::Identity>();
    shared_and_cloned::<kit::MonitorLayer>();
    shared_and_cloned::<kit::RequestIdLayer>();
    shared_and_cloned::<kit::TimingLayer>();
    shared_and_cloned::<kit::CatchPanicLayer>();
    shared_and_cloned::<kit::PrometheusEndpoint>();
    shared_and_cloned::<kit::RespondLayer>();
    shared_and_cloned::<kit::PropagateLayer>();
    shared_and_cloned::<kit::RouteSwitchLayer>();
    shared_and_cloned::<kit::DisableRoute>();
    shared_and_cloned::<kit::DisabledRoute>();
    shared_and_cloned::<kit::EnabledRoute>();
    shared_and_cloned::<kit::SwitchError>();
    shared_and_cloned::<kit::TrustedProxies>();
    shared_and_cloned::<kit::Networks>();
    shared_and_cloned::<kit::NetworkError>();
    shared_and_cloned::<kit::ClientCounts>();
    shared_and_cloned::<kit::Propagate<()>>();
    shared_and_cloned::<kit::IdPolicy>();
    shared_and_cloned::<kit::RequestId>();
    shared_and_cloned::<kit::TraceContext>();
    shared_and_cloned::<kit::CurrentScope>();
    shared_and_cloned::<monitor_core::MemoryReporter>();
    shared_and_cloned::<kit::health::Health>();
    shared_and_cloned::<kit::health::HealthService>();
    shared_and_cloned::<kit::health::Heartbeat>();
    shared_and_cloned::<kit::health::DetailPolicy>();
    shared_and_cloned::<kit::HealthChange>();
    shared_and_cloned::<kit::HealthReading>();
}

#[test]
fn signals_can_be_shared_and_cloned() {
    shared_and_cloned::<kit::Signal>();
    shared_and_cloned::<kit::ErrorEvent>();
    shared_and_cloned::<kit::Issue>();
    shared_and_cloned::<kit::ProcessEnded>();
    shared_and_cloned::<kit::ProcessHeartbeat>();
    shared_and_cloned::<kit::DropCount>();
    shared_and_cloned::<kit::AttachedError>();
    shared_and_cloned::<kit::PanicContext>();
    shared_and_cloned::<kit::scope::ScopeRecord>();
    shared_and_cloned::<kit::scope::Breadcrumb>();
    shared_and_cloned::<kit::CodeLocation>();
    shared_and_cloned::<kit::Frame>();
    shared_and_cloned::<kit::JobCounts>();
    shared_and_cloned::<monitor_core::Failure>();
    shared_and_cloned::<instrument::RequestFacts<'_>>();
    shared_and_cloned::<kit::RequestHead<'_>>();
    shared_and_cloned::<kit::traffic::RouteCounts>();
    shared_and_cloned::<kit::traffic::StatusCounts>();
    shared_and_cloned::<kit::traffic::WindowSnapshot>();
}

#[test]
fn small_words_can_be_copied() {
    copied::<kit::Outcome>();
    copied::<kit::ErrorType>();
    copied::<kit::EventKind>();
    copied::<kit::Level>();
    copied::<kit::KnownMethod>();
    copied::<kit::DropReason>();
    copied::<kit::Fingerprint>();
    copied::<kit::JobOutcome>();
    copied::<kit::ClientOutcome>();
    copied::<kit::ForwardedHeader>();
    copied::<kit::FinalStatus>();
    copied::<kit::GrpcCode>();
    copied::<kit::TraceId>();
    copied::<kit::SpanId>();
    copied::<instrument::Series>();
    copied::<kit::traffic::Lookback>();
    copied::<kit::traffic::WindowCounts>();
    copied::<kit::traffic::BucketCount>();
    copied::<kit::traffic::ConnectionCounts>();
}

#[test]
fn counters_and_errors_can_be_shared() {
    shared::<kit::Traffic>();
    shared::<kit::BuildError>();
    shared::<kit::InstallError>();
    shared::<kit::health::StartupGate>();
    shared::<kit::health::ProbeResult>();
}

#[test]
fn a_service_is_cloned_and_shared_as_the_one_inside() {
    shared_and_cloned::<kit::MonitorService<()>>();
    shared_and_cloned::<kit::Respond<()>>();
}

/// sentry-rust#720: axum requires services that are `Sync`.
#[test]
fn a_future_and_a_body_move_between_threads_as_the_ones_inside() {
    shared::<kit::ResponseFuture<()>>();
    shared::<kit::ResponseBody<()>>();
    shared::<kit::RespondFuture<()>>();
    shared::<kit::UpgradedConnection<()>>();
    shared::<kit::scope::InScope<()>>();
    shared::<instrument::ScopeSlot>();
    shared::<kit::Job<()>>();
    moved::<kit::ResponseFuture<Local>>();
    moved::<kit::ResponseBody<Local>>();
    shared::<kit::TextBody>();
}

#[test]
fn a_caught_panic_a_builder_and_a_probe_move_between_threads() {
    sent::<kit::health::HealthBuilder>();
    sent::<kit::health::Probe>();
    sent::<kit::health::HealthFuture>();
    shared::<instrument::panic::CaughtPanic>();
    sent::<kit::MonitorBuilder>();
}

fn shared_and_cloned<T: Clone + Debug + Send + Sync + Unpin + 'static>() {}
fn shared<T: Debug + Send + Sync + Unpin + 'static>() {}
fn sent<T: Debug + Send + Unpin + 'static>() {}
fn moved<T: Debug + Unpin>() {}
fn copied<T: Copy + Debug + Send + Sync + PartialEq>() {}
