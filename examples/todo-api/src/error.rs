//! All errors of a request, and their responses.

use std::{error::Error, fmt};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use monitor_kit::{AttachedError, problem};
use tokio::task::JoinError;

/// The reason why a request failed. The response is `application/problem+json` and tells the client what it can change,
/// but no internal details.
#[derive(Debug)]
#[non_exhaustive]
pub enum ApiError {
    /// The request is invalid; the text has the reason.
    Invalid(StatusCode, String),
    /// There is no such todo.
    NoSuchTodo,
    /// There is no such issue.
    NoSuchIssue,
    /// There is no such incident.
    NoSuchIncident,
    /// The path does not exist.
    NoSuchPath,
    /// The path does not support this method.
    MethodNotAllowed,
    /// The route divided by zero: a client error that is captured nevertheless.
    DivisionByZero(AttachedError),
    /// The service failed. The location of the error is the `?` that returned it.
    Failed(AttachedError),
}

/// A division by zero.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DivisionByZero;

/// The failure of a route that fails every third time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flaky;

impl ApiError {
    /// Returns a validation error: the body is JSON, but not a valid todo.
    pub(crate) fn unprocessable(text: impl Into<String>) -> Self {
        Self::Invalid(StatusCode::UNPROCESSABLE_ENTITY, text.into())
    }

    /// Returns an error in the path or query.
    pub(crate) fn bad_request(text: impl Into<String>) -> Self {
        Self::Invalid(StatusCode::BAD_REQUEST, text.into())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(status, _) => *status,
            Self::NoSuchTodo | Self::NoSuchIssue | Self::NoSuchIncident | Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::DivisionByZero(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns the title shown to the client.
    fn title(&self) -> String {
        match self {
            Self::Failed(_) => String::new(),
            shown => shown.to_string(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = problem(self.status(), &self.title()).into_response();
        if let Self::DivisionByZero(attached) | Self::Failed(attached) = self {
            response.extensions_mut().insert(attached);
        }
        response
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(_, text) => f.write_str(text),
            Self::NoSuchTodo => f.write_str("there is no such todo"),
            Self::NoSuchIssue => f.write_str("there is no such issue"),
            Self::NoSuchIncident => f.write_str("there is no such incident"),
            Self::NoSuchPath => f.write_str("there is nothing at this path"),
            Self::MethodNotAllowed => f.write_str("this path does not take this method"),
            Self::DivisionByZero(_) => DivisionByZero.fmt(f),
            Self::Failed(_) => f.write_str("the service failed"),
        }
    }
}

impl Error for ApiError {}

// `track_caller` makes the converting `?` the location of the error. `IntoResponse` is called at the same line for all
// errors.

impl From<sqlx::Error> for ApiError {
    #[track_caller]
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::RowNotFound => Self::NoSuchTodo,
            error => Self::Failed(AttachedError::new(&error)),
        }
    }
}

impl From<JoinError> for ApiError {
    #[track_caller]
    fn from(error: JoinError) -> Self {
        Self::Failed(AttachedError::new(&error))
    }
}

impl From<Flaky> for ApiError {
    #[track_caller]
    fn from(error: Flaky) -> Self {
        Self::Failed(AttachedError::new(&error))
    }
}

impl From<DivisionByZero> for ApiError {
    #[track_caller]
    fn from(error: DivisionByZero) -> Self {
        Self::DivisionByZero(AttachedError::new(&error))
    }
}

impl fmt::Display for DivisionByZero {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("division by zero")
    }
}

impl Error for DivisionByZero {}

impl fmt::Display for Flaky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the flaky route failed, as it does every third time")
    }
}

impl Error for Flaky {}
