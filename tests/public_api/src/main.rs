//! Prints the public items of a library, one per line, from the JSON that rustdoc wrote of it.

use std::{collections::BTreeSet, env, error::Error};

fn main() -> Result<(), Box<dyn Error>> {
    let json = env::args_os().nth(1).ok_or("the path of rustdoc's JSON is missing")?;
    // Auto traits are tested in `tests/it/auto_traits.rs`, and blanket impls belong to their traits.
    let api = public_api::Builder::from_rustdoc_json(&json)
        .sorted(true)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()?;
    // In one order, so that a method may move to another `impl` block or file.
    let items: BTreeSet<String> = api.items().map(|item| item.to_string()).collect();
    for item in items.iter().filter(|item| !is_inherent_impl(item)) {
        println!("{item}");
    }
    Ok(())
}

fn is_inherent_impl(item: &str) -> bool {
    item.starts_with("impl") && !item.contains(" for ")
}
