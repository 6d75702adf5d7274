//! Errors are grouped into one issue, which is explained, resolved, and regresses in a later release.
//!
//! ```sh
//! cargo run --example issues --features store
//! ```

use std::{
    fs,
    io::{Write, stdout},
    path::Path,
    time::Duration,
};

use monitor_kit::{BoxError, CaptureExt, Issue, IssueQuery, Monitor, Scope, Signal, Triage, scope, store::Store};

fn main() -> Result<(), BoxError> {
    let folder = std::env::temp_dir().join(format!("issues-{}", std::process::id()));
    let first = start(&folder, "1.0.0")?;
    for (user, amount) in [("ada", "12,50"), ("bob", "7,99"), ("ada", "3,20")] {
        order(&first, user, amount);
    }
    first.flush(Duration::from_secs(5));
    let issue = show(&first, "in 1.0.0");
    say(&issue.explain());

    first.triage(issue.fingerprint, Triage::ResolveIn("1.0.1".into()), "ada")?;
    show(&first, "an operator resolves it");
    first.shutdown(Duration::from_secs(5));

    let second = start(&folder, "1.0.1")?;
    show(&second, "in 1.0.1");
    order(&second, "bob", "1,00");
    second.flush(Duration::from_secs(5));
    show(&second, "it happens again");

    // A user requests erasure.
    let erased = second.erase_user("bob");
    say(&format!("{} events of one user are gone from memory and disk", erased.events));
    show(&second, "afterwards");
    second.shutdown(Duration::from_secs(5));
    Ok(fs::remove_dir_all(&folder)?)
}

fn start(folder: &Path, release: &str) -> Result<Monitor, BoxError> {
    let monitor = Monitor::builder("shop").release(release).persist(Store::open(folder)?);
    let monitor = monitor.reporter_fn("terminal", |signal| match signal {
        Signal::IssueOpened(issue) => say(&format!("  signal: a new issue, \"{}\"", issue.message)),
        Signal::IssueRegressed(issue) => say(&format!("  signal: \"{}\" is back", issue.message)),
        _ => {}
    });
    Ok(monitor.build()?)
}

/// The bug: amounts with a comma are rejected.
fn order(monitor: &Monitor, user: &str, amount: &str) {
    Scope::new(monitor).in_scope(|| {
        scope::set_user(user);
        scope::set_tag("feature", "checkout");
        let _total: Option<f64> = amount.parse().capture().ok();
    });
}

fn show(monitor: &Monitor, when: &str) -> Issue {
    let issue = monitor.find_issues(&IssueQuery::new().text("float")).issues.remove(0);
    let back = issue.regression.as_ref().map_or_else(String::new, |back| format!(", back since {}", back.release));
    say(&format!(
        "{when}: {} times, {} users, {} events stored, {}{back}",
        issue.count,
        issue.users_affected,
        issue.samples.len(),
        issue.status.state.as_str()
    ));
    issue
}

fn say(text: &str) {
    let _ = writeln!(stdout(), "{text}");
}
