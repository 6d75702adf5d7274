//! The handlers of `/todos`.

use axum::{
    Json as JsonBody, Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use monitor_kit::CurrentScope;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    ApiError,
    json::{Json, Params},
    store::{Store, Todo},
};

/// A todo to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTodo {
    /// What is to be done, from 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    title: String,
}

/// What is to change of a todo.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// What is to be done, from 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
    /// Whether it is done.
    done: Option<bool>,
}

/// Which todos to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// How many to skip. Defaults to 0.
    #[serde(default)]
    offset: u32,
    /// How many to list, from 1 to 100. Defaults to 20.
    #[serde(default = "default_limit")]
    limit: u32,
}

/// A page of todos, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Todos {
    /// The todos of this page.
    items: Vec<Todo>,
    /// How many there are in all.
    total: i64,
    /// How many were skipped.
    offset: u32,
    /// How many a page holds.
    limit: u32,
}

pub(crate) fn router() -> Router<Store> {
    Router::new()
        .route("/todos", get(list).post(create))
        .route("/todos/{id}", get(read).patch(update).delete(delete))
        .route("/todos/{id}/complete", post(complete))
}

/// Creates a todo.
#[utoipa::path(post, path = "/todos", request_body = NewTodo, responses(
    (status = 201, description = "created", body = Todo),
    (status = 422, description = "the title is empty or too long"),
))]
pub(crate) async fn create(
    CurrentScope(scope): CurrentScope,
    State(store): State<Store>,
    Json(new): Json<NewTodo>,
) -> Result<impl IntoResponse, ApiError> {
    let title = checked(new.title)?;
    // The request's own identifier is unique already.
    let todo = store.create(scope.id().to_string(), title).await?;
    let location = format!("/todos/{}", todo.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], JsonBody(todo)))
}

/// Lists todos, page by page.
#[utoipa::path(get, path = "/todos", params(Page), responses((status = 200, description = "a page", body = Todos)))]
pub(crate) async fn list(
    State(store): State<Store>,
    Params(Page { offset, limit }): Params<Page>,
) -> Result<JsonBody<Todos>, ApiError> {
    if !(1..=100).contains(&limit) {
        return Err(ApiError::Invalid(StatusCode::BAD_REQUEST, String::from("limit must be from 1 to 100")));
    }
    Ok(JsonBody(Todos { items: store.list(offset, limit).await?, total: store.count().await?, offset, limit }))
}

/// Reads a todo.
#[utoipa::path(get, path = "/todos/{id}", responses(
    (status = 200, description = "the todo", body = Todo), (status = 404, description = "there is no such todo"),
))]
pub(crate) async fn read(State(store): State<Store>, Path(id): Path<String>) -> Result<JsonBody<Todo>, ApiError> {
    Ok(JsonBody(store.get(&id).await?))
}

/// Changes a todo.
#[utoipa::path(patch, path = "/todos/{id}", request_body = Change, responses(
    (status = 200, description = "the todo as it is now", body = Todo),
    (status = 404, description = "there is no such todo"),
    (status = 422, description = "nothing to change, or the title is empty or too long"),
))]
pub(crate) async fn update(
    State(store): State<Store>,
    Path(id): Path<String>,
    Json(change): Json<Change>,
) -> Result<JsonBody<Todo>, ApiError> {
    if change.title.is_none() && change.done.is_none() {
        return Err(ApiError::unprocessable("nothing to change: give title or done"));
    }
    let title = change.title.map(checked).transpose()?;
    Ok(JsonBody(store.update(&id, title, change.done).await?))
}

/// Completes a todo.
#[utoipa::path(post, path = "/todos/{id}/complete", responses(
    (status = 200, description = "the todo as it is now", body = Todo),
    (status = 404, description = "there is no such todo"),
))]
pub(crate) async fn complete(State(store): State<Store>, Path(id): Path<String>) -> Result<JsonBody<Todo>, ApiError> {
    Ok(JsonBody(store.update(&id, None, Some(true)).await?))
}

/// Deletes a todo.
#[utoipa::path(delete, path = "/todos/{id}", responses(
    (status = 204, description = "deleted"), (status = 404, description = "there is no such todo"),
))]
pub(crate) async fn delete(State(store): State<Store>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    store.delete(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn checked(title: String) -> Result<String, ApiError> {
    match title.trim().chars().count() {
        1..=200 => Ok(title.trim().to_owned()),
        0 => Err(ApiError::unprocessable("title is empty: give it 1 to 200 characters")),
        length => Err(ApiError::unprocessable(format!("title has {length} characters: give it 1 to 200"))),
    }
}

fn default_limit() -> u32 {
    20
}
