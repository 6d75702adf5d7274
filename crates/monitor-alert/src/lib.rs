//! Alerts: rules find faults, notifiers deliver them to receivers, and the outbox loses none of them over a restart.

#![cfg_attr(docsrs, feature(doc_cfg))]

// The current time, passed into every function.
mod time;

// Hashes that are the same in every process.
mod hash;

// An alert, its severity, and the notification of its change, as data.
mod alert;

// The trait of a notifier, and the error of a delivery.
mod notifier;

// The stored form of values, and the masks of their texts.
mod mask;
mod stored;

// Facts about issues, and the rules that make alerts of facts and counts.
mod fact;
mod rule;

// The engine applies the rules; the outbox holds every change until it is delivered or given up.
mod engine;
mod outbox;

// Engine and outbox under one roof.
mod machine;

// The HTTP client of notifiers, and the classification of responses.
mod http;

// The notifiers: signed webhooks, Slack.
mod notifiers;

// The machine, shared by threads.
mod desk;

// The threads that deliver, one for each notifier.
mod courier;

// The extension that owns them.
mod alerts;

// Random histories of the machine, with faults.
#[cfg(test)]
mod simulation;

pub use self::{
    alert::{Alert, Notification, Severity, Transition},
    alerts::Alerts,
    http::NotifierError,
    notifier::{DeliveryError, Notifier},
    notifiers::{SignatureError, Slack, Webhook, verify_signature},
    rule::{Rule, error_ratio::ErrorRatioRule, issue::IssueRule},
};
