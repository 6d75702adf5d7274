//! Tests of a scope's data, and of the time for which it is current.

use super::*;

fn monitor() -> Monitor {
    Monitor::disabled()
}

#[test]
fn a_scope_is_current_only_while_it_is_entered() {
    let scope = Scope::new(&monitor());
    assert!(current().is_none());
    let id = scope.in_scope(|| current().map(|scope| scope.id().clone()));
    assert_eq!(id.as_ref(), Some(scope.id()));
    assert!(current().is_none());
}

#[test]
fn scopes_nest_and_a_panic_leaves_the_outer_one_current() {
    let (outer, inner) = (Scope::new(&monitor()), Scope::new(&monitor()));
    outer.in_scope(|| {
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| inner.in_scope(|| panic!("inside"))));
        assert!(panicked.is_err());
        assert_eq!(current().as_ref().map(Scope::id), Some(outer.id()));
    });
}

#[test]
fn data_written_in_a_scope_is_in_its_record() {
    let scope = Scope::new(&monitor());
    scope.in_scope(|| {
        set_user("42");
        set_tag("tier", "free");
        set_tag("tier", "premium");
        set_context("order", serde_json::json!({"id": 7}));
        (0..101).for_each(|number| add_breadcrumb("step", number.to_string()));
    });
    let record = scope.record();
    assert_eq!(record.user.as_deref(), Some("42"));
    assert_eq!(record.tags, [(String::from("tier"), String::from("premium"))]);
    assert_eq!(record.contexts[0].1["id"], 7);
    assert_eq!((record.breadcrumbs.len(), &*record.breadcrumbs[0].message), (100, "1"));
}

#[test]
fn an_error_captured_inside_marks_the_scopes_around() {
    let outer = Scope::new(&monitor());
    let inner = outer.in_scope(|| Scope::new(&monitor()));
    inner.mark_captured(&monitor(), 7);
    assert!(outer.has_captured() && outer.has_seen(7));
    assert!(!outer.has_seen(8));
}

#[test]
fn an_endless_chain_of_scopes_is_bounded() {
    let mut scope = Scope::new(&monitor());
    for _ in 0..100_000 {
        scope = scope.in_scope(|| Scope::new(&monitor()));
    }
    assert!(scope.and_around().count() <= usize::from(MAX_DEPTH) + 1);
}

#[test]
fn a_conversion_into_a_tag_may_write_to_the_scope() {
    struct Writes;
    impl From<Writes> for String {
        fn from(_: Writes) -> Self {
            set_user("42");
            Self::from("premium")
        }
    }
    let scope = Scope::new(&monitor());
    scope.in_scope(|| set_tag("tier", Writes));
    assert_eq!((scope.user().as_deref(), scope.record().tags.len()), (Some("42"), 1));
}
