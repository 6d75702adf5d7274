//! Detects whether the machine is a Debian system, and whether the current user is root.

use std::{fs, process::Command};

use crate::run::read;

/// The properties of a machine that decide what may be installed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    pub(crate) is_debian: bool,
    pub(crate) is_root: bool,
}

impl Machine {
    /// Detects the properties of this machine.
    pub(crate) fn probe() -> Self {
        let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
        let is_root = read(Command::new("id").arg("-u")).is_ok_and(|user| user.trim() == "0");
        Self { is_debian: is_debian(&release), is_root }
    }
}

/// Returns whether an `os-release` file belongs to Debian or a derivative.
fn is_debian(release: &str) -> bool {
    let values = release.lines().filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")));
    values.flat_map(|value| value.trim_matches(['"', '\'']).split_whitespace()).any(|name| name == "debian")
}

#[cfg(test)]
mod tests {
    use super::is_debian;

    #[test]
    fn debian_and_its_descendants_are_recognized() {
        assert!(is_debian("NAME=\"Debian GNU/Linux\"\nID=debian\n"));
        assert!(is_debian("ID=ubuntu\nID_LIKE=debian\n"));
        assert!(is_debian("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!is_debian("ID=fedora\nVARIANT_ID=debian\n"));
        assert!(!is_debian(""));
    }
}
