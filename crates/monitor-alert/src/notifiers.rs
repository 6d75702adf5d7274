//! The notifiers of the library.

#[cfg(test)]
mod example;
mod signature;
mod slack;
mod webhook;

pub use self::{
    signature::{SignatureError, verify_signature},
    slack::Slack,
    webhook::Webhook,
};
