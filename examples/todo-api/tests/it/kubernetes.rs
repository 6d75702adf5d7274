//! The Kubernetes manifest matches the service.

use std::net::SocketAddr;

use axum::http::StatusCode;
use yaml_rust2::{Yaml, YamlLoader};

use crate::support::{Api, folder, output};

fn manifest() -> Vec<Yaml> {
    YamlLoader::load_from_str(include_str!("../../kubernetes.yaml")).expect("it is YAML")
}

fn text(yaml: &Yaml) -> &str {
    yaml.as_str().unwrap_or_else(|| panic!("{yaml:?} is no text"))
}

#[tokio::test]
async fn every_probe_asks_a_path_that_is_served_at_a_port_that_is_open() {
    let manifest = manifest();
    let container = &manifest[0]["spec"]["template"]["spec"]["containers"][0];
    let port = &container["ports"][0];
    let env = container["env"].as_vec().unwrap();
    let value = |name| text(&env.iter().find(|variable| text(&variable["name"]) == name).unwrap()["value"]);
    let listen: SocketAddr = value("LISTEN").parse().unwrap();
    assert_eq!(Some(i64::from(listen.port())), port["containerPort"].as_i64());
    assert!(listen.ip().is_unspecified(), "kubelet asks from outside");

    let api = Api::start(&[]).await;
    api.is_ready().await;
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        let asked = &container[probe]["httpGet"];
        assert_eq!(asked["port"], port["name"], "{probe}");
        let answer = api.get(text(&asked["path"])).await;
        assert_eq!(answer.status, StatusCode::OK, "{probe}: {}", answer.body);
        assert!(answer.body.starts_with("{\"status\":"), "{probe}: {}", answer.body);
    }
    let scraped = &manifest[0]["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(text(&scraped["prometheus.io/port"]), listen.port().to_string());
    assert_eq!(api.get(text(&scraped["prometheus.io/path"])).await.status, StatusCode::OK);
    assert_eq!(manifest[1]["spec"]["ports"][0]["targetPort"], port["name"]);
}

/// Returns the value of a container argument.
fn argument<'a>(container: &'a Yaml, option: &str) -> &'a str {
    let args = container["args"].as_vec().expect("there are arguments");
    args.iter().find_map(|arg| text(arg).strip_prefix(option)).expect("it is set")
}

#[test]
fn its_memory_is_more_than_a_release_build_needs_under_load() {
    let manifest = manifest();
    let resources = &manifest[0]["spec"]["template"]["spec"]["containers"][0]["resources"];
    let mebibytes = |kind: &str| text(&resources[kind]["memory"]).strip_suffix("Mi").unwrap().parse::<u32>().unwrap();
    assert!(mebibytes("requests") >= UNDER_LOAD_MIB);
    // Half as much again, for bursts of requests and errors.
    assert!(mebibytes("limits") >= UNDER_LOAD_MIB * 3 / 2);
    assert!(resources["limits"]["cpu"].is_badvalue(), "a limit of CPU time makes every request wait");
}

#[test]
fn data_is_on_a_volume_and_passwords_are_in_a_secret() {
    let manifest = manifest();
    let container = &manifest[0]["spec"]["template"]["spec"]["containers"][0];
    let mounted = &container["volumeMounts"][0];
    assert_eq!(text(&mounted["mountPath"]), argument(container, "--data-dir="));
    assert_eq!(mounted["name"], manifest[0]["spec"]["volumeClaimTemplates"][0]["metadata"]["name"]);
    for name in ["DATABASE_URL", "ADMIN_TOKEN", "SLACK_WEBHOOK_URL"] {
        let env = container["env"].as_vec().unwrap();
        let variable = env.iter().find(|variable| text(&variable["name"]) == name).unwrap();
        assert_eq!(text(&variable["valueFrom"]["secretKeyRef"]["name"]), "todo-api", "{name}");
    }
}

#[test]
fn its_settings_are_known_to_the_program_and_leave_time_to_drain() {
    let manifest = manifest();
    let pod = &manifest[0]["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let help = String::from_utf8(output(&folder(), &["--help"]).stdout).unwrap();
    for variable in container["env"].as_vec().unwrap() {
        let name = text(&variable["name"]);
        assert!(help.contains(&format!("[env: {name}")), "{name} is not in the help:\n{help}");
    }
    for arg in container["args"].as_vec().unwrap() {
        let (option, _) = text(arg).split_once('=').unwrap();
        assert!(help.contains(&format!("{option} <")), "{option} is not in the help:\n{help}");
    }
    let seconds = |option| argument(container, option).parse::<f64>().unwrap();
    let drain = seconds("--drain=");
    assert!(pod["terminationGracePeriodSeconds"].as_i64().unwrap() as f64 > drain + seconds("--grace=") + 5.0);
    let asked_every = container["readinessProbe"]["periodSeconds"].as_i64().unwrap();
    let attempts = container["readinessProbe"]["failureThreshold"].as_i64().unwrap();
    assert!((asked_every * attempts) as f64 <= drain, "kubelet sees it drain before it stops to listen");
}

/// Resident memory under load and errors, as stated in the manifest.
const UNDER_LOAD_MIB: u32 = 156;
