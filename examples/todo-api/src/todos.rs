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
use utoipa::{
    IntoParams, ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};
use uuid::Uuid;

use crate::{
    ApiError,
    json::{Id, Json, Params, present},
    openapi::{BodyRefusals, IdRefusals, QueryRefusals},
    store::{Store, Todo},
};

/// A todo to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTodo {
    /// The task: from 1 to 200 characters, not blank, no control characters.
    #[schema(schema_with = title_schema)]
    title: String,
}

/// Changes to a todo; at least one is required.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(min_properties = 1)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// The task: from 1 to 200 characters, not blank, no control characters.
    #[schema(schema_with = title_schema)]
    #[serde(default, deserialize_with = "present")]
    title: Option<String>,
    /// Whether it is done.
    #[schema(nullable = false)]
    #[serde(default, deserialize_with = "present")]
    done: Option<bool>,
}

/// The page of todos to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// Number of todos to skip. Defaults to 0.
    #[param(value_type = i64, minimum = 0, maximum = 4294967295_i64)]
    #[serde(default)]
    offset: u32,
    /// Maximum number of todos to list, from 1 to 100. Defaults to 20.
    #[param(minimum = 1, maximum = 100)]
    #[serde(default = "default_limit")]
    limit: u32,
}

/// The todo in the path.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "a schema; `Id` reads it")]
pub(crate) struct ById {
    /// ID of the todo.
    id: Uuid,
}

/// A page of todos, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Todos {
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
#[utoipa::path(post, path = "/todos", request_body = NewTodo, responses(
    (status = 201, description = "created", body = Todo),
    BodyRefusals,
))]
pub(crate) async fn create(
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
#[utoipa::path(get, path = "/todos", params(Page), responses(
    (status = 200, description = "a page", body = Todos),
    QueryRefusals,
))]
pub(crate) async fn list(
    State(store): State<Store>,
    Params(Page { offset, limit }): Params<Page>,
) -> Result<Json<Todos>, ApiError> {
    if !(1..=100).contains(&limit) {
        return Err(ApiError::Invalid(StatusCode::BAD_REQUEST, String::from("limit must be from 1 to 100")));
    }
    Ok(Json(Todos { items: store.list(offset, limit).await?, total: store.count().await?, offset, limit }))
}

/// Reads a todo.
#[utoipa::path(get, path = "/todos/{id}", params(ById), responses(
    (status = 200, description = "the todo", body = Todo),
    IdRefusals,
))]
pub(crate) async fn read(State(store): State<Store>, Id(id): Id) -> Result<Json<Todo>, ApiError> {
    Ok(Json(store.get(&id).await?))
}

/// Changes a todo.
#[utoipa::path(patch, path = "/todos/{id}", params(ById), request_body = Change, responses(
    (status = 200, description = "the todo as it is now", body = Todo),
    IdRefusals,
    BodyRefusals,
))]
pub(crate) async fn update(
    State(store): State<Store>,
    Id(id): Id,
    Json(change): Json<Change>,
) -> Result<Json<Todo>, ApiError> {
    if change.title.is_none() && change.done.is_none() {
        return Err(ApiError::unprocessable("nothing to change: give title or done"));
    }
    let title = change.title.map(checked).transpose()?;
    Ok(Json(store.update(&id, title, change.done).await?))
}

/// Completes a todo.
#[utoipa::path(post, path = "/todos/{id}/complete", params(ById), responses(
    (status = 200, description = "the todo as it is now", body = Todo),
    IdRefusals,
))]
pub(crate) async fn complete(State(store): State<Store>, Id(id): Id) -> Result<Json<Todo>, ApiError> {
    Ok(Json(store.update(&id, None, Some(true)).await?))
}

/// Deletes a todo.
#[utoipa::path(delete, path = "/todos/{id}", params(ById), responses(
    (status = 204, description = "deleted"),
    IdRefusals,
))]
pub(crate) async fn delete(State(store): State<Store>, Id(id): Id) -> Result<StatusCode, ApiError> {
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

/// Returns the schema of a title that [`checked`] accepts.
fn title_schema() -> Object {
    let title = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(200));
    let title = title.description(Some("What is to be done: not blank, without control characters."));
    title.pattern(Some(NOT_BLANK)).build()
}

const NOT_BLANK: &str =
    r"^[^\u0000-\u001F\u007F-\u009F]*[^\s\u0000-\u001F\u007F-\u009F][^\u0000-\u001F\u007F-\u009F]*$";

fn default_limit() -> u32 {
    20
}
