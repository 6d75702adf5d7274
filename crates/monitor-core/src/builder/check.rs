//! Checks the settings before the monitor is built. Each error names the setting and says how to fix it.

use std::sync::Arc;

use super::MonitorBuilder;
use crate::{
    base::{
        drops::DropCounter,
        error::{BuildError, setting},
    },
    model::method::KnownMethod,
    signal::reporter::{Reporter, ReporterWorker},
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
        let is_bad = |path: &&String| !path.starts_with('/') || path.trim_end_matches('/').is_empty();
        if let Some(path) = untracked.iter().find(is_bad) {
            return setting(format!("the untracked path `{path}` must begin with `/` and name something below it"));
        }
        if let Some(path) = protected.iter().find(is_bad) {
            return setting(format!("the protected route `{path}` must begin with `/` and name something below it"));
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

/// Gives each reporter a drop counter of its own name. Refuses empty and duplicate names.
pub(super) fn guard(reporters: Vec<Box<dyn Reporter>>) -> Result<Vec<ReporterWorker>, BuildError> {
    let mut guarded: Vec<ReporterWorker> = Vec::with_capacity(reporters.len());
    for reporter in reporters {
        let name = reporter.name();
        let taken =
            ["traffic", "intake", "store"].contains(&name) || guarded.iter().any(|other| other.drops.owner() == name);
        if taken || name.is_empty() {
            return setting(format!("the reporter name `{name}` is taken or empty: give each reporter one of its own"));
        }
        guarded.push(ReporterWorker { drops: Arc::new(DropCounter::new(name)), reporter });
    }
    Ok(guarded)
}
