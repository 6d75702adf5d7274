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

// Active alerts and their acknowledgement, as data.
mod active;

// The HTTP client of notifiers, and the classification of responses.
mod http;

// The links in messages that acknowledge alerts.
mod links;

// The stored form of values, and the masks of their texts.
mod mask;
mod stored;

// Facts about issues, and the rules that make alerts of facts and counts.
mod fact;
mod rule;

// The engine applies the rules; the outbox holds every change until it is delivered or given up.
mod engine;
mod outbox;

// The notifiers of each alert, and its acknowledgement.
mod pages;
mod routes;

// Engine, pages and outbox under one roof.
mod machine;

// The notifiers: signed webhooks, Slack.
mod notifiers;

// The machine, shared by threads.
mod desk;

// The threads that deliver, one for each notifier.
mod courier;

// The handle of a program to its alerts.
mod handle;

// The service that acknowledges alerts.
mod acknowledge;

// The extension that owns them.
mod alerts;

// Random histories of the machine, with faults.
#[cfg(test)]
mod simulation;

pub use self::{
    acknowledge::{AckFuture, AckService},
    active::{Acknowledgement, ActiveAlert},
    alert::{Alert, Notification, Severity, Transition},
    alerts::Alerts,
    handle::AlertHandle,
    http::NotifierError,
    links::AckLinks,
    notifier::{DeliveryError, Notifier},
    notifiers::{SignatureError, Slack, Webhook, verify_signature},
    routes::Route,
    rule::{Rule, error_ratio::ErrorRatioRule, issue::IssueRule},
};
