//! Paths of source files, without the parts that identify the build machine.

use std::borrow::Cow;

/// Returns `file` for display: without the folders above its crate, which can reveal a machine and its users.
///
/// The result begins with the crate and its version for a dependency, with `rustc/` for the standard library, and with
/// the crate's folder for the program. A relative path of the program is returned unchanged, and so is a path that this
/// function returned.
///
/// # Example
///
/// ```
/// use monitor_core::instrument::source_path;
///
/// let file = "/home/ann/.cargo/registry/src/index-1949cf8c6b5b557f/axum-0.8.9/src/lib.rs";
/// assert_eq!(source_path::shown(file), "axum-0.8.9/src/lib.rs");
/// assert_eq!(source_path::shown("src/main.rs"), "src/main.rs");
/// ```
#[must_use]
pub fn shown(file: &str) -> Cow<'_, str> {
    if let Some(library) = behind(file, "/rustc/", 1).or_else(|| behind(file, "/rustlib/src/rust/", 0)) {
        return Cow::Owned(format!("rustc/{library}"));
    }
    if let Some(of_crate) = behind(file, "/registry/src/", 1) {
        return Cow::Borrowed(of_crate);
    }
    if let Some(checkout) = behind(file, "/git/checkouts/", 0) {
        return Cow::Owned(format!("git/{}", without_revision(checkout)));
    }
    if let Some(vendored) = behind(file, "/vendor/", 0) {
        return Cow::Owned(format!("vendor/{vendored}"));
    }
    Cow::Borrowed(if file.starts_with('/') { from_crate(file) } else { file })
}

/// Returns `true` if `file` belongs to the standard library, a dependency or this library, in either form.
pub(crate) fn is_foreign(file: &str) -> bool {
    let shown = shown(file);
    let first = shown.split('/').next().unwrap_or_default();
    matches!(first, "rustc" | "git" | "vendor") || version_at(first).is_some() || is_ours(file)
}

/// Returns `file` like [`shown`], but without the version of its dependency.
pub(crate) fn stable(file: &str) -> Cow<'_, str> {
    let shown = shown(file);
    let Some((first, rest)) = shown.split_once('/') else { return shown };
    match version_at(first) {
        Some(version) => Cow::Owned(format!("{}/{rest}", &first[..version])),
        None => shown,
    }
}

/// Returns `true` if both paths may name the same file, relative to different folders.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let is_tail =
        |long: &str, tail: &str| long.strip_suffix(tail).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
    is_tail(one, other) || is_tail(other, one)
}

/// Returns `true` if `file` is a source file of a crate of this library, in any folder.
pub(crate) fn is_ours(file: &str) -> bool {
    let mut folders = file.split('/').rev().skip_while(|folder| *folder != "src").skip(1);
    folders.next().is_some_and(|folder| CRATES.contains(&folder))
}

/// Returns the part of `file` that begins `skipped` folders after `mark`.
fn behind<'a>(file: &'a str, mark: &str, skipped: usize) -> Option<&'a str> {
    let mut rest = file.split_once(mark)?.1;
    for _ in 0..skipped {
        rest = rest.split_once('/')?.1;
    }
    Some(rest)
}

/// Returns `shop/src/a.rs` for `shop-0123456789abcdef/89abcde/src/a.rs`.
fn without_revision(checkout: &str) -> String {
    let mut parts = checkout.splitn(3, '/');
    let (repository, _revision, rest) =
        (parts.next().unwrap_or_default(), parts.next(), parts.next().unwrap_or_default());
    let name = repository.rsplit_once('-').map_or(repository, |(name, _hash)| name);
    format!("{name}/{rest}")
}

/// Returns the path from the folder of the crate on: the folder above `src`, `tests`, `examples` or `benches`. A folder
/// with the name and version of a dependency is left out.
fn from_crate(file: &str) -> &str {
    let root = ROOTS.iter().find_map(|root| file.rfind(root));
    let end = root.or_else(|| file.rfind('/')).unwrap_or_default();
    let start = file[..end].rfind('/').map_or(0, |slash| slash + 1);
    if version_at(&file[start..end.max(start)]).is_some() { &file[end + 1..] } else { &file[start..] }
}

