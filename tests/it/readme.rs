//! The README and the front page of the documentation show the same program.

/// Returns the first code block after `begin`.
fn quick_start(text: &str, begin: &str) -> String {
    let (_, block) = text.split_once(begin).expect("there is a block");
    block.split("```").next().expect("it has an end").to_owned()
}

#[test]
fn both_have_the_same_quick_start_and_it_fits_its_box() {
    let readme = quick_start(include_str!("../../README.md"), "```rust,no_run\n");
    let comments = include_str!("../../src/lib.rs").lines().map_while(|line| line.strip_prefix("//!"));
    let front: String = comments.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect();
    assert_eq!(readme, quick_start(&front, "```no_run\n"));
    for line in readme.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn every_feature_is_in_the_table_of_the_front_page() {
    let (_, features) = include_str!("../../Cargo.toml").split_once("[features]\n").expect("there are features");
    let (features, _) = features.split_once("\n[").expect("something follows");
    let names = features.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name);
    let rows = include_str!("../../src/lib.rs").lines().filter_map(|line| line.strip_prefix("//! | `"));
    let listed: String = rows.filter_map(|row| row.split(" | ").next()).map(|names| format!("`{names} ")).collect();
    for name in names.filter(|name| *name != "default") {
        assert!(listed.contains(&format!("`{name}`")), "{name} is missing in {listed}");
    }
}
