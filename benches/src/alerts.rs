//! What the rules of alerts cost, measured once: nothing of it is on a request's thread.

use std::{fs, thread, time::Duration};

use monitor_core::instrument;
use monitor_kit::{
    BoxError, FinalStatus, KnownMethod, Limits, Monitor, Outcome, Scope,
    alert::{Alerts, DeliveryError, Notification, Notifier, Rule},
    scope,
};

use crate::facts::say;

/// Accepts everything.
struct Sink;

impl Notifier for Sink {
    fn name(&self) -> &str {
        "sink"
    }

    fn deliver(&mut self, _: &Notification) -> Result<(), DeliveryError> {
        Ok(())
    }
}

/// Measures the thread that evaluates the rules, with all of `examples/rules.toml`.
pub fn run() {
    for (routes, issues) in [(10, 10), (1_000, 10_000)] {
        let monitor = built(routes, issues);
        // The alerts of the new issues are sent before.
        thread::sleep(Duration::from_secs(3));
        let before = worked();
        thread::sleep(SPAN);
        let cost = (worked() - before) / SPAN.as_secs_f64();
        drop(monitor);
        say(&format!("alerts, {routes} routes and {issues} issues: ms a second on their thread"), cost);
    }
}

fn built(routes: usize, issues: usize) -> Monitor {
    let rules = Rule::from_toml(include_str!("../../examples/rules.toml")).expect("the rules are good");
    let limits = Limits::new().sites(4 * issues).issues(2 * issues).queue(4 * issues).burst(1);
    let monitor = Monitor::builder("shop").log(None).limits(limits).extend(Alerts::to(Sink).rules(rules)).build();
    let monitor = monitor.expect("the settings are good");
    let recorder = instrument::recorder(&monitor).expect("the monitor is not disabled");
    for route in 0..routes {
        let series = recorder.series(KnownMethod::Get, &format!("/items/{route}"));
        for _ in 0..20 {
            recorder.start(series);
            recorder.end(series, FinalStatus::new(Outcome::Completed, 200), Duration::from_millis(7));
        }
    }
    for issue in 0..issues {
        Scope::new(&monitor).in_scope(|| {
            scope::set_fingerprint([issue.to_string()]);
            monitor.capture_error(&BoxError::from("no stock"));
        });
    }
    monitor.flush(Duration::from_secs(120));
    monitor
}

/// Returns the milliseconds that the threads of the alerts have worked so far.
fn worked() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux has the threads of a process there");
    let of_alerts = tasks.map_while(Result::ok).map(|task| task.path()).filter(|task| {
        let name = fs::read_to_string(task.join("comm")).unwrap_or_default();
        name.trim_end() == THREAD
    });
    let nanoseconds = of_alerts.filter_map(|task| {
        let schedule = fs::read_to_string(task.join("schedstat")).ok()?;
        schedule.split_whitespace().next()?.parse::<f64>().ok()
    });
    nanoseconds.sum::<f64>() / 1e6
}

const THREAD: &str = "monitor-alerts";
const SPAN: Duration = Duration::from_secs(10);