/// Returns the start of the version in `axum-0.8.9`, including its hyphen.
fn version_at(folder: &str) -> Option<usize> {
    let is_version =
        |at: &usize| folder[at + 1..].starts_with(|c: char| c.is_ascii_digit()) && folder[*at..].contains('.');
    folder.match_indices('-').map(|(at, _)| at).find(is_version)
}

/// Folders in which cargo finds the sources of a package. `src` comes first, because it may contain the others.
const ROOTS: [&str; 4] = ["/src/", "/tests/", "/examples/", "/benches/"];

/// Folders of this library's crates.
const CRATES: [&str; 9] = [
    "monitor-alert",
    "monitor-core",
    "monitor-health",
    "monitor-kit",
    "monitor-log",
    "monitor-metrics",
    "monitor-redact",
    "monitor-store",
    "monitor-tower",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_path_names_no_machine() {
        for (file, expected) in [
            ("/rustc/59807616e1fa/library/core/src/option.rs", "rustc/library/core/src/option.rs"),
            (
                "/home/ann/.rustup/toolchains/stable/lib/rustlib/src/rust/library/std/src/a.rs",
                "rustc/library/std/src/a.rs",
            ),
            ("/home/ann/.cargo/registry/src/index-1949cf8c6b5b557f/axum-0.8.9/src/lib.rs", "axum-0.8.9/src/lib.rs"),
            ("/home/ann/.cargo/git/checkouts/shop-kit-0a1b2c3d4e5f6071/8a9b0c1/src/lib.rs", "git/shop-kit/src/lib.rs"),
            ("/build/vendor/axum/src/lib.rs", "vendor/axum/src/lib.rs"),
            ("/home/ann/shop/src/api/cart.rs", "shop/src/api/cart.rs"),
            ("/home/ann/shop/crates/cart/src/lib.rs", "cart/src/lib.rs"),
            ("/home/ann/shop/examples/demo/main.rs", "shop/examples/demo/main.rs"),
            ("/home/ann/shop/build.rs", "shop/build.rs"),
            ("/home/ann/shop-2.1/src/main.rs", "src/main.rs"),
            ("/src/shop/src/a.rs", "shop/src/a.rs"),
            ("/main.rs", "/main.rs"),
            ("crates/cart/src/lib.rs", "crates/cart/src/lib.rs"),
            ("src/main.rs", "src/main.rs"),
            ("", ""),
        ] {
            assert_eq!(shown(file), expected, "{file}");
            assert_eq!(shown(expected), expected, "shown once is shown for good");
        }
    }

    #[test]
    fn files_of_others_are_foreign_in_both_forms() {
        for foreign in [
            "/rustc/59807616e1fa/library/core/src/option.rs",
            "/home/ann/.cargo/registry/src/index-1949cf8c6b5b557f/axum-0.8.9/src/lib.rs",
            "/home/ann/.cargo/git/checkouts/shop-kit-0a1b2c3d4e5f6071/8a9b0c1/src/lib.rs",
            "/build/vendor/axum/src/lib.rs",
            "/home/ann/monitor/crates/monitor-core/src/capture.rs",
            "crates/monitor-tower/src/service.rs",
        ] {
            assert!(is_foreign(foreign) && is_foreign(&shown(foreign)), "{foreign}");
        }
        for own in ["src/main.rs", "/home/ann/shop-2/src/main.rs", "crates/monitor-shop/src/lib.rs", "vendors/src/a.rs"]
        {
            assert!(!is_foreign(own) && !is_foreign(&shown(own)), "{own}");
        }
    }

    #[test]
    fn the_version_of_a_dependency_is_dropped() {
        let file = "/cargo/registry/src/index-1/grid-core-1.0.0-rc.1/src/lib.rs";
        assert_eq!(stable(file), "grid-core/src/lib.rs");
        assert_eq!(stable("src/main.rs"), "src/main.rs");
    }

    #[test]
    fn one_file_is_known_from_two_folders() {
        assert!(is_same("shop/src/a.rs", "src/a.rs") && is_same("cart/src/a.rs", "crates/cart/src/a.rs"));
        assert!(!is_same("shop/src/a.rs", "c/a.rs") && !is_same("cart/src/a.rs", "order/src/a.rs"));
    }
}
