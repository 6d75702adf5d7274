//! Writes a golden store: `MONITOR_STORE_TEST_FOLDER=FOLDER cargo test -p monitor-store --test it golden`.

use std::time::Duration;

use monitor_core::{DisableRoute, ErrorEvent, EventKind, Level, ObservedError, Scope, Triage};

use crate::support::{OutOfStock, builder, childs_folder, fail, flush, stop};

#[test]
fn a_golden_store_is_written_where_a_folder_is_given() {
    let Some(folder) = childs_folder() else { return };
    let settings = builder(&folder, "1.0.0").routes([("GET", "/error")]).source_excerpts(false);
    let shop = settings.before_report(|event| Some(portable(event))).build().unwrap();
    fail(&shop, 3, "ada");
    flush(&shop);
    shop.triage(shop.issues()[0].fingerprint, Triage::ResolveIn("1.0.1".into()), "ada").unwrap();
    for (message, order) in [
        ("out of paper", Triage::MuteFor(Duration::from_secs(10 * 365 * 24 * 60 * 60))),
        ("out of ink", Triage::MuteForMore(100)),
        ("out of mind", Triage::Ignore),
    ] {
        shop.capture_message(Level::Error, message);
        flush(&shop);
        let issue = shop.issues().into_iter().find(|issue| issue.message == message).unwrap();
        shop.triage(issue.fingerprint, order, "bob").unwrap();
    }
    Scope::new(&shop).enter(|| {
        let observed = ObservedError::of_any(EventKind::ServiceError, &OutOfStock);
        monitor_core::scope::current().unwrap().capture_observed(observed);
    });
    let mut caught = monitor_core::panic::catch(|| panic!("no such product")).unwrap_err();
    shop.capture_panic(&mut caught);
    caught.dispose();
    shop.disable_route(DisableRoute::new("/error", "ada").reason("divides by zero")).unwrap();
    stop(shop);
    redb::Database::open(folder.join("monitor.redb")).unwrap().compact().unwrap();
}

/// Leaves out of a trace what is of this machine: frames of what the test is built with, and where the checkout lies.
fn portable(mut event: ErrorEvent) -> ErrorEvent {
    event.backtrace.retain(|frame| frame.in_app);
    let places = event.backtrace.iter_mut().map(|frame| &mut frame.location).chain([&mut event.location]);
    for place in places.flatten() {
        place.file = place.file.rsplit_once("crates/").map_or_else(|| place.file.clone(), |(_, file)| file.to_owned());
    }
    event
}
