//! Checks the settings before the monitor is built. Each error names the setting and says how to fix it.

use std::sync::Arc;

use super::MonitorBuilder;
use crate::{
    base::{
        drops::DropCounter,
        error::{BuildError, setting},
        prefixes,
    },
    extension::Extension,
    issue::{EVENTS, RECORDS, TIME_LINE, UNRESOLVED},
    model::method::KnownMethod,
    persist::{
        SECRET,
        durable::{Durable, KeyPrefix},
    },
    switch,
};

impl MonitorBuilder {
    pub(super) fn check(&self) -> Result<(), BuildError> {
        let Self { service, routes, grpc_methods, untracked, protected, errors, trace_sample_rate, limits, .. } = self;
        if service.trim().is_empty() {
            return setting("the service has no name: give Monitor::builder one, such as \"todo-api\"");
        }
        for (method, route) in routes {
            if KnownMethod::from_name(method) == KnownMethod::Other {
                return setting(format!(
                    "the declared route `{method} {route}` has an unknown method: use GET, POST, …"
                ));
            }
            if !route.starts_with('/') {
                return setting(format!("the declared route `{method} {route}` must begin with `/`"));
            }
            if let Some(template) = template_of_old_form(route) {
                return setting(format!(
                    "the declared route `{method} {route}` is never matched: write `{method} {template}`"
                ));
            }
        }
        if !(0.0..=1.0).contains(trace_sample_rate) {
            return setting(format!("trace_sample_rate is {trace_sample_rate}: give it a share from 0 to 1"));
        }
        errors.check()?;
        limits.check()?;
        if let Some(method) = grpc_methods.iter().find(|method| !is_grpc_method(method)) {
            return setting(format!("the gRPC method `{method}` is not written as /package.Service/Method"));
        }
        for path in untracked {
            prefixes::checked("untracked path", path)?;
        }
        for route in protected {
            prefixes::checked("protected route", route)?;
        }
        let templates = protected.iter().chain(&errors.ignore.routes);
        if let Some((route, template)) =
            templates.filter_map(|route| Some((route, template_of_old_form(route)?))).next()
        {
            return setting(format!("the route `{route}` is never matched: write `{template}`"));
        }
        let declared = routes.len() + grpc_methods.len();
        if declared > limits.series {
            let series = limits.series;
            return setting(format!("{declared} routes are declared but the limit `series` is {series}: raise it"));
        }
        Ok(())
    }
}

fn is_grpc_method(path: &str) -> bool {
    let names = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    names.is_some_and(|(service, method)| !service.is_empty() && !method.is_empty() && !method.contains('/'))
}

/// Returns the present form of a template that is written as in axum 0.7: `/items/{id}` for `/items/:id`,
/// `/assets/{*path}` for `/assets/*path`. Returns `None` if `route` needs no change. Routers match only the present
/// form.
fn template_of_old_form(route: &str) -> Option<String> {
    let segment = |segment: &str| match segment.split_at_checked(1) {
        Some((":", name)) if !name.is_empty() => format!("{{{name}}}"),
        Some(("*", name)) if !name.is_empty() => format!("{{*{name}}}"),
        _ => segment.to_owned(),
    };
    let template = route.split('/').map(segment).collect::<Vec<_>>().join("/");
    (template != route).then_some(template)
}

/// Gives each extension a drop counter of its own name. Refuses empty and duplicate names.
pub(super) fn drop_counters(extensions: &[Box<dyn Extension>]) -> Result<Vec<Arc<DropCounter>>, BuildError> {
    let mut counters: Vec<Arc<DropCounter>> = Vec::with_capacity(extensions.len());
    for extension in extensions {
        let name = extension.name();
        let taken =
            ["traffic", "intake", "store"].contains(&name) || counters.iter().any(|other| other.owner() == name);
        if taken || name.is_empty() {
            return setting(format!(
                "the reporter or extension name `{name}` is taken or empty: give each one of its own"
            ));
        }
        counters.push(Arc::new(DropCounter::new(name)));
    }
    Ok(counters)
}

/// Refuses prefixes of stored keys that are malformed or overlap.
pub(super) fn check_prefixes(durables: &[Arc<dyn Durable>]) -> Result<(), BuildError> {
    let mut all: Vec<String> = [EVENTS, RECORDS, UNRESOLVED, TIME_LINE, switch::KEY, SECRET].map(String::from).into();
    for prefix in durables.iter().flat_map(|durable| durable.prefixes()) {
        let KeyPrefix { name, quota, .. } = prefix;
        let base = name.strip_suffix('/').unwrap_or(&name);
        if base.is_empty() || !base.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
            return setting(format!(
                "the key prefix `{name}` is malformed: use lower-case letters, digits and `-`, and at most one `/` at \
                 its end"
            ));
        }
        if quota.is_some() && base.len() == name.len() {
            return setting(format!(
                "the key prefix `{name}` has a quota, but its values are never evicted: end it with `/`"
            ));
        }
        if let Some(other) = all.iter().find(|other| other.starts_with(&name) || name.starts_with(*other)) {
            return setting(format!("the key prefixes `{other}` and `{name}` overlap: give each state its own"));
        }
        all.push(name);
    }
    Ok(())
}
