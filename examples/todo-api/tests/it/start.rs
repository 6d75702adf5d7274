//! Successful and failed starts.

use std::{fs, net::TcpListener};

use crate::support::{Api, folder, output};

#[track_caller]
fn refuses(args: &[&str], says: &str) {
    let folder = folder();
    let output = output(&folder, args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("todo-api: cannot ") && stderr.contains(says), "{stderr}");
}

#[test]
fn a_port_in_use_is_one_line_and_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = taken.local_addr().expect("an address").to_string();
    refuses(&[&format!("--listen={addr}"), "--quiet"], &format!("listen on {addr}"));
}

#[test]
fn an_unwritable_log_is_one_line_and_exit_code_1() {
    refuses(&["--log-file=no/such/folder/log"], "no/such/folder/log, check its directory and permissions");
}

#[test]
fn an_unwritable_database_is_one_line_and_exit_code_1() {
    refuses(&["--listen=127.0.0.1:0", "--quiet", "--database=sqlite://no/such/folder/db"], "no/such/folder/db");
}

#[test]
fn a_database_in_memory_is_refused() {
    refuses(&["--listen=127.0.0.1:0", "--quiet", "--database=sqlite::memory:"], "give a file");
}

#[test]
fn a_data_dir_that_is_none_is_one_line_and_exit_code_1() {
    refuses(&["--listen=127.0.0.1:0", "--quiet", "--data-dir=/dev/null/data"], "give the store a folder of its own");
}

#[test]
#[cfg(not(feature = "postgres"))]
fn a_build_without_postgresql_names_the_missing_feature() {
    refuses(&["--listen=127.0.0.1:0", "--quiet", "--database=postgres://x@127.0.0.1/x"], "with the feature `postgres`");
}

#[test]
#[cfg(not(feature = "redis"))]
fn a_build_without_redis_names_the_missing_feature() {
    refuses(&["--listen=127.0.0.1:0", "--quiet", "--redis=redis://127.0.0.1"], "with the feature `redis`");
}

#[test]
fn help_says_it_all() {
    let output = output(&folder(), &["--help"]);
    let help = String::from_utf8_lossy(&output.stdout);
    for option in [
        "--listen",
        "--database",
        "--data-dir",
        "SLACK_WEBHOOK_URL",
        "ALERT_WEBHOOK_URL",
        "ALERT_WEBHOOK_SECRET",
        "PAGERDUTY_ROUTING_KEY",
        "ALERT_MAIL_URL",
        "ALERT_RULES",
        "--incident-quiet",
        "--log-file",
        "--fault-routes",
        "--drain",
        "--release",
        "X-Demo-User",
    ] {
        assert!(help.contains(option), "{option} is missing:\n{help}");
    }
    assert!(!help.contains("--division"), "{help}");
}

#[tokio::test]
async fn git_ignores_what_it_leaves_in_the_folder_it_is_started_from() {
    let api = Api::start(&[]).await;
    let ignored: Vec<_> = include_str!("../../../../.gitignore").lines().collect();
    let is_ignored = |name: &str| {
        ignored.iter().any(|line| line.strip_suffix('*').map_or(name == *line, |begin| name.starts_with(begin)))
    };
    let files = fs::read_dir(api.path("")).expect("its folder").map(|file| file.expect("a file").file_name());
    let names: Vec<_> = files.map(|name| name.into_string().expect("a name")).filter(|name| name != "log").collect();
    assert!(names.len() > 1 && names.iter().all(|name| is_ignored(name)), "{names:?}");
}

#[tokio::test]
async fn todos_outlive_the_process() {
    let folder = folder();
    let database = format!("--database=sqlite://{}", folder.path().join("todos.db").display());
    let first = Api::start(&[&database]).await;
    first.json(axum::http::Method::POST, "/todos", r#"{"title":"remember"}"#).await;
    drop(first);
    let page = Api::start(&[&database]).await.get("/todos").await.value();
    assert_eq!(page["items"][0]["title"], "remember");
}
