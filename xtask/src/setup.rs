//! `cargo xtask setup`: installs what the tests need.

use crate::{failure::Failure, requirement::Need, services};

/// Selects the tests that require external programs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Services {
    Wanted,
    LeftOut,
}

/// Installs what is missing for all tests, or for those without external programs.
pub(crate) fn setup(options: &[&str]) -> Result<(), Failure> {
    services::provide(services_of(options)?.needs())
}

fn services_of(options: &[&str]) -> Result<Services, Failure> {
    match options {
        [] => Ok(Services::Wanted),
        ["--no-services"] => Ok(Services::LeftOut),
        ["--no-services", unknown, ..] | [unknown, ..] => {
            Err(Failure::usage(format!("`{unknown}` is not an option of `setup`")))
        }
    }
}

impl Services {
    pub(crate) fn needs(self) -> &'static [Need] {
        match self {
            Self::Wanted => &[Need::Always, Need::Services],
            Self::LeftOut => &[Need::Always],
        }
    }
}
