//! The whole application: routes, probes and layers put together.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, header},
    middleware,
};
use monitor_kit::{
    BoxError, ErrorSettings, Monitor, MonitorLayer, PrometheusEndpoint, Redaction, alert::AlertHandle, health::Health,
    store,
};
use tower_http::cors::CorsLayer;

use crate::{ApiError, Config, Token, alerts, fault, openapi, operators, probes, store::Store, todos, user};

/// All routes except those that fail on purpose, declared so that their series exist from the start.
pub const ROUTES: [(&str, &str); 18] = [
    ("GET", "/todos"),
    ("POST", "/todos"),
    ("GET", "/todos/{id}"),
    ("PATCH", "/todos/{id}"),
    ("DELETE", "/todos/{id}"),
    ("POST", "/todos/{id}/complete"),
    ("GET", "/openapi.json"),
    ("GET", "/issues"),
    ("GET", "/issues/{fingerprint}"),
    ("GET", "/incidents"),
    ("GET", "/incidents/{id}/report"),
    ("GET", "/incidents/{id}/chart"),
    ("POST", "/admin/incidents/note"),
    ("POST", "/admin/issues/triage"),
    ("POST", "/admin/users/erase"),
    ("GET", "/admin/routes"),
    ("POST", "/admin/routes/disable"),
    ("POST", "/admin/routes/enable"),
];

/// The application, ready to be served.
#[derive(Debug)]
#[non_exhaustive]
pub struct App {
    /// Its routes, under the monitor's layer.
    pub router: Router,
    /// Its monitor.
    pub monitor: Monitor,
    /// Its health.
    pub health: Health,
}

impl App {
    /// Builds the monitor, and the handle to its alerts. The log needs it before the rest of the application exists.
    /// Without a receiver of alerts the handle has no incidents.
    ///
    /// # Errors
    ///
    /// Returns an error if a setting is invalid, that of a receiver of alerts and their rules included, or the data
    /// folder is not writable.
    pub fn monitor(config: &Config) -> Result<(Monitor, AlertHandle), BoxError> {
        let faults = config.fault_routes.then_some([("GET", "/error"), ("GET", "/flaky")]);
        let mut monitor = Monitor::builder("todo-api")
            .release(&config.release)
            .environment(&config.environment)
            .routes(ROUTES.into_iter().chain(faults.into_iter().flatten()))
            .protected_routes(["/admin"])
            .errors(ErrorSettings::new().error_type::<sqlx::Error>());
        if let Some(folder) = &config.data_dir {
            monitor = monitor.persist(store::Store::open(folder)?);
        }
        let mut handle = AlertHandle::default();
        if let Some(alerts) = alerts::of(&config.alerts)? {
            handle = alerts.handle();
            monitor = monitor.extend(alerts);
        }
        Ok((monitor.build()?, handle))
    }

    /// Opens the database and puts everything together.
    ///
    /// # Errors
    ///
    /// Returns an error if the database cannot be opened or migrated, the token cannot be read or written, or a setting
    /// is invalid.
    pub async fn new(config: &Config, monitor: Monitor, alerts: AlertHandle) -> Result<Self, BoxError> {
        let store = Store::open(&config.database).await.map_err(|error| {
            // The address of a database may contain its password.
            format!("the database {}: {error}", Redaction::new().text(&config.database))
        })?;
        let token = Token::of(config)?;
        let health = probes::health(config, &monitor, &store, &token)?;
        let operators = operators::router(&monitor, alerts, token);
        let mut routes = todos::router().merge(openapi::router()).merge(operators);
        if config.fault_routes {
            routes = routes.merge(fault::router(config.division));
        }
        let router = routes
            .with_state(store)
            .route_service("/metrics", PrometheusEndpoint::local(&monitor))
            .nest_service("/health", health.service())
            .fallback(async || ApiError::NoSuchPath)
            .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(middleware::from_fn(user::note))
            .layer(MonitorLayer::new(&monitor));
        // Outside of the monitor's layer: browsers must be able to read its answers to panics and disabled routes as
        // well.
        let router = match &config.cors_origin {
            Some(origin) => router.layer(cors(origin)),
            None => router,
        };
        Ok(Self { router, monitor, health })
    }
}

fn cors(origin: &HeaderValue) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(origin.clone())
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([header::CONTENT_TYPE, HeaderName::from_static(user::HEADER)])
        .expose_headers([HeaderName::from_static("x-request-id")])
}

const BODY_LIMIT: usize = 16 * 1024;
