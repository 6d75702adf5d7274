//! Renames a log file and the old files before it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Renames `path` to `path.1`, after `path.1` to `path.2`, and so on. The file `path.{keep}` is replaced.
pub(super) fn shift(path: &Path, keep: usize) -> io::Result<()> {
    let free = free_number(path, keep)?;
    for number in (1..free).rev() {
        rename(&numbered(path, number), &numbered(path, number + 1))?;
    }
    rename(path, &numbered(path, 1))
}

/// Returns the target of a symbolic link, or `path` itself. The target is renamed, and the link is preserved.
pub(super) fn resolve(path: &Path) -> PathBuf {
    let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    let target = is_link.then(|| fs::canonicalize(path).ok()).flatten();
    target.unwrap_or_else(|| path.to_owned())
}

/// Returns the lowest unused number, or `keep`, whose file is then replaced.
fn free_number(path: &Path, keep: usize) -> io::Result<usize> {
    for number in 1..=keep {
        let old = numbered(path, number);
        match fs::symlink_metadata(&old) {
            // A rename cannot replace a directory with a file.
            Ok(found) if found.is_dir() => return Err(is_directory(&old)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(number),
            Err(error) => return Err(error),
        }
    }
    Ok(keep)
}

fn is_directory(old: &Path) -> io::Error {
    let text = format!("{} is a directory and blocks a rotated log file: move it away", old.display());
    io::Error::new(io::ErrorKind::IsADirectory, text)
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        // Another process renamed or removed it first.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => {
            let text = format!("cannot rename {} to {}, check permissions: {error}", from.display(), to.display());
            Err(io::Error::new(error.kind(), text))
        }
        Ok(()) => Ok(()),
    }
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}
