//! Alerts: rules find faults, notifiers deliver them to receivers, and the outbox loses none of them over a restart.

#![cfg_attr(docsrs, feature(doc_cfg))]

// An alert, its severity, and the notification of its change, as data.
mod alert;

// The trait of a notifier, and the error of a delivery.
mod notifier;

pub use self::{
    alert::{Alert, Notification, Severity, Transition},
    notifier::{DeliveryError, Notifier},
};
