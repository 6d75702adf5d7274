//! The README and the front page of the documentation show the same program.

/// Returns the first block of code, as it is to be pasted.
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
