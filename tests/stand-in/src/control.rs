//! The control surface under `/_stand-in`: what tests ask of the stand-in itself.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::connection::{Connection, Traffic};
use crate::journal;
use crate::lock::lock;
use crate::service::Service;

const LONGEST_WAIT_MS: u64 = 5000;

type Shared = State<Arc<Service>>;

/// The routes of the control surface.
pub(crate) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/requests", get(requests).delete(forget_requests))
        .route("/scripts", post(take_script))
        .route("/releases", post(release))
        .route("/windows", get(windows).delete(clear_windows))
        .route("/connections", get(connections))
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(from_fn(mark))
}

/// Keeps connections that serve tests out of the counts.
async fn mark(ConnectInfo(connection): ConnectInfo<Connection>, request: Request, next: Next) -> Response {
    connection.carries(Traffic::Control);
    next.run(request).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestsQuery {
    session_id: Option<String>,
    at_least: Option<usize>,
    wait_ms: Option<u64>,
}

async fn requests(State(service): Shared, Query(query): Query<RequestsQuery>) -> Response {
    let session_id = query.session_id.as_deref();
    if let Some(count) = query.at_least {
        let longest = longest_wait(query.wait_ms);
        service.journal.wait_for(session_id, count, longest).await;
    }
    let records = service.journal.records(session_id);
    let shown: Vec<&journal::Request> = records.iter().map(Arc::as_ref).collect();
    Json(shown).into_response()
}

async fn forget_requests(State(service): Shared) -> StatusCode {
    service.journal.clear();
    StatusCode::NO_CONTENT
}

async fn take_script(State(service): Shared, text: Bytes) -> Result<StatusCode, (StatusCode, String)> {
    match service.reader.script(&text) {
        Ok(script) => {
            service.register(script);
            Ok(StatusCode::NO_CONTENT)
        }
        Err(error) => Err((StatusCode::BAD_REQUEST, format!("{error}\n"))),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseQuery {
    session_id: String,
}

async fn release(
    State(service): Shared,
    Query(query): Query<ReleaseQuery>,
) -> Result<StatusCode, (StatusCode, String)> {
    match lock(&service.scripts).release(&query.session_id) {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err((StatusCode::BAD_REQUEST, format!("{error}\n"))),
    }
}

async fn windows(State(service): Shared) -> Json<Value> {
    Json(lock(&service.windows).figures(Instant::now()))
}

async fn clear_windows(State(service): Shared) -> StatusCode {
    lock(&service.windows).clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectionsQuery {
    at_most: Option<usize>,
    wait_ms: Option<u64>,
}

async fn connections(State(service): Shared, Query(query): Query<ConnectionsQuery>) -> Json<Value> {
    let counter = &service.counter;
    if let Some(limit) = query.at_most {
        let longest = longest_wait(query.wait_ms);
        counter.wait_until_open_at_most(limit, longest).await;
    }
    let counts = counter.counts();
    Json(json!({
        "open": counts.open(),
        "opened": counts.opened,
        "peak": counts.peak,
        "redirect_target": counts.redirect_target,
    }))
}

fn longest_wait(wait_ms: Option<u64>) -> Duration {
    Duration::from_millis(wait_ms.unwrap_or(LONGEST_WAIT_MS))
}
