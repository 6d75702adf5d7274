//! The notifiers of the library.

mod alertmanager;
pub(crate) mod pagerduty;
mod settings;
mod signature;
mod slack;
mod webhook;

#[cfg(test)]
use crate::alert::example;

pub use self::{
    alertmanager::Alertmanager,
    pagerduty::PagerDuty,
    signature::{SignatureError, verify_signature},
    slack::Slack,
    webhook::Webhook,
};
