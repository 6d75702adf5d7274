//! The notifiers of the library.

mod signature;
mod slack;
mod webhook;

#[cfg(test)]
use crate::alert::example;

pub use self::{
    signature::{SignatureError, verify_signature},
    slack::Slack,
    webhook::Webhook,
};
