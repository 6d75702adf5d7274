//! The receivers of alerts in the settings.

use monitor_kit::{
    BoxError,
    alert::{Alerts, NotifierError, Slack, Webhook},
};

use crate::Config;

/// Returns the alerts to all receivers in the settings, or `None` if there is no receiver.
///
/// # Errors
///
/// Returns an error that names the setting to change. It shows neither the URL nor the secret.
pub(crate) fn of(config: &Config) -> Result<Option<Alerts>, BoxError> {
    Ok(match (slack(config)?, webhook(config)?) {
        (Some(slack), Some(webhook)) => Some(Alerts::to(slack).and(webhook)),
        (Some(slack), None) => Some(Alerts::to(slack)),
        (None, Some(webhook)) => Some(Alerts::to(webhook)),
        (None, None) => None,
    })
}

fn slack(config: &Config) -> Result<Option<Slack>, BoxError> {
    let slack = config.slack_webhook_url.as_deref().map(Slack::new).transpose();
    slack.map_err(named("SLACK_WEBHOOK_URL"))
}

fn webhook(config: &Config) -> Result<Option<Webhook>, BoxError> {
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

fn named(setting: &'static str) -> impl Fn(NotifierError) -> BoxError {
    move |error| format!("{setting}: {error}").into()
}
