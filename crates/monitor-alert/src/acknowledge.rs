//! The service that acknowledges alerts: it answers the links in messages, and webhooks of PagerDuty.

mod form;
mod page;
mod pagerduty;
mod service;

pub use self::service::{AckFuture, AckService};
