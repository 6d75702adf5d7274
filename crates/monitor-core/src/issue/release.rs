//! The order of releases, which decides whether an event of a resolved issue is a regression.

use std::cmp::Ordering;

use semver::Version;

/// Compares two releases by the precedence of Semantic Versioning, which ignores build metadata. Returns `None` if
/// either is no semantic version, or if they name different packages.
///
/// A release may be `1.2.3`, `v1.2.3`, `name@1.2.3` or `name@v1.2.3`.
pub(super) fn compare(release: &str, other: &str) -> Option<Ordering> {
    let ((package, version), (other_package, other_version)) = (read(release)?, read(other)?);
    let is_same_package = package.is_none() || other_package.is_none() || package == other_package;
    is_same_package.then(|| version.cmp_precedence(&other_version))
}

/// Masks a release given by an operator. A release that is already known from the issue's events stays unmasked, or the
/// two would no longer be equal. Package and version are masked apart, because together they look like an e-mail
/// address.
pub(super) fn masked(release: &str, known: &[String], mask: impl Fn(&str) -> String) -> String {
    if known.iter().any(|known| known == release) {
        return release.to_owned();
    }
    match release.rsplit_once('@') {
        Some((package, version)) if read(version).is_some() => format!("{}@{}", mask(package), mask(version)),
        _ => mask(release),
    }
}

fn read(release: &str) -> Option<(Option<&str>, Version)> {
    let release = release.trim();
    let (package, version) = release.rsplit_once('@').map_or((None, release), |(name, version)| (Some(name), version));
    let version = version.strip_prefix('v').unwrap_or(version);
    Some((package, Version::parse(version).ok()?))
}

#[cfg(test)]
mod tests {
    use monitor_redact::Redaction;

    use super::*;

    #[test]
    fn a_release_is_masked_unless_it_is_one_of_the_issue() {
        let known = ["1.10.0.7".to_owned()];
        let masked = |release: &str| masked(release, &known, |text| Redaction::new().head(text, 40).into_owned());
        for release in ["1.10.0", "1.10.0+9f3c2ab", "v1.10.0-rc.1", "@acme/shop@1.10.0", "1.10.0.7", "9f3c2ab"] {
            assert_eq!(masked(release), release);
        }
        for (release, expected) in [
            ("password=hunter2", "password=[Filtered]"),
            ("token=hunter2@1.10.0", "token=[Filtered]@1.10.0"),
            ("ada@example.org", "[Filtered]"),
            ("the one with postgres://admin:hunter2@db/todo", "the one with postgres://[Filtered]@db"),
        ] {
            assert_eq!(masked(release), expected);
        }
    }

    #[test]
    fn releases_are_compared_by_semver_precedence() {
        for (release, than_1_10_0) in [
            ("1.9.1", Ordering::Less),
            ("1.8.0", Ordering::Less),
            ("1.10.0-rc.1", Ordering::Less),
            ("1.10.0", Ordering::Equal),
            ("1.10.0+9f3c2ab", Ordering::Equal),
            ("1.10.1", Ordering::Greater),
            ("2.0.0-rc.1", Ordering::Greater),
        ] {
            for release in
                [release, &format!("v{release}"), &format!("shop@{release}"), &format!("@acme/shop@{release}")]
            {
                assert_eq!(compare(release, "1.10.0"), Some(than_1_10_0), "{release}");
                assert_eq!(compare(release, "v1.10.0+build.7"), Some(than_1_10_0), "{release}");
            }
        }
    }

    #[test]
    fn releases_of_two_packages_or_without_a_semantic_version_have_no_such_order() {
        for (release, other) in [
            ("shop@1.2.3", "cart@1.2.4"),
            ("1.2", "1.2.3"),
            ("1.2.3", "9f3c2ab"),
            ("", "1.2.3"),
            ("2026-11-27", "1.2.3"),
        ] {
            assert_eq!((compare(release, other), compare(other, release)), (None, None), "{release} {other}");
        }
    }
}
