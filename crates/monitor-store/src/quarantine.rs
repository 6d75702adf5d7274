//! Quarantine of damaged databases: they are renamed rather than deleted, so that an operator can examine them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use monitor_core::clock;

/// Renames a damaged database and returns its new path. Removes older damaged files beyond the last
/// [`MAX_DAMAGED_FILES`].
pub(crate) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // The number gives the order of the files. It must never decrease, even if the wall clock was set back.
    let last = set_aside_before(path)?.iter().filter_map(|aside| number(aside)).max();
    let number = clock::unix_time().as_millis().max(last.map_or(0, |last| last.saturating_add(1)));
    let aside = path.with_file_name(format!("{name}{MARK}{number:013}"));
    fs::rename(path, &aside)?;
    remove_older(path, MAX_DAMAGED_FILES)?;
    Ok(aside)
}

/// Removes all quarantined files.
pub(crate) fn forget_aside(path: &Path) -> io::Result<()> {
    remove_older(path, 0)
}

fn remove_older(path: &Path, keep: usize) -> io::Result<()> {
    let mut all = set_aside_before(path)?;
    all.sort_unstable_by_key(|aside| number(aside));
    all.iter().rev().skip(keep).try_for_each(fs::remove_file)
}

fn set_aside_before(path: &Path) -> io::Result<Vec<PathBuf>> {
    let prefix = format!("{}{MARK}", path.file_name().unwrap_or_default().to_string_lossy());
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            all.push(entry.path());
        }
    }
    Ok(all)
}

fn number(aside: &Path) -> Option<u128> {
    aside.to_str()?.rsplit_once(MARK)?.1.parse().ok()
}

const MARK: &str = ".damaged-";
const MAX_DAMAGED_FILES: usize = 3;
