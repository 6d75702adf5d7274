//! The handlers of `/todos`.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use monitor_kit::CurrentScope;
use serde::{Deserialize, Serialize};

use crate::{
    ApiError,
    json::{Id, Json, Params, present},
    store::{Store, Todo},
};

/// A todo to be created.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTodo {
    /// The task: from 1 to 200 characters, not blank, no control characters.
    title: String,
}

/// Changes to a todo; at least one is required.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// The task: from 1 to 200 characters, not blank, no control characters.
    #[serde(default, deserialize_with = "present")]
    title: Option<String>,
    /// Whether it is done.
    #[serde(default, deserialize_with = "present")]
    done: Option<bool>,
}

/// The page of todos to list.
#[derive(Debug, Deserialize)]
struct Page {
    /// Number of todos to skip. Defaults to 0.
    #[serde(default)]
    offset: u32,
    /// Maximum number of todos to list, from 1 to 100. Defaults to 20.
    #[serde(default = "default_limit")]
    limit: u32,
}

/// A page of todos, oldest first.
#[derive(Debug, Serialize)]
struct Todos {
    /// The todos of this page.
    items: Vec<Todo>,
    /// Total number of todos.
    total: i64,
    /// Number of skipped todos.
    offset: u32,
    /// Maximum number of todos on a page.
    limit: u32,
}

pub(crate) fn router() -> Router<Store> {
    Router::new()
        .route("/todos", get(list).post(create))
        .route("/todos/{id}", get(read).patch(update).delete(delete))
        .route("/todos/{id}/complete", post(complete))
}

/// Creates a todo.
async fn create(
    CurrentScope(scope): CurrentScope,
    State(store): State<Store>,
    Json(new): Json<NewTodo>,
) -> Result<impl IntoResponse, ApiError> {
    let title = checked(new.title)?;
    // The ID of the request is unique already.
    let todo = store.create(scope.id().to_string(), title).await?;
    let location = format!("/todos/{}", todo.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(todo)))
}

/// Lists todos, page by page.
async fn list(
    State(store): State<Store>,
    Params(Page { offset, limit }): Params<Page>,
) -> Result<Json<Todos>, ApiError> {
    if !(1..=100).contains(&limit) {
        return Err(ApiError::Invalid(StatusCode::BAD_REQUEST, String::from("limit must be from 1 to 100")));
    }
    Ok(Json(Todos { items: store.list(offset, limit).await?, total: store.count().await?, offset, limit }))
}

/// Reads a todo.
async fn read(State(store): State<Store>, Id(id): Id) -> Result<Json<Todo>, ApiError> {
    Ok(Json(store.get(&id).await?))
}

/// Changes a todo.
async fn update(State(store): State<Store>, Id(id): Id, Json(change): Json<Change>) -> Result<Json<Todo>, ApiError> {
    if change.title.is_none() && change.done.is_none() {
        return Err(ApiError::unprocessable("nothing to change: give title or done"));
    }
    let title = change.title.map(checked).transpose()?;
    Ok(Json(store.update(&id, title, change.done).await?))
}

/// Completes a todo.
async fn complete(State(store): State<Store>, Id(id): Id) -> Result<Json<Todo>, ApiError> {
    Ok(Json(store.update(&id, None, Some(true)).await?))
}

/// Deletes a todo.
async fn delete(State(store): State<Store>, Id(id): Id) -> Result<StatusCode, ApiError> {
    store.delete(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn checked(title: String) -> Result<String, ApiError> {
    if title.contains(char::is_control) {
        return Err(ApiError::unprocessable("title has control characters: leave them out"));
    }
    match title.chars().count() {
        0..=200 if title.trim().is_empty() => {
            Err(ApiError::unprocessable("title is empty: give it 1 to 200 characters"))
        }
        0..=200 => Ok(title.trim().to_owned()),
        length => Err(ApiError::unprocessable(format!("title has {length} characters: give it 1 to 200"))),
    }
}

fn default_limit() -> u32 {
    20
}
