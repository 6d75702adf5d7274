//! Alerts: rules find faults, notifiers deliver them to receivers, and the outbox loses none of them over a restart.

#![cfg_attr(docsrs, feature(doc_cfg))]

// The current time, passed into every function.
mod time;

// Time zones by their names.
mod time_zone;

// Hashes that are the same in every process.
mod hash;

// Texts as pages and mails show them.
mod shown;

// An alert, its severity, and the notification of its change, as data.
mod alert;

// Active alerts and their acknowledgement, as data.
mod active;

// The number of notifications that a receiver is given.
mod rate_limit;

// The trait of a notifier, and the error of a delivery.
mod notifier;

// Tests of the delivery.
mod delivery_test;

// The HTTP client of notifiers, and the classification of responses.
mod http;

// The links in messages that acknowledge alerts.
mod links;

// The stored form of values, and the masks of their texts.
mod mask;
mod stored;

// Incidents, their events and their impact, as data.
mod incident;

// The schedule of test alerts.
mod weekly_test;

// Facts about issues, and the rules that make alerts of facts and counts.
mod fact;
mod rule;

// The command in an alert that disables its route, and routes that alerts disable.
mod auto_disable;
mod switch_command;

// The engine applies the rules to them.
mod engine;

// The notifiers of alerts by rule and severity.
mod routes;

// The rules, applied to the history.
mod backtest;

// The notifiers that each active alert has reached, and its acknowledgement.
mod pages;

// The incidents that critical alerts open.
mod incidents;

// The outbox holds every change until it is delivered or given up.
mod outbox;

// All of them under one roof.
mod machine;

// The notifiers: signed webhooks, Slack, PagerDuty, Alertmanager, e-mail.
mod notifiers;

// The reports of incidents.
mod report;

// The machine, shared by threads.
mod desk;

// The threads that deliver, one for each notifier.
mod courier;

// The pings that show the life of the alerts.
mod watchdog;

// The handle of a program to its alerts.
mod handle;

// The service that acknowledges alerts.
mod acknowledge;

// The extension that owns them.
mod alerts;

// Random histories of the machine, with faults.
#[cfg(test)]
mod simulation;

#[cfg(feature = "email")]
#[cfg_attr(docsrs, doc(cfg(feature = "email")))]
pub use self::notifiers::Email;
pub use self::{
    acknowledge::{AckFuture, AckService},
    active::{Acknowledgement, ActiveAlert},
    alert::{Alert, Notification, Severity, Transition},
    alerts::Alerts,
    auto_disable::AutoDisable,
    backtest::{AlertGroup, Backtest, BacktestError, BacktestReport, RuleFiring, RuleHistory},
    delivery_test::TestResult,
    handle::AlertHandle,
    http::NotifierError,
    incident::{
        ErrorChart, Evidence, Impact, Incident, IncidentEntry, IncidentEvent, IncidentStatus, IssueImpact, Pin, Subject,
    },
    links::AckLinks,
    notifier::{DeliveryError, Notifier},
    notifiers::{Alertmanager, PagerDuty, SignatureError, Slack, Webhook, verify_signature},
    rate_limit::RateLimit,
    report::{IncidentReport, Language, ReportError},
    routes::Route,
    rule::{
        Rule, burn::BurnRule, duration::DurationRule, error_ratio::ErrorRatioRule, escalating::EscalatingRule,
        file::RulesError, health::HealthRule, issue::IssueRule, issue_events::IssueEventsRule,
        milestone::MilestoneRule, process_end::ProcessEndRule, silence::SilenceRule, slower::SlowerRule,
        view::RuleView,
    },
    watchdog::Watchdog,
};
