//! Two processes that share a store, as during a rolling release.

use monitor_core::{DisableRoute, IssueStatus, Triage};

use crate::support::{builder, count, fail, flush, is_anywhere, only_issue, shop, stop, until};

#[test]
fn the_second_one_goes_on_in_memory_and_adds_its_own_when_the_first_one_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let old = shop(folder.path(), "1.0.0");
    fail(&old, 5, "ada");
    flush(&old);
    let new = shop(folder.path(), "1.0.1");
    assert_eq!(count(&new), 0);
    fail(&new, 20, "bob");
    fail(&old, 2, "ada");
    flush(&new);
    assert_eq!((count(&old), count(&new)), (7, 20));
    stop(old);
    until("both are put together", || count(&new) == 27);
    let issue = only_issue(&new);
    assert_eq!((issue.users_affected, issue.releases), (2, vec!["1.0.0".into(), "1.0.1".into()]));
    stop(new);
    assert_eq!(count(&shop(folder.path(), "1.0.1")), 27);
}

#[test]
fn nothing_is_lost_over_many_releases() {
    let folder = tempfile::tempdir().unwrap();
    let mut old = shop(folder.path(), "0");
    for release in 1..=5 {
        let new = shop(folder.path(), &release.to_string());
        fail(&old, 3, "ada");
        fail(&new, 4, "bob");
        flush(&new);
        stop(std::mem::replace(&mut old, new));
        until("it has all that was before", || count(&old) == release * 7);
    }
    assert_eq!(only_issue(&old).users_affected, 2);
}

#[test]
fn an_event_of_the_new_process_refutes_a_resolution_by_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let old = shop(folder.path(), "1.0.0");
    fail(&old, 1, "ada");
    flush(&old);
    old.triage(only_issue(&old).fingerprint, Triage::ResolveIn("1.0.1".into()), "ada").unwrap();
    let new = shop(folder.path(), "1.0.1");
    fail(&new, 1, "ada");
    flush(&new);
    assert!(only_issue(&new).regression.is_none(), "the other process does not know the decision");
    stop(old);
    until("it is known", || only_issue(&new).regression.is_some_and(|regression| regression.release == "1.0.1"));
}

#[test]
fn a_resolution_by_the_old_process_holds_without_a_later_event() {
    let folder = tempfile::tempdir().unwrap();
    let old = shop(folder.path(), "1.0.0");
    let new = shop(folder.path(), "1.0.1");
    fail(&old, 1, "ada");
    flush(&old);
    old.triage(only_issue(&old).fingerprint, Triage::ResolveIn("1.0.1".into()), "ada").unwrap();
    stop(old);
    until("it is known", || count(&new) == 1);
    assert_eq!(only_issue(&new).status.state, IssueStatus::Resolved);
}

#[test]
fn the_last_decision_of_either_process_holds() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (shop(folder.path(), "1.0.0"), shop(folder.path(), "1.0.1"));
    [&old, &new].into_iter().for_each(|shop| fail(shop, 1, "ada"));
    [&old, &new].into_iter().for_each(flush);
    let fingerprint = only_issue(&old).fingerprint;
    old.triage(fingerprint, Triage::Ignore, "ada").unwrap();
    new.triage(fingerprint, Triage::Resolve, "bob").unwrap();
    fail(&new, 1, "ada");
    flush(&new);
    assert!(only_issue(&new).regression.is_some());
    stop(old);
    until("both are put together", || count(&new) == 3);
    let issue = only_issue(&new);
    assert_eq!((issue.status.state, issue.regression.is_some()), (IssueStatus::Unresolved, true));
}

#[test]
fn an_event_of_the_old_process_refutes_a_resolution_by_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (shop(folder.path(), "1.0.0"), shop(folder.path(), "1.0.1"));
    [&old, &new].into_iter().for_each(|shop| fail(shop, 1, "ada"));
    [&old, &new].into_iter().for_each(flush);
    new.triage(only_issue(&new).fingerprint, Triage::Resolve, "bob").unwrap();
    fail(&old, 1, "ada");
    stop(old);
    until("it is known", || only_issue(&new).regression.is_some_and(|regression| regression.release == "1.0.0"));
}

#[test]
fn a_mute_does_not_end_by_what_the_old_one_had_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (shop(folder.path(), "1.0.0"), shop(folder.path(), "1.0.1"));
    fail(&old, 25, "ada");
    fail(&new, 1, "ada");
    [&old, &new].into_iter().for_each(flush);
    new.triage(only_issue(&new).fingerprint, Triage::MuteForMore(5), "bob").unwrap();
    stop(old);
    until("both are put together", || count(&new) == 26);
    assert_eq!(only_issue(&new).status.state, IssueStatus::Muted);
    fail(&new, 5, "ada");
    flush(&new);
    assert_eq!(only_issue(&new).status.state, IssueStatus::Unresolved);
}

#[test]
fn events_that_find_no_place_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let user = &["user", "0815", "4711"].join("-");
    let mut old = shop(folder.path(), "0");
    for release in 1..=4 {
        let new = shop(folder.path(), &release.to_string());
        fail(&old, 8, user);
        flush(&old);
        stop(std::mem::replace(&mut old, new));
        until("it has all that was before", || count(&old) == release * 8);
    }
    assert_eq!(only_issue(&old).samples.len(), 21);
    flush(&old);
    assert!(old.erase_user(user).is_persisted);
    stop(old);
    assert!(!is_anywhere(folder.path(), user));
}

#[test]
fn a_route_that_the_new_one_enabled_meanwhile_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let open = |release| builder(folder.path(), release).routes([("GET", "/a"), ("GET", "/b")]).build().unwrap();
    let (old, new) = (open("1.0.0"), open("1.0.1"));
    for route in ["/a", "/b"] {
        old.disable_route(DisableRoute::new(route, "ada")).unwrap();
    }
    new.disable_route(DisableRoute::new("/a", "bob")).unwrap();
    new.enable_route("/a", None, "bob").unwrap();
    stop(old);
    until("both are put together", || new.disabled_routes().len() == 1);
    assert_eq!(new.disabled_routes()[0].route, "/b");
}

#[test]
fn a_user_who_was_erased_meanwhile_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let old = shop(folder.path(), "1.0.0");
    fail(&old, 3, "ada");
    fail(&old, 1, "bob");
    flush(&old);
    let new = shop(folder.path(), "1.0.1");
    assert!(!new.erase_user("ada").is_persisted, "the old one has it on disk");
    stop(old);
    // The erasure follows the merge in the same step of the saver.
    until("both are put together, and the user is erased", || {
        count(&new) == 4 && only_issue(&new).users_affected == 1 && only_issue(&new).samples.len() == 1
    });
}

#[test]
fn a_route_that_the_old_one_disabled_is_disabled_in_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let open = |release| builder(folder.path(), release).routes([("GET", "/a"), ("GET", "/b")]).build().unwrap();
    let (old, new) = (open("1.0.0"), open("1.0.1"));
    old.disable_route(DisableRoute::new("/a", "ada")).unwrap();
    new.disable_route(DisableRoute::new("/b", "bob")).unwrap();
    assert_eq!(new.disabled_routes().len(), 1);
    stop(old);
    until("both are", || new.disabled_routes().len() == 2);
    stop(new);
    assert_eq!(open("1.0.1").disabled_routes().len(), 2);
}
