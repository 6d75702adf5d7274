use std::{
    net::IpAddr,
    sync::{
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc,
    },
    time::Duration,
};

use http_body::Body;
use http_body_util::BodyExt;
use monitor_core::Monitor;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::{
    detail::DetailPolicy,
    probe::{Probe, result::ProbeResult},
};

async fn send(health: &Health, request: Request<()>) -> Response<Full<Bytes>> {
    let response = health.service().oneshot(request).await.expect("infallible");
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    assert_eq!(
        (header(header::CACHE_CONTROL), header(header::X_CONTENT_TYPE_OPTIONS)),
        (Some("no-store"), Some("nosniff"))
    );
    response
}

async fn text(health: &Health, path: &str) -> (u16, String) {
    let response = send(health, Request::get(path).body(()).expect("a request")).await;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("infallible").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("a text"))
}

async fn get(health: &Health, path: &str) -> (u16, Value) {
    let (status, text) = text(health, path).await;
    (status, serde_json::from_str(&text).expect("JSON"))
}

fn probe(name: &str, result: impl Fn() -> ProbeResult + Send + Sync + 'static) -> Probe {
    Probe::new(name, move || std::future::ready(result()))
}

fn broken() -> Probe {
    probe("database", || ProbeResult::error("Database connection failed").source("secret host"))
}

fn built(probes: impl IntoIterator<Item = Probe>) -> Health {
    probes
        .into_iter()
        .fold(Health::builder(), crate::registry::builder::HealthBuilder::probe)
        .build()
        .expect("it builds")
}

