//! The notifiers of the library.

mod alertmanager;
#[cfg(feature = "email")]
mod email;
pub(crate) mod pagerduty;
mod settings;
mod signature;
mod slack;
mod webhook;

#[cfg(test)]
use crate::alert::example;

#[cfg(feature = "email")]
pub use self::email::Email;
pub use self::{
    alertmanager::Alertmanager,
    pagerduty::PagerDuty,
    signature::{SignatureError, verify_signature},
    slack::Slack,
    webhook::Webhook,
};
