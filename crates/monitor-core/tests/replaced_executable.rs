//! A deployment replaces the executable of a running process: functions and lines are read from the old file. A binary
//! of its own, because symbols are loaded once per process.
#![cfg(target_os = "linux")]

use std::{env, fmt, fs, path::Path, process::Command, time::Duration};

use monitor_core::{CodeLocation, Monitor};

#[test]
fn an_error_after_a_deployment_has_the_functions_and_lines_of_the_running_executable() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("shop");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    fs::copy("/bin/sh", program.with_extension(NEXT)).unwrap();
    let mut shop = Command::new(&program);
    shop.args(["--exact", "a_shop_whose_executable_is_replaced", "--nocapture"]).env(DEPLOYED, "1");
    let output = shop.output().unwrap();
    let printed = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
}

/// The child process of the test above.
#[test]
fn a_shop_whose_executable_is_replaced() {
    if env::var_os(DEPLOYED).is_none() {
        return;
    }
    let program = env::current_exe().unwrap();
    fs::rename(program.with_extension(NEXT), &program).unwrap();
    let link = fs::read_link("/proc/self/exe").unwrap();
    assert_eq!(link, Path::new(&format!("{} (deleted)", program.display())));
    let shop = Monitor::builder("shop").log(None).build().unwrap();
    let captured = fail(&shop);
    assert!(shop.flush(Duration::from_secs(60)));
    let event = shop.issues().remove(0).samples.remove(0);
    let at = |at: &CodeLocation| (at.file.ends_with("tests/replaced_executable.rs"), at.line);
    assert_eq!(event.failure.location.as_ref().map(at), Some((true, captured)));
    let frame = event.own_frames().next().unwrap();
    assert_eq!((&*frame.function, frame.location.as_ref().map(at)), (FAIL, Some((true, captured))));
}

#[inline(never)]
fn fail(shop: &Monitor) -> u32 {
    shop.capture_error(&fmt::Error);
    line!() - 1
}

const FAIL: &str = "replaced_executable::fail";
const DEPLOYED: &str = "MONITOR_TEST_DEPLOYED";
/// Extension of the file that a deployment moves over the executable.
const NEXT: &str = "next";
