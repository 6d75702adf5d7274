//! Alerts: rules find faults, notifiers deliver them to receivers, and the outbox loses none of them over a restart.

#![cfg_attr(docsrs, feature(doc_cfg))]

// An alert, its severity, and the notification of its change, as data.
mod alert;

// The trait of a notifier, and the error of a delivery.
mod notifier;

// The HTTP client of notifiers, and the classification of responses.
mod http;

// The notifiers: signed webhooks, Slack.
mod notifiers;

pub use self::{
    alert::{Alert, Notification, Severity, Transition},
    http::NotifierError,
    notifier::{DeliveryError, Notifier},
    notifiers::{SignatureError, Slack, Webhook, verify_signature},
};
