use std::{
    fs,
    io::{ErrorKind, Write},
    path::Path,
    time::Duration,
};

use monitor_core::clock;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn directory() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("app.log");
    (directory, path)
}

fn old(path: &Path, number: usize) -> PathBuf {
    path.with_extension(format!("log.{number}"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Ends all pauses, so that the next write checks the path.
fn look_now(file: &mut RollingFile) {
    file.look_at = clock::now();
    file.rotate_at = file.rotate_at.map(|_| clock::now());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_files_hold_the_last_lines_written(
        lengths in proptest::collection::vec((0_usize..120, any::<bool>()), 0..200),
        max in 1_u64..2_000,
        keep in 0_usize..6,
        reopened_at in 0_usize..200,
    ) {
        let (_directory, path) = directory();
        let mut file = RollingFile::open(&path, Rotation::size(max).keep(keep)).unwrap();
        let (mut written, mut together) = (Vec::new(), String::new());
        for (number, (length, ends)) in lengths.into_iter().enumerate() {
            let line = format!("{number}{}\n", "x".repeat(length));
            together.push_str(&line);
            written.push(line);
            if ends {
                file.write_all(together.as_bytes()).unwrap();
                together.clear();
            }
            if number == reopened_at {
                file = RollingFile::open(&path, Rotation::size(max).keep(keep)).unwrap();
            }
        }
        file.write_all(together.as_bytes()).unwrap();

        let old = (1..=keep).rev().map(|number| read(&old(&path, number)));
        let files: Vec<String> = old.chain([read(&path)]).collect();
        for text in &files {
            prop_assert!(text.len() as u64 <= max || text.lines().count() == 1, "{} bytes", text.len());
        }
        prop_assert!(written.concat().ends_with(&files.concat()));
        let lines = files.concat();
        let lines: Vec<&str> = lines.split_inclusive('\n').collect();
        prop_assert_eq!(&lines[..], &written[written.len() - lines.len()..]);
        prop_assert!(lines.len() == written.len() || files.iter().all(|text| !text.is_empty()), "lost too early");
    }
}

#[test]
fn an_existing_file_is_continued_and_counts() {
    let (_directory, path) = directory();
    fs::write(&path, "before\n").unwrap();
    let mut file = RollingFile::open(&path, Rotation::size(12)).unwrap();
    file.write_all(b"four\n").unwrap();
    file.write_all(b"next\n").unwrap();
    assert_eq!((read(&old(&path, 1)).as_str(), read(&path).as_str()), ("before\nfour\n", "next\n"));
}

#[test]
fn a_half_line_of_a_dead_process_is_ended_first() {
    let (_directory, path) = directory();
    fs::write(&path, "whole\nha").unwrap();
    RollingFile::open(&path, Rotation::default()).unwrap().write_all(b"next\n").unwrap();
    assert_eq!(read(&path), "whole\nha\nnext\n");
}

#[test]
fn a_file_for_no_bytes_is_refused() {
    let (_directory, path) = directory();
    let error = RollingFile::open(&path, Rotation::size(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("Rotation::size"), "{error}");
    assert!(!path.exists());
}

#[test]
fn a_file_of_yesterday_makes_way() {
    let (_directory, path) = directory();
    fs::write(&path, "yesterday\n").unwrap();
    let day = Duration::from_secs(24 * 60 * 60);
    fs::File::options().append(true).open(&path).unwrap().set_modified(clock::wall() - day).unwrap();
    let mut file = RollingFile::open(&path, Rotation::daily()).unwrap();
    file.write_all(b"today\n").unwrap();
    file.write_all(b"still today\n").unwrap();
    assert_eq!((read(&old(&path, 1)).as_str(), read(&path).as_str()), ("yesterday\n", "today\nstill today\n"));
}

#[test]
fn a_day_that_ends_meanwhile_makes_way() {
    let (_directory, path) = directory();
    let mut file = RollingFile::open(&path, Rotation::daily()).unwrap();
    file.write_all(b"yesterday\n").unwrap();
    file.current.as_mut().unwrap().day -= 1;
    file.write_all(b"today\n").unwrap();
    assert_eq!((read(&old(&path, 1)).as_str(), read(&path).as_str()), ("yesterday\n", "today\n"));
}

#[test]
fn a_file_of_another_day_to_come_makes_way() {
    let (_directory, path) = directory();
    fs::write(&path, "tomorrow\n").unwrap();
    let day = Duration::from_secs(24 * 60 * 60);
    fs::File::options().append(true).open(&path).unwrap().set_modified(clock::wall() + day).unwrap();
    RollingFile::open(&path, Rotation::daily()).unwrap().write_all(b"today\n").unwrap();
    assert_eq!((read(&old(&path, 1)).as_str(), read(&path).as_str()), ("tomorrow\n", "today\n"));
}

#[test]
fn while_another_process_rotates_lines_go_on_and_the_rotation_is_its() {
    let (_directory, path) = directory();
    let mut file = RollingFile::open(&path, Rotation::size(6)).unwrap();
    let others = lock::try_lock(&path).unwrap();
    file.write_all(b"first\nsecond\n").unwrap();
    assert_eq!((read(&path).as_str(), file.rotation_error().is_none()), ("first\nsecond\n", true));
    drop(others);
    file.write_all(b"third\n").unwrap();
    assert_eq!((read(&old(&path, 1)).as_str(), read(&path).as_str()), ("first\nsecond\n", "third\n"));
}

#[cfg(unix)]
#[test]
fn a_file_moved_away_is_opened_anew_and_never_rotated() {
    let (directory, path) = directory();
    let mut file = RollingFile::open(&path, Rotation::size(12)).unwrap();
    file.write_all(b"first\n").unwrap();
    let moved = directory.path().join("moved");
    fs::rename(&path, &moved).unwrap();
    fs::write(&path, "theirs\n").unwrap();
    file.write_all(b"second line\n").unwrap();
    assert_eq!(read(&moved), "first\n");
    assert_eq!((read(&old(&path, 1)).as_str(), read(&path).as_str()), ("theirs\n", "second line\n"));

    fs::rename(&path, directory.path().join("again")).unwrap();
    fs::write(&path, "").unwrap();
    file.write_all(b"to the new one\n").unwrap();
    assert_eq!(read(&old(&path, 1)), "theirs\n", "an empty file is not rotated");
    assert_eq!(read(&path), "to the new one\n");
}

#[test]
fn a_moved_file_is_noticed_without_a_rotation() {
    let (directory, path) = directory();
    let mut file = RollingFile::open(&path, Rotation::default()).unwrap();
    file.write_all(b"first\n").unwrap();
    fs::rename(&path, directory.path().join("moved")).unwrap();
    file.write_all(b"at once\n").unwrap();
    look_now(&mut file);
    file.write_all(b"second\n").unwrap();
    assert_eq!(read(&directory.path().join("moved")), "first\nat once\n", "no look at the path for every line");
    assert_eq!(read(&path), "second\n");
}

#[test]
fn a_deleted_file_is_created_anew() {
    let (_directory, path) = directory();
    let mut file = RollingFile::open(&path, Rotation::default()).unwrap();
    file.write_all(b"first\n").unwrap();
    fs::remove_file(&path).unwrap();
    look_now(&mut file);
    file.write_all(b"second\n").unwrap();
    assert_eq!(read(&path), "second\n");
}

#[test]
fn an_emptied_file_is_not_rotated_by_its_old_size() {
    let (_directory, path) = directory();
    let mut file = RollingFile::open(&path, Rotation::size(12)).unwrap();
    file.write_all(b"first line\n").unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
    file.write_all(b"second\n").unwrap();
    assert_eq!(read(&path), "second\n");
    assert!(!old(&path, 1).exists());
}

#[test]
fn without_its_directory_every_write_fails_until_it_is_back() {
    let directory = tempfile::tempdir().unwrap();
    let inner = directory.path().join("inner");
    let path = inner.join("app.log");
    fs::create_dir(&inner).unwrap();
    let mut file = RollingFile::open(&path, Rotation::default()).unwrap();
    fs::remove_dir_all(&inner).unwrap();
    look_now(&mut file);
    for _ in 0..3 {
        let error = file.write(b"lost\n").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("app.log"), "{error}");
    }
    fs::create_dir(&inner).unwrap();
    file.write_all(b"back\n").unwrap();
    assert_eq!(read(&path), "back\n");
}

#[test]
fn a_failed_rotation_is_reported_once_and_retried() {
    let (_directory, path) = directory();
    let in_the_way = old(&path, 1);
    fs::create_dir_all(in_the_way.join("full")).unwrap();
    let mut file = RollingFile::open(&path, Rotation::size(6)).unwrap();
    file.write_all(b"one\ntwo\nthree\n").unwrap();
    let error = file.rotation_error().unwrap();
    assert!(error.to_string().contains("app.log.1"), "{error}");

    look_now(&mut file);
    file.write_all(b"four\nfive\n").unwrap();
    assert!(file.rotation_error().is_none(), "reported already");
    assert_eq!(read(&path), "one\ntwo\nthree\nfour\nfive\n");

    fs::remove_dir_all(&in_the_way).unwrap();
    file.write_all(b"six\n").unwrap();
    assert!(!in_the_way.exists(), "not tried for every line");
    look_now(&mut file);
    file.write_all(b"seven\n").unwrap();
    assert_eq!(read(&in_the_way), "one\ntwo\nthree\nfour\nfive\nsix\n");
    assert_eq!(read(&path), "seven\n");

    fs::remove_file(&in_the_way).unwrap();
    fs::create_dir(&in_the_way).unwrap();
    file.write_all(b"eight\n").unwrap();
    assert!(file.rotation_error().is_some(), "reported again, because a rotation succeeded in between");
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_stays_and_its_target_is_rotated() {
    let (directory, path) = directory();
    let target = directory.path().join("target.log");
    std::os::unix::fs::symlink(&target, &path).unwrap();
    let mut file = RollingFile::open(&path, Rotation::size(6)).unwrap();
    file.write_all(b"first\nnext\n").unwrap();
    assert!(path.is_symlink());
    assert_eq!((read(&old(&target, 1)).as_str(), read(&target).as_str()), ("first\n", "next\n"));
}

#[test]
fn a_pipe_or_device_is_never_rotated() {
    let (_directory, path) = directory();
    let mut file = RollingFile::open(&path, Rotation::size(6)).unwrap();
    file.current.as_mut().unwrap().is_regular = false;
    file.write_all(b"first\nnext\n").unwrap();
    assert_eq!(read(&path), "first\nnext\n");
}

#[test]
fn with_a_gap_no_old_file_is_lost() {
    let (_directory, path) = directory();
    for number in [1, 3, 4] {
        fs::write(old(&path, number), format!("was {number}\n")).unwrap();
    }
    let mut file = RollingFile::open(&path, Rotation::size(6).keep(4)).unwrap();
    file.write_all(b"first\nnext\n").unwrap();
    let contents = [1, 2, 3, 4].map(|number| read(&old(&path, number)));
    assert_eq!(contents, ["first\n", "was 1\n", "was 3\n", "was 4\n"]);
}
