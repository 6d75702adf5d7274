//! Paths of source files in events do not reveal the machine of the build.

use bytes::Bytes;

use crate::support::{get, only_event, status, visit, watched};

#[test]
fn an_event_of_a_panic_inside_a_dependency_names_no_machine() {
    let (monitor, memory) = watched();
    visit(&monitor, get("/"), || {
        drop(Bytes::from_static(b"name").slice(5..));
        status(200, "")
    });
    let event = only_event(&monitor, &memory);
    let files: Vec<_> = event.backtrace.iter().filter_map(|frame| Some(&*frame.location.as_ref()?.file)).collect();
    for crate_of_frame in ["bytes-1.", "rustc/library/", "tests/it/source_paths.rs"] {
        assert!(files.iter().any(|file| file.contains(crate_of_frame)), "{crate_of_frame} is not in {files:#?}");
    }
    assert!(
        event.failure.location.as_ref().is_some_and(|at| at.file.starts_with("bytes-1.")),
        "{:?}",
        event.failure.location
    );
    assert!(files.iter().all(|file| !file.starts_with('/')), "{files:#?}");
    let json = [event.to_json().to_string(), monitor.issues()[0].to_json().to_string()].concat();
    let home = std::env::home_dir().expect("a home directory");
    for machine in ["registry/src", "/rustc/", env!("CARGO_MANIFEST_DIR"), home.to_str().unwrap()] {
        assert!(!json.contains(machine), "{machine} is in {json}");
    }
}
