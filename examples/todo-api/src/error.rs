//! Everything that can go wrong in a request, and how it is answered.

use std::{error::Error, fmt};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use monitor_kit::{AttachedError, problem};

/// Why a request failed. It is answered as `application/problem+json`, which says what the client can change and
/// nothing of the inside.
#[derive(Debug)]
#[non_exhaustive]
pub enum ApiError {
    /// The request is not what the API takes; the text says why.
    Invalid(StatusCode, String),
    /// There is no such todo.
    NoSuchTodo,
    /// There is no such issue.
    NoSuchIssue,
    /// There is nothing at this path.
    NoSuchPath,
    /// The path does not take this method.
    MethodNotAllowed,
    /// The route divided by zero.
    DivisionByZero(DivisionByZero),
    /// The database failed.
    Database(sqlx::Error),
    /// Work that was begun did not come to its end.
    Unfinished,
    /// The flaky route failed, as it does.
    Flaky,
}

/// Somebody divided by zero.
#[derive(Clone, Copy, Debug)]
pub struct DivisionByZero;

impl ApiError {
    /// An error of validation: the request is JSON, but not of a todo.
    pub(crate) fn unprocessable(text: impl Into<String>) -> Self {
        Self::Invalid(StatusCode::UNPROCESSABLE_ENTITY, text.into())
    }

    /// An error in what was asked for.
    pub(crate) fn bad_request(text: impl Into<String>) -> Self {
        Self::Invalid(StatusCode::BAD_REQUEST, text.into())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(status, _) => *status,
            Self::NoSuchTodo | Self::NoSuchIssue | Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::DivisionByZero(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Database(_) | Self::Unfinished | Self::Flaky => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What the client may read.
    fn title(&self) -> String {
        match self {
            Self::Database(_) | Self::Unfinished | Self::Flaky => String::new(),
            shown => shown.to_string(),
        }
    }

    fn to_attach(&self) -> Option<AttachedError> {
        match self {
            Self::DivisionByZero(error) => Some(AttachedError::new(error)),
            Self::Database(_) | Self::Unfinished | Self::Flaky => Some(AttachedError::new(self)),
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = problem(self.status(), &self.title()).into_response();
        if let Some(attached) = self.to_attach() {
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
            Self::NoSuchPath => f.write_str("there is nothing at this path"),
            Self::MethodNotAllowed => f.write_str("this path does not take this method"),
            Self::DivisionByZero(error) => error.fmt(f),
            Self::Database(_) => f.write_str("the database failed"),
            Self::Unfinished => f.write_str("the work did not come to its end"),
            Self::Flaky => f.write_str("the flaky route failed, as it does every third time"),
        }
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Database(error) => Some(error),
            Self::DivisionByZero(error) => Some(error),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::RowNotFound => Self::NoSuchTodo,
            error => Self::Database(error),
        }
    }
}

impl fmt::Display for DivisionByZero {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("division by zero")
    }
}

impl Error for DivisionByZero {}
