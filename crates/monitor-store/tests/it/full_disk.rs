//! A disk that is full costs what would be saved, until there is room again, and nothing else.

use std::{
    io::{BufRead, BufReader, Write, stdin, stdout},
    process::Command,
    time::Duration,
};

use monitor_core::Reason;

use crate::support::{Ended, child, childs_folder, count, fail, shop, stop, until};

#[test]
fn a_full_disk_is_counted_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Ended(limited("full_disk::a_shop_on_a_full_disk", folder.path()).spawn().unwrap());
    let mut lines = BufReader::new(shop.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut says = |word: &str| assert!(lines.by_ref().any(|line| line == word), "it says {word}");
    says("full");
    let process = shop.0.id().to_string();
    assert!(Command::new("prlimit").args(["--fsize=unlimited", "--pid", &process]).status().unwrap().success());
    shop.0.stdin.take().unwrap().write_all(b"go on\n").unwrap();
    says("saved");
    assert!(shop.0.wait().unwrap().success());
    assert_eq!(count(&self::shop(folder.path(), "1.0.0")), 1000);
}

/// What the test above starts: its files may not grow, until somebody lets them.
#[test]
#[expect(clippy::print_stdout, reason = "whoever starts it reads that")]
fn a_shop_on_a_full_disk() {
    let Some(folder) = childs_folder() else { return };
    let shop = shop(&folder, "1.0.0");
    let say = |word: &str| {
        println!("\n{word}");
        stdout().flush().expect("somebody listens");
    };
    fail(&shop, 999, "ada");
    shop.flush(Duration::from_secs(10));
    until("it cannot be saved", || {
        shop.dropped().iter().any(|dropped| dropped.reporter == "store" && dropped.reason == Reason::NotPersisted)
    });
    assert_eq!(count(&shop), 999, "nothing else is the matter");
    say("full");
    stdin().read_line(&mut String::new()).expect("somebody speaks");
    fail(&shop, 1, "ada");
    stop(shop);
    say("saved");
}

/// A shell ignores the signal that would end a process whose file is too large, and hands that on.
fn limited(test: &str, folder: &std::path::Path) -> Command {
    let child = child(test, folder);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec prlimit --fsize=300000:unlimited \"$@\"", "sh"]);
    command.arg(child.get_program()).args(child.get_args());
    for (name, value) in child.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    command
}
