//! The facade names all types that functions of the libraries below it return or take.

use std::collections::BTreeSet;

/// The libraries whose items the facade re-exports one by one. The others are modules of the facade.
const BELOW: [(&str, &str); 2] = [
    ("monitor_core", include_str!("../../crates/monitor-core/src/lib.rs")),
    ("monitor_tower", include_str!("../../crates/monitor-tower/src/lib.rs")),
];

#[test]
fn every_public_item_of_core_and_tower_is_in_the_facade() {
    let facade: BTreeSet<_> = exported(include_str!("../../src/lib.rs"), "").collect();
    for (library, source) in BELOW {
        let missing: Vec<_> = exported(source, "self::").filter(|item| !facade.contains(item)).collect();
        assert!(missing.is_empty(), "the facade does not name these of {library}: {missing:?}");
    }
}

/// Returns the types, traits and functions that the root of a crate exports from paths with this prefix.
fn exported<'a>(source: &'a str, from: &str) -> impl Iterator<Item = &'a str> {
    let begin = format!("pub use {from}");
    let statements = source.split(';').filter_map(move |statement| {
        let (_, tree) = statement.split_once(&begin)?;
        Some(tree)
    });
    // A word before `::` is a module of the path.
    let words = statements.flat_map(|tree| tree.split(|c: char| !c.is_alphanumeric() && !":_".contains(c)));
    words.filter_map(|word| word.rsplit("::").next()).filter(|word| !word.is_empty() && *word != "self")
}
