//! The receivers and rules of alerts in the settings.

use std::time::Duration;

use monitor_kit::{
    BoxError,
    alert::{Alerts, Email, Notifier, NotifierError, PagerDuty, Rule, Slack, Webhook},
};

use crate::AlertConfig;

/// Returns the alerts to all receivers in the settings, or `None` if there is no receiver. Every receiver has every
/// alert.
///
/// # Errors
///
/// Returns an error that names the setting to change. It shows neither a URL nor a secret.
pub(crate) fn of(config: &AlertConfig) -> Result<Option<Alerts>, BoxError> {
    let alerts = and(None, slack(config)?);
    let alerts = and(alerts, pagerduty(config)?);
    let alerts = and(alerts, email(config)?);
    let alerts = and(alerts, webhook(config)?);
    let rules = config.alert_rules.as_ref().map(Rule::from_file).transpose();
    let rules = rules.map_err(|error| format!("ALERT_RULES: {error}"))?;
    match (alerts, rules) {
        (Some(alerts), rules) => {
            let alerts = match rules {
                Some(rules) => alerts.rules(rules),
                None => alerts,
            };
            let quiet = Duration::from_secs_f64(config.incident_quiet);
            Ok(Some(alerts.without_default_routes().close_incidents_after(quiet)))
        }
        (None, Some(_)) => Err("ALERT_RULES alert no receiver: set SLACK_WEBHOOK_URL, PAGERDUTY_ROUTING_KEY, \
                                ALERT_MAIL_URL or ALERT_WEBHOOK_URL as well"
            .into()),
        (None, None) => Ok(None),
    }
}

/// Adds a notifier, if there is one.
fn and(alerts: Option<Alerts>, notifier: Option<impl Notifier>) -> Option<Alerts> {
    match (alerts, notifier) {
        (Some(alerts), Some(notifier)) => Some(alerts.and(notifier)),
        (None, Some(notifier)) => Some(Alerts::to(notifier)),
        (alerts, None) => alerts,
    }
}

fn slack(config: &AlertConfig) -> Result<Option<Slack>, BoxError> {
    let slack = config.slack_webhook_url.as_deref().map(Slack::new).transpose();
    slack.map_err(named("SLACK_WEBHOOK_URL"))
}

fn pagerduty(config: &AlertConfig) -> Result<Option<PagerDuty>, BoxError> {
    match (&config.pagerduty_routing_key, &config.pagerduty_url) {
        (Some(key), url) => {
            let pagerduty = PagerDuty::new(key).map_err(named("PAGERDUTY_ROUTING_KEY"))?;
            Ok(Some(match url {
                Some(url) => pagerduty.endpoint(url).map_err(named("PAGERDUTY_URL"))?,
                None => pagerduty,
            }))
        }
        (None, Some(_)) => Err("PAGERDUTY_URL needs a key: set PAGERDUTY_ROUTING_KEY as well".into()),
        (None, None) => Ok(None),
    }
}

fn email(config: &AlertConfig) -> Result<Option<Email>, BoxError> {
    match (&config.alert_mail_url, &config.alert_mail_from, config.alert_mail_to.as_slice()) {
        (Some(url), Some(from), to @ [_, ..]) => {
            Ok(Some(Email::new(url, from, to).map_err(named("ALERT_MAIL_URL, ALERT_MAIL_FROM, ALERT_MAIL_TO"))?))
        }
        (None, None, []) => Ok(None),
        _ => Err("e-mails need a server, a sender and a recipient: set ALERT_MAIL_URL, ALERT_MAIL_FROM and \
                  ALERT_MAIL_TO, or none of them"
            .into()),
    }
}

fn webhook(config: &AlertConfig) -> Result<Option<Webhook>, BoxError> {
    match (&config.alert_webhook_url, &config.alert_webhook_secret) {
        (Some(url), Some(secret)) => {
            let webhook = Webhook::new(url).map_err(named("ALERT_WEBHOOK_URL"))?;
            Ok(Some(webhook.secret(secret).map_err(named("ALERT_WEBHOOK_SECRET"))?))
        }
        (Some(_), None) => {
            Err("ALERT_WEBHOOK_URL needs a secret to sign with: set ALERT_WEBHOOK_SECRET as well".into())
        }
        (None, Some(_)) => Err("ALERT_WEBHOOK_SECRET signs alerts to no URL: set ALERT_WEBHOOK_URL as well".into()),
        (None, None) => Ok(None),
    }
}

fn named(settings: &'static str) -> impl Fn(NotifierError) -> BoxError {
    move |error| format!("{settings}: {error}").into()
}
