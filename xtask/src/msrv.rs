//! `cargo xtask msrv`: checks the libraries with the lowest version of Rust that they claim to support.

use std::process::Command;

use crate::{
    failure::Failure,
    manifest::{self, Manifest},
    requirement::Need,
    run::{root, run},
    services,
};

/// Checks each library with Rust 1.90 and all features that do not need a newer one.
pub(crate) fn msrv(options: &[&str]) -> Result<(), Failure> {
    if let [unknown, ..] = options {
        return Err(Failure::usage(format!("`{unknown}` is not an option of `msrv`")));
    }
    services::require(&[Need::Msrv])?;
    manifest::libraries()?.iter().try_for_each(|library| {
        let mut check = Command::new("rustup");
        check.args(["run", "1.90.0", "cargo", "check", "--locked", "--lib", "--package", &library.package]);
        check.args(["--no-default-features", "--features", &features(library)]);
        // Artefacts of another compiler would be rebuilt in turn.
        run(check.args(["--target-dir", "target/msrv"]).current_dir(root()))
    })
}

/// Returns the features without those of sqlx, which needs Rust 1.94.
fn features(library: &Manifest) -> String {
    let is_old_enough = |feature: &&str| !feature.ends_with("postgres") && !feature.ends_with("sqlite");
    library.features.iter().map(String::as_str).filter(is_old_enough).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::{Manifest, features};

    #[test]
    fn probes_of_sqlx_are_left_out() {
        let names = ["axum", "probe-postgres", "sqlite", "tcp"].map(str::to_owned);
        assert_eq!(features(&Manifest { package: "a".to_owned(), features: names.into() }), "axum,tcp");
    }
}
