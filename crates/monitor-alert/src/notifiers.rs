//! The notifiers of the library.

#[cfg(test)]
mod example;
mod signature;
mod webhook;

pub use self::{
    signature::{SignatureError, verify_signature},
    webhook::Webhook,
};
