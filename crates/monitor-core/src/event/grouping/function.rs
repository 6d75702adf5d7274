//! Function names without the parts that differ between builds.

/// Returns `function` without type parameters, closures and compiler-generated suffixes: `shop::price::{{closure}}` and
/// `shop::price::<u8>` are both `shop::price`. Empty for a closure if the build does not name its function.
///
/// The two mangling schemes name a method differently: `<shop::Cart>::price` becomes `shop::Cart::price`, and
/// `shop::api::<impl shop::Load for shop::Cart>::load` becomes `<shop::Cart as shop::Load>::load`.
pub(super) fn stable(function: &str) -> String {
    let mut name = one_spelling(without_parameters(function));
    while let Some(last) = name.rsplit("::").next().filter(|last| last.starts_with('{') || is_hash(last)) {
        let end = name.len() - last.len();
        name.truncate(end.saturating_sub("::".len()));
    }
    name
}

/// Returns `true` if a [`stable`] name contains the path of its function.
pub(super) fn has_path(stable: &str) -> bool {
    stable.contains("::")
}

/// Removes everything between `<` and `>`, except the type and the trait of a method.
fn without_parameters(function: &str) -> String {
    let (mut name, mut depth, mut kept) = (String::with_capacity(function.len()), 0_usize, 0);
    for (at, c) in function.char_indices() {
        match c {
            '<' if depth == 0 && is_method_of(function, at) => (depth, kept) = (1, 1),
            '<' => {
                depth += 1;
                continue;
            }
            // The `>` of an arrow `->` closes nothing.
            '>' if !function[..at].ends_with('-') => {
                if depth > kept || depth == 0 {
                    depth = depth.saturating_sub(1);
                    continue;
                }
                (depth, kept) = (0, 0);
                name.push(c);
                continue;
            }
            _ => {}
        }
        if depth == kept {
            name.push(c);
        }
    }
    name.trim_end_matches("::").replace("::::", "::")
}

/// Returns `true` if the `<` at `at` opens the type of a method, as in `<shop::Cart>::price` and `shop::<impl
/// …>::price`.
fn is_method_of(function: &str, at: usize) -> bool {
    at == 0 || function[at..].starts_with("<impl ")
}

/// Rewrites a trait's method as the v0 mangling scheme does, and a type's own method as the legacy scheme does.
fn one_spelling(name: String) -> String {
    let Some((before, inside, method)) = split_method(&name) else { return name };
    if before.is_empty() && inside.contains(" as ") {
        return name;
    }
    let inside = inside.strip_prefix("impl ").unwrap_or(inside);
    match inside.split_once(" for ") {
        Some((of_trait, of_type)) => format!("<{of_type} as {of_trait}>{method}"),
        // A type without a path of its own, such as a reference, cannot begin a path.
        None if inside.starts_with(|c: char| c.is_alphabetic()) && !inside.contains(' ') => format!("{inside}{method}"),
        None => format!("<{inside}>{method}"),
    }
}

/// Splits `before::<inside>::method`.
fn split_method(name: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = name.split_once('<')?;
    let (inside, method) = rest.split_once('>')?;
    Some((before, inside, method))
}

/// Returns `true` for the suffix of a legacy mangled name: `h` and sixteen hexadecimal digits.
fn is_hash(part: &str) -> bool {
    part.strip_prefix('h').is_some_and(|hex| hex.len() == 16 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_that_a_build_adds_to_a_name_are_removed() {
        for (function, expected) in [
            ("shop::price", "shop::price"),
            ("shop::price::{{closure}}", "shop::price"),
            ("shop::price::{closure#3}::{closure#0}", "shop::price"),
            ("shop::price::h0123456789abcdef", "shop::price"),
            ("shop::price::<u8>", "shop::price"),
            ("shop::Cart<T>::price", "shop::Cart::price"),
            ("<shop::Cart<T> as core::fmt::Display>::fmt", "<shop::Cart as core::fmt::Display>::fmt"),
            ("<shop::Cart as shop::Add<fn() -> u8>>::add", "<shop::Cart as shop::Add>::add"),
            (
                "<shop::Cart as shop::Add<alloc::boxed::Box<dyn core::ops::Fn(usize) -> Result<…",
                "<shop::Cart as shop::Add",
            ),
            ("call_once<shop::main::{closure_env#0}, ()>", "call_once"),
            ("", ""),
        ] {
            assert_eq!(stable(function), expected, "{function}");
        }
    }

    #[test]
    fn both_ways_of_mangling_name_a_method_alike() {
        for (older, newer, expected) in [
            ("shop::Cart::price", "<shop::Cart>::price", "shop::Cart::price"),
            ("shop::Cart<T>::price::{{closure}}", "<shop::Cart<u8>>::price::{closure#1}", "shop::Cart::price"),
            ("shop::api::<impl shop::Cart>::price", "<shop::Cart>::price", "shop::Cart::price"),
            (
                "shop::api::<impl shop::Load for shop::Cart<T>>::load",
                "<shop::Cart<u8> as shop::Load>::load",
                "<shop::Cart as shop::Load>::load",
            ),
            ("<&T as shop::Total>::total::{{closure}}", "<&T as shop::Total>::total", "<&T as shop::Total>::total"),
            ("<dyn shop::Job>::run", "<dyn shop::Job>::run", "<dyn shop::Job>::run"),
        ] {
            assert_eq!((&*stable(older), &*stable(newer)), (expected, expected));
        }
    }

    #[test]
    fn a_closure_without_its_function_has_no_name() {
        for function in ["{closure#0}", "{async_fn#0}", "{{closure}}", "{async_block#1}"] {
            assert_eq!(stable(function), "", "{function}");
        }
    }
}
