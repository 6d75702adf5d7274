//! Alerts to the receivers in the settings.

use std::{fs, net::SocketAddr, time::Duration};

use axum::{
    Router,
    http::{HeaderMap, Uri},
};
use monitor_kit::alert::verify_signature;
use serde_json::Value;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

use crate::support::{Api, folder, program};

#[tokio::test]
async fn a_failure_reaches_slack_and_the_signed_webhook() {
    let (mut requests, addr) = receiver().await;
    let slack = format!("--slack-webhook-url=http://{addr}/slack");
    let webhook = format!("--alert-webhook-url=http://{addr}/webhook");
    let secret = format!("--alert-webhook-secret={SECRET}");
    let api = Api::start(&[&slack, &webhook, &secret, "--fault-routes"]).await;
    api.get("/error").await.is_problem(500);
    let mut received = [(); 2].map(|()| None);
    for request in &mut received {
        *request = timeout(PATIENCE, requests.recv()).await.expect("both have an alert");
    }
    received.sort_by_key(|request| request.as_ref().map(|(path, ..)| path.clone()));
    let [Some((slack, _, message)), Some((webhook, headers, alert))] = received else { panic!("{received:?}") };
    assert_eq!((slack.as_str(), webhook.as_str()), ("/slack", "/webhook"));
    verify_signature(SECRET, &headers, alert.as_bytes()).expect("it is signed");
    let title = json(&alert)["alert"]["title"].as_str().expect("it has a title").to_owned();
    assert!(title.starts_with("New issue: ") && title.ends_with("/error"), "{title}");
    assert_eq!(json(&message)["text"], format!("[CRITICAL] {title}"));
}

#[tokio::test]
async fn rules_of_a_file_replace_the_default_ones_and_page_through_pagerduty() {
    let (mut requests, addr) = receiver().await;
    let rules = folder();
    let file = rules.path().join("rules.toml");
    fs::write(&file, "[[rule]]\ntype = \"milestone\"\nat-least = 10\n").expect("a file");
    let rules = format!("--alert-rules={}", file.display());
    let url = format!("--pagerduty-url=http://{addr}/v2/enqueue");
    let key = format!("--pagerduty-routing-key={KEY}");
    let api = Api::start(&[&rules, &url, &key, "--fault-routes"]).await;
    for _ in 0..10 {
        api.get("/error").await.is_problem(500);
    }
    let (path, _, event) = timeout(PATIENCE, requests.recv()).await.expect("an event").expect("an event");
    let event = json(&event);
    assert_eq!(
        (path.as_str(), &event["routing_key"], &event["payload"]["class"]),
        ("/v2/enqueue", &KEY.into(), &"milestone".into())
    );
}

#[tokio::test]
async fn without_a_receiver_there_are_no_alerts() {
    let api = Api::start(&[]).await;
    let page = api.get("/metrics").await.body;
    assert!(page.contains("http_server_requests_total") && !page.contains("notifier="), "{page}");
}

#[test]
fn a_wrong_setting_is_named_without_its_value() {
    for (settings, says) in [
        (vec![("SLACK_WEBHOOK_URL", "ftp://hooks.example/value")], "SLACK_WEBHOOK_URL: the URL of a notifier needs a"),
        (vec![("SLACK_WEBHOOK_URL", "hooks.example/value")], "SLACK_WEBHOOK_URL: the URL of a notifier"),
        (vec![("ALERT_WEBHOOK_URL", "https://ops.example/value")], "set ALERT_WEBHOOK_SECRET as well"),
        (vec![("ALERT_WEBHOOK_SECRET", SECRET)], "set ALERT_WEBHOOK_URL as well"),
        (
            vec![("ALERT_WEBHOOK_URL", "ops.example/value"), ("ALERT_WEBHOOK_SECRET", SECRET)],
            "ALERT_WEBHOOK_URL: the URL of a notifier",
        ),
        (
            vec![("ALERT_WEBHOOK_URL", "https://ops.example/value"), ("ALERT_WEBHOOK_SECRET", "a value")],
            "ALERT_WEBHOOK_SECRET: the secret of a webhook must be 24 to 64 random bytes",
        ),
        (vec![("PAGERDUTY_ROUTING_KEY", "a value")], "PAGERDUTY_ROUTING_KEY: the key of PagerDuty must have 32"),
        (vec![("PAGERDUTY_ROUTING_KEY", KEY), ("PAGERDUTY_URL", "events/value")], "PAGERDUTY_URL: the URL of a"),
        (vec![("PAGERDUTY_URL", "https://events.example/value")], "set PAGERDUTY_ROUTING_KEY as well"),
        (vec![("ALERT_MAIL_URL", "smtps://user:value@mail.example")], "set ALERT_MAIL_URL, ALERT_MAIL_FROM and"),
        (vec![("ALERT_MAIL_TO", "ada@mail.example")], "set ALERT_MAIL_URL, ALERT_MAIL_FROM and"),
        (
            vec![
                ("ALERT_MAIL_URL", "smtp://user:value@mail.example?tls=none"),
                ("ALERT_MAIL_FROM", "shop@mail.example"),
                ("ALERT_MAIL_TO", "ada@mail.example,bob@mail.example"),
            ],
            "ALERT_MAIL_TO: a password for e-mails needs an encrypted connection",
        ),
        (vec![("ALERT_RULES", "/dev/null")], "ALERT_RULES alert no receiver: set SLACK_WEBHOOK_URL"),
        (vec![("ALERT_RULES", "no/such.toml")], "ALERT_RULES: no/such.toml: the rules cannot be read"),
    ] {
        let folder = folder();
        let output = program(&folder).args(["--listen=127.0.0.1:0", "--quiet"]).envs(settings).output();
        let output = output.expect("it starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), stderr.lines().count()), (Some(1), 1), "{stderr}");
        assert!(stderr.starts_with("todo-api: cannot build the monitor: ") && stderr.contains(says), "{stderr}");
        assert!(!stderr.contains("value") && !stderr.contains(SECRET) && !stderr.contains(KEY), "{stderr}");
    }
}

#[test]
fn a_bad_rule_is_named_with_its_line() {
    let folder = folder();
    fs::write(folder.path().join("rules.toml"), "[[rule]]\ntype = \"issue\"\n\n[[rule]]\ntype = \"isue\"\n")
        .expect("a file");
    let output = program(&folder).args(["--listen=127.0.0.1:0", "--quiet", "--alert-rules=rules.toml"]).output();
    let output = output.expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && stderr.contains("ALERT_RULES: rules.toml:5: "), "{stderr}");
}

/// Starts a receiver on a free port. It accepts every request, as Slack does.
pub(crate) async fn receiver() -> (mpsc::UnboundedReceiver<(String, HeaderMap, String)>, SocketAddr) {
    let (sender, requests) = mpsc::unbounded_channel();
    let accept = move |uri: Uri, headers: HeaderMap, body: String| async move {
        let _ = sender.send((uri.path().to_owned(), headers, body));
        "ok"
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(accept)).await });
    (requests, addr)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

const PATIENCE: Duration = Duration::from_secs(30);
const KEY: &str = "0123456789abcdef0123456789abcdef";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