#[tokio::test]
async fn a_healthy_service_has_the_keys_it_was_asked_for() {
    let disk = probe("disk", || ProbeResult::warning("Only 0.5 GB free").value("free_gb", 0.5));
    let health = Health::builder().version("1.0.0").environment("test").probe(disk).build().expect("it builds");
    for path in ["/", "/health", "/health/"] {
        let (status, body) = get(&health, path).await;
        assert_eq!((status, &body["status"]), (200, &"healthy".into()));
        assert_eq!((&body["version"], &body["environment"]), (&"1.0.0".into(), &"test".into()));
        assert_eq!(body["degraded"], true);
        assert_eq!(body["checks"]["disk"]["status"], "warning");
        assert_eq!(body["checks"]["disk"]["message"], "Only 0.5 GB free");
        assert_eq!(body["checks"]["disk"]["free_gb"], 0.5);
        assert!(body["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')));
    }
}

#[tokio::test]
async fn a_critical_probe_makes_it_unhealthy_and_an_optional_one_degraded() {
    assert_eq!(get(&built([broken()]), "/").await.0, 200);
    let (status, body) = get(&built([broken().critical()]), "/").await;
    assert_eq!((status, &body["status"]), (503, &"unhealthy".into()));
    assert!(!body.to_string().contains("secret"), "{body}");
}

/// block/buzz#7341: one slow database took every instance out of traffic. apicurio-registry-operator#215,
/// pawtograder#946: a liveness check that queries the database restarts all instances.
#[tokio::test]
async fn readiness_asks_only_probes_that_joined_it_and_names_those_that_fail() {
    assert_eq!(get(&built([broken().critical()]), "/ready/").await.0, 200);
    let health = built([broken().critical().ready()]);
    let (status, body) = get(&health, "/ready").await;
    assert_eq!((status, &body["status"], &body["error"]), (503, &"not_ready".into(), &"database".into()));
    assert_eq!(get(&health, "/live/").await, (200, json!({ "status": "alive" })));
    assert_eq!(get(&built([broken().ready()]), "/ready").await.0, 200, "an optional one does not affect readiness");
}

#[tokio::test]
async fn release_and_environment_are_the_monitors() {
    let monitor = Monitor::builder("shop").release("1.4.2").environment("test").build().expect("it builds");
    let health = Health::builder().monitor(&monitor).build().expect("it builds");
    let (_, body) = get(&health, "/").await;
    assert_eq!((&body["version"], &body["environment"]), (&"1.4.2".into(), &"test".into()));
}

#[tokio::test]
async fn one_probe_answers_alone_and_under_its_alias() {
    let up = probe("database", || ProbeResult::ok().value("connections", 3).value("status", "odd"));
    let health = Health::builder().probe(up).alias("db", "database").build().expect("it builds");
    assert_eq!(get(&health, "/db/").await, (200, json!({ "status": "ok", "connections": 3 })));
    let health = Health::builder().probe(broken()).alias("db", "database").build().expect("it builds");
    let expected = json!({ "status": "error", "message": "Database connection failed" });
    assert_eq!(get(&health, "/health/db").await, (503, expected));
    assert_eq!(get(&health, "/nothing").await.0, 404);
    assert_eq!(get(&health, "/healthy").await.0, 404, "it only begins like ours");
}

#[tokio::test]
async fn groups_and_tags_answer_for_their_members() {
    let fine = || ProbeResult::ok();
    let health = Health::builder()
        .probe(probe("search", fine).tag("storage"))
        .probe(probe("mail", || ProbeResult::error("no route")).critical())
        .probe(probe("cache", fine).tag("storage"))
        .group("payments", ["mail", "search"])
        .build()
        .expect("it builds");
    let names = |body: Value| body["checks"].as_object().map(|checks| checks.keys().cloned().collect::<Vec<_>>());
    let (status, body) = get(&health, "/payments/").await;
    assert_eq!((status, names(body)), (503, Some(["mail", "search"].map(String::from).into())));
    let (status, body) = get(&health, "/storage").await;
    assert_eq!((status, names(body)), (200, Some(["cache", "search"].map(String::from).into())));
}

#[tokio::test]
async fn a_gate_and_a_drain_keep_it_from_traffic() {
    let health = built([]);
    let gate = health.startup_gate("migrations");
    assert_eq!(get(&health, "/ready").await.1["error"], "starting: migrations");
    assert_eq!(get(&health, "/startup").await, (503, json!({ "status": "starting", "error": "migrations" })));
    assert_eq!(get(&health, "/").await.0, 503);
    drop(gate);
    assert_eq!(get(&health, "/startup/").await, (200, json!({ "status": "started" })));
    let ready = send(&health, Request::get("/ready").body(()).expect("a request")).await;
    assert_eq!((ready.status().as_u16(), ready.headers().get(&FAIL_AT_ONCE)), (200, None));
    health.drain_on(async {}, Duration::ZERO).await;
    for (path, expected) in [("/ready", 503), ("/", 503), ("/live", 200), ("/startup", 200)] {
        let response = send(&health, Request::get(path).body(()).expect("a request")).await;
        let header = response.headers().get(&FAIL_AT_ONCE).map(HeaderValue::as_bytes);
        assert_eq!((response.status().as_u16(), header), (expected, Some(&b"true"[..])), "{path}");
    }
    assert_eq!(get(&health, "/ready").await.1["error"], "draining");
}

/// n8n-hosting#124, litellm#27305: a process that is stuck is never restarted.
#[tokio::test]
async fn a_part_of_the_process_that_stopped_is_a_reason_to_restart_it() {
    static WORKS: AtomicBool = AtomicBool::new(true);
    let health = Health::builder().liveness("worker", || WORKS.load(Relaxed)).build().expect("it builds");
    assert_eq!(text(&health, "/live?verbose").await, (200, "[+]worker ok\nlivez check passed\n".into()));
    WORKS.store(false, Relaxed);
    assert_eq!(get(&health, "/live").await, (503, json!({ "status": "not_alive", "error": "worker" })));
    assert_eq!(get(&health, "/ready").await.1["error"], "not alive: worker");
    let expected = "[-]worker failed: reason withheld\nlivez check failed\n";
    assert_eq!(text(&health, "/live?verbose").await, (503, expected.into()));
}

#[tokio::test]
async fn an_excluded_probe_does_not_run_and_an_unknown_name_is_reported_as_unused() {
    let health = built([broken().critical().ready(), probe("disk", ProbeResult::ok)]);
    assert_eq!(get(&health, "/").await.0, 503);
    let (status, body) = get(&health, "/?exclude=database&exclude=cache").await;
    assert_eq!((status, &body["status"]), (200, &"healthy".into()));
    assert_eq!((&body["excluded"], &body["unused_exclude"]), (&json!(["database"]), &json!(["cache"])));
    assert_eq!(body["checks"].as_object().map(serde_json::Map::len), Some(1));
    assert_eq!(get(&health, "/ready?exclude=database").await.0, 200);
    let long = "a".repeat(64);
    let named =
        Health::builder().probe(probe(&long, || ProbeResult::error("away")).critical()).alias("db", &*long).build();
    let named = named.expect("it builds");
    assert_eq!(get(&named, &format!("/?exclude={long}b")).await.0, 503, "that is another name");
    assert_eq!(get(&named, "/?exclude=db").await.0, 200, "an alias is a name as well");
    let _gate = health.startup_gate("migrations");
    assert_eq!(get(&health, "/ready?exclude=database&exclude=migrations").await.0, 503, "a gate is no probe");
}

/// The text is that of apiserver's `/readyz?verbose`.
#[tokio::test]
async fn verbose_is_the_text_that_kubernetes_prints() {
    let health = built([probe("disk", ProbeResult::ok), broken().critical().ready()]);
    let expected = "[+]disk ok\n[-]database failed: reason withheld\nhealthz check failed\n";
    assert_eq!(text(&health, "/?verbose").await, (503, expected.into()));
    let expected = "[-]database failed: reason withheld\nreadyz check failed\n";
    assert_eq!(text(&health, "/ready?verbose=1").await, (503, expected.into()));
    let expected = "[+]disk ok\n[+]database excluded: ok\nwarn: some health checks cannot be excluded: no matches for \
                    \"cache\",\"b?22\"\nhealthz check passed\n";
    assert_eq!(text(&health, "/?verbose&exclude=database&exclude=cache&exclude=b%22").await, (200, expected.into()));
    assert_eq!(text(&health, "/disk?verbose").await, (200, "[+]disk ok\ndisk check passed\n".into()));
}

#[tokio::test]
async fn the_drafts_media_type_gets_the_drafts_body() {
    let disk = probe("disk", || ProbeResult::warning("Only 0.5 GB free").value("free_gb", 0.5));
    let monitor = Monitor::builder("shop").release("1.4.2").environment("test").log(None).build().expect("it builds");
    let (loaded, symbols) = mpsc::channel::<()>();
    monitor.on_symbols_loaded(move || drop(loaded));
    let _ = symbols.recv();
    let health = Health::builder()
        .monitor(&monitor)
        .probe(disk)
        .probe(probe("cache", ProbeResult::ok))
        .build()
        .expect("it builds");
    let request = Request::get("/").header("accept", "application/health+json").body(()).expect("a request");
    let response = send(&health, request).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/health+json");
    assert_eq!(response.headers()[header::VARY], "accept, authorization");
    let body = response.into_body().collect().await.expect("infallible").to_bytes();
    let mut body: Value = serde_json::from_slice(&body).expect("JSON");
    for (name, entries) in body["checks"].as_object_mut().expect("an object") {
        let entry = entries[0].as_object_mut().expect("an object");
        assert!(entry.remove("time").is_some_and(|time| time.as_str().is_some_and(|time| time.ends_with('Z'))));
        if name.ends_with(":responseTime") {
            assert!(entry.remove("observedValue").is_none_or(|took| took.is_number()));
        }
    }
    let disk = json!({ "componentId": "disk", "status": "warn", "output": "Only 0.5 GB free" });
    let (mut took, mut free) = (disk.clone(), disk);
    took["observedUnit"] = "ms".into();
    free["observedValue"] = 0.5.into();
    let expected = json!({
        "status": "warn", "version": "1", "releaseId": "1.4.2", "serviceId": "shop", "notes": ["environment: test"],
        "output": "disk",
        "checks": {
            "disk:responseTime": [took],
            "disk:free_gb": [free],
            "cache:responseTime": [{ "componentId": "cache", "status": "pass", "observedUnit": "ms" }],
        },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn whatever_a_probe_publishes_every_body_is_json_and_has_no_key_twice() {
    let odd = || {
        let odd = ProbeResult::warning("q\"\n\u{0}\u{2028}")
            .value("status", "x")
            .value("message", "y")
            .value("k\"\n", f64::NAN);
        odd.value("big", u64::MAX)
            .value("responseTime", 7)
            .value("x:y", 1)
            .value("x_y", 2)
            .value("deep", json!([{ "a": null }]))
    };
    let health = built([probe("odd", odd)]);
    for (accept, keys) in [("*/*", ["message", "stale"]), ("application/health+json", ["odd:responseTime", "odd:x_y"])]
    {
        let request = Request::get("/").header("accept", accept).body(()).expect("a request");
        let body = send(&health, request).await.into_body().collect().await.expect("infallible").to_bytes();
        let text = std::str::from_utf8(&body).expect("a text");
        assert!(serde_json::from_str::<Value>(text).is_ok(), "{text}");
        for key in keys {
            assert!(text.matches(&format!("\"{key}\":")).count() <= 1, "{key} in {text}");
        }
    }
}

/// gofr#3802, discord/access#458: a public endpoint that discloses internals.
#[tokio::test]
async fn each_caller_reads_as_much_as_it_may_and_none_the_source() {
    let details = DetailPolicy::public(DetailLevel::Status)
        .bearer("letmein", DetailLevel::Messages)
        .local(DetailLevel::Full)
        .peer(|extensions| extensions.get().copied());
    let health = Health::builder().probe(broken()).details(details).build().expect("it builds");
    let ask = async |path: &str, token: Option<&str>, peer: [u8; 4], accept: &str| {
        let mut request =
            Request::get(path).header("host", "localhost").header("accept", accept).extension(IpAddr::from(peer));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = send(&health, request.body(()).expect("a request")).await;
        let body = response.into_body().collect().await.expect("infallible").to_bytes();
        let text = String::from_utf8(body.to_vec()).expect("a text");
        assert!(!text.contains("secret"), "{text}");
        serde_json::from_str::<Value>(&text).expect("JSON")
    };
    let (near, far) = ([127, 0, 0, 1], [192, 0, 2, 7]);
    for path in ["/database", "/"] {
        let check = |body: Value| if path == "/" { body["checks"]["database"].clone() } else { body };
        let stranger = check(ask(path, None, far, "*/*").await);
        assert_eq!((&stranger["status"], stranger.get("message")), (&"error".into(), None));
        let known = check(ask(path, Some("letmein"), far, "*/*").await);
        assert_eq!((&known["message"], known.get("latency_ms")), (&"Database connection failed".into(), None));
        let local = check(ask(path, None, near, "*/*").await);
        assert_eq!(
            (&local["message"], &local["consecutive_failures"]),
            (&"Database connection failed".into(), &1.into())
        );
        assert!(local["last_failure"].is_string() && local.get("last_success").is_none(), "{local}");
    }
    let draft = ask("/", None, far, "application/health+json").await;
    assert_eq!(draft["checks"], json!({ "database:status": [{ "componentId": "database", "status": "fail" }] }));
}

/// vmware-archive/healthcheck#29, patroni#2021: load balancers that probe with HEAD.
#[tokio::test]
async fn head_is_answered_as_get_without_a_body_and_others_are_not_allowed() {
    let health = built([broken().critical()]);
    for path in ["/live", "/", "/ready", "/nothing", "/?verbose"] {
        let ask = |method| send(&health, Request::builder().method(method).uri(path).body(()).expect("a request"));
        let (head, get) = (ask(Method::HEAD).await, ask(Method::GET).await);
        assert_eq!(head.status(), get.status(), "{path}");
        // The age may have grown by a digit between the two requests.
        let mut differ: Vec<_> = head.headers().iter().filter(|(name, value)| get.headers()[*name] != *value).collect();
        differ.retain(|(name, _)| path != "/" || *name != header::CONTENT_LENGTH);
        assert_eq!((differ, head.headers().len()), (Vec::new(), get.headers().len()), "{path}");
        assert!(head.body().is_end_stream() && !get.body().is_end_stream(), "{path}");
        let post = ask(Method::POST).await;
        assert_eq!(
            (post.status().as_u16(), &post.headers()[header::ALLOW]),
            (405, &HeaderValue::from_static("GET, HEAD"))
        );
    }
}
