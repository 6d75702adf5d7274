//! The backtest of a program's alerts.

use super::{Alerts, DefaultRoutes};
use crate::{
    backtest::Backtest,
    routes::{Route, Routes},
    rule::Rule,
};

impl Alerts {
    /// Returns the [backtest](Backtest) of these alerts: of their rules, with the notifiers that would have been
    /// notified.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Monitor, alert::{Alerts, Slack}};
    ///
    /// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?);
    /// let backtest = alerts.backtest();
    /// let monitor = Monitor::builder("shop").extend(alerts).build()?;
    /// println!("{}", backtest.run(&monitor)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn backtest(&self) -> Backtest {
        let names = self.notifier_names();
        let routes = self.routes_or_default(&names);
        Backtest::of(self.rules.clone()).routes(Routes::new(names, routes))
    }

    pub(super) fn notifier_names(&self) -> Vec<String> {
        self.notifiers.iter().map(|notifier| notifier.name().to_owned()).collect()
    }

    /// Returns the routes that the program has set, or the default ones.
    pub(super) fn routes_or_default(&self, notifiers: &[String]) -> Vec<Route> {
        if self.routes.is_empty() && self.default_routes == DefaultRoutes::On {
            return Routes::defaults(notifiers, self.rules.iter().map(Rule::name));
        }
        self.routes.clone()
    }
}
