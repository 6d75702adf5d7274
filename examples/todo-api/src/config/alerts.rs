//! The settings of alerts: receivers, rules and incidents.

use std::{fmt, path::PathBuf};

use clap::Args;

use super::seconds;

/// The receivers of alerts, their rules, and the end of incidents. `Debug` shows neither URLs nor secrets.
#[derive(Args, Clone)]
#[expect(clippy::exhaustive_structs, reason = "a program's own settings")]
pub struct AlertConfig {
    /// Slack incoming webhook to send alerts to. Set it in the environment: other users can see the command line.
    #[arg(long, env = "SLACK_WEBHOOK_URL", hide_env_values = true, value_name = "URL")]
    pub slack_webhook_url: Option<String>,

    /// Integration key of PagerDuty's Events API v2 to send alerts with. Set it in the environment.
    #[arg(long, env = "PAGERDUTY_ROUTING_KEY", hide_env_values = true, value_name = "KEY")]
    pub pagerduty_routing_key: Option<String>,

    /// URL of PagerDuty's Events API, such as that of its region in Europe. Defaults to the one in the United States.
    #[arg(long, env = "PAGERDUTY_URL", hide_env_values = true, value_name = "URL")]
    pub pagerduty_url: Option<String>,

    /// Mail server to send alerts through, as in `smtps://user:password@mail.example`. Set it in the environment.
    #[arg(long, env = "ALERT_MAIL_URL", hide_env_values = true, value_name = "URL")]
    pub alert_mail_url: Option<String>,

    /// Address that alerts are mailed from.
    #[arg(long, env = "ALERT_MAIL_FROM", value_name = "ADDRESS")]
    pub alert_mail_from: Option<String>,

    /// Addresses that alerts are mailed to, separated by commas.
    #[arg(long, env = "ALERT_MAIL_TO", value_name = "ADDRESSES", value_delimiter = ',')]
    pub alert_mail_to: Vec<String>,

    /// URL to send alerts to, as JSON signed with ALERT_WEBHOOK_SECRET.
    #[arg(long, env = "ALERT_WEBHOOK_URL", hide_env_values = true, value_name = "URL")]
    pub alert_webhook_url: Option<String>,

    /// Secret that signs these alerts: `whsec_` and 24 to 64 random bytes in base64. Set it in the environment.
    #[arg(long, env = "ALERT_WEBHOOK_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub alert_webhook_secret: Option<String>,

    /// File with the rules of alerts, in TOML. They replace the default ones.
    #[arg(long, env = "ALERT_RULES", value_name = "FILE")]
    pub alert_rules: Option<PathBuf>,

    /// Seconds without an active critical alert after which an incident is closed.
    #[arg(long, env = "INCIDENT_QUIET", value_name = "SECONDS", default_value_t = 900.0, value_parser = seconds)]
    pub incident_quiet: f64,
}

impl fmt::Debug for AlertConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { alert_rules, incident_quiet, .. } = self;
        f.debug_struct("AlertConfig")
            .field("alert_rules", alert_rules)
            .field("incident_quiet", incident_quiet)
            .finish_non_exhaustive()
    }
}
