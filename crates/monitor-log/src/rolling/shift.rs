//! The renaming of a file and of the old ones before it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Renames `path` to `path.1`, after `path.1` to `path.2`, and so on. What was `path.{keep}` is gone.
pub(super) fn shift(path: &Path, keep: usize) -> io::Result<()> {
    let free = free_number(path, keep)?;
    for number in (1..free).rev() {
        rename(&numbered(path, number), &numbered(path, number + 1))?;
    }
    rename(path, &numbered(path, 1))
}

/// Returns where `path` leads when it is a symbolic link, so that the link stays and its target is renamed.
pub(super) fn resolve(path: &Path) -> PathBuf {
    let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    let target = is_link.then(|| fs::canonicalize(path).ok()).flatten();
    target.unwrap_or_else(|| path.to_owned())
}

/// Returns the lowest number that no file has, or the last one, whose file is replaced.
fn free_number(path: &Path, keep: usize) -> io::Result<usize> {
    for number in 1..=keep {
        let old = numbered(path, number);
        match fs::symlink_metadata(&old) {
            Ok(found) if found.is_dir() => return Err(is_directory(&old)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(number),
            Err(error) => return Err(error),
        }
    }
    Ok(keep)
}

fn is_directory(old: &Path) -> io::Error {
    let text = format!("{} is a directory, move it away: an old log file is to have its name", old.display());
    io::Error::new(io::ErrorKind::IsADirectory, text)
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        // Somebody else was faster.
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
