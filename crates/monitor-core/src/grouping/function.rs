//! The name of a function without what changes from one build to the next.

/// Returns `function` without type parameters, closures and the compiler's own additions: `shop::price::{{closure}}` and
/// `shop::price::<u8>` are both `shop::price`.
pub(super) fn stable(function: &str) -> String {
    let mut name = without_parameters(function);
    loop {
        let Some((before, last)) = name.rsplit_once("::") else { return name };
        let is_added = last.starts_with('{') || is_hash(last);
        if !is_added {
            return name;
        }
        name.truncate(before.len());
    }
}

/// Drops what stands between `<` and `>`, but for the type and the trait that a method's name begins with.
fn without_parameters(function: &str) -> String {
    let (mut name, mut depth, mut kept) = (String::with_capacity(function.len()), 0_usize, 0);
    for (at, c) in function.char_indices() {
        match c {
            '<' if at == 0 => (depth, kept) = (1, 1),
            '<' => {
                depth += 1;
                continue;
            }
            // The `>` of a function's arrow closes nothing.
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

/// What the older way of naming symbols ends with: `h` and sixteen hexadecimal digits.
fn is_hash(part: &str) -> bool {
    part.strip_prefix('h').is_some_and(|hex| hex.len() == 16 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_adds_to_a_name_is_dropped() {
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
            ("", ""),
        ] {
            assert_eq!(stable(function), expected, "{function}");
        }
    }
}
