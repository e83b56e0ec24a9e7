//! The API itself: what becomes of a request.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::access::Credential;
use crate::body::requested_status;
use crate::connection::{Connection, Traffic};
use crate::journal;
use crate::lock::lock;
use crate::pause::Pause;
use crate::problem::{Envelope, problem_details};
use crate::raw::{self, RawAnswer};
use crate::route::{Route, session_id_in};
use crate::script::{Play, Step};
use crate::service::Service;

/// A request, received whole.
struct Received {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Bytes,
    connection: Connection,
}

/// What the stand-in does in return.
enum Reply {
    Answer(Response),
    Raw(RawAnswer),
}

/// Answers a request to the API. From here on the request is on its way: it arrives and is handled even where the client
/// leaves before the answer.
pub(crate) async fn answer(
    State(service): State<Arc<Service>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    connection.carries(Traffic::Api);
    let Some(received) = Received::whole(connection, request).await else {
        return bad_request(&[("$".to_owned(), "The body could not be read.".to_owned())]);
    };
    let handled = tokio::spawn(async move { service.handle(received).await });
    match handled.await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_shut_down) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    }
}

impl Received {
    /// Reads the request to its end. None where it has no end, or none within 1 MiB.
    async fn whole(connection: Connection, request: Request) -> Option<Self> {
        const LONGEST_BODY: usize = 1024 * 1024;
        let target = connection.request_target();
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, LONGEST_BODY).await.ok()?;
        Some(Self {
            method: parts.method,
            target: target.unwrap_or_else(|| parts.uri.to_string()),
            headers: parts.headers,
            body,
            connection,
        })
    }

    fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }
}

impl Service {
    async fn handle(&self, received: Received) -> Response {
        self.arrival_delay.pass().await;
        let (pause, reply) = self.reply(&received);
        self.latency.pass().await;
        pause.pass().await;
        match reply {
            Reply::Answer(response) => response,
            Reply::Raw(answer) => {
                if let Some(socket) = received.connection.take_socket() {
                    tokio::spawn(raw::play(socket, answer));
                }
                Response::new(Body::empty())
            }
        }
    }

    /// Decides, in the API's order: who is it, is there room, what is meant.
    fn reply(&self, received: &Received) -> (Pause, Reply) {
        let credential = self.credential(received);
        self.journal.add(self.record(received, credential));
        if !self.access.admits(credential) {
            return at_once(unauthorized(StatusCode::UNAUTHORIZED));
        }
        if let Err(wait) = self.take_slot() {
            return at_once(self.too_many_requests(wait));
        }
        let Some(route) = Route::find(&received.method, &received.target) else {
            return at_once(unauthorized(StatusCode::NOT_FOUND));
        };
        let step = lock(&self.scripts).next(&route.session_id);
        let Some(Step { pause, play }) = step else {
            return at_once(self.operate(&route, received));
        };
        let reply = match play {
            Play::Pass => Reply::Answer(self.operate(&route, received)),
            Play::Answer(answer) => Reply::Answer((answer.status, answer.headers, answer.body).into_response()),
            Play::Raw(answer) => Reply::Raw(answer),
        };
        (pause, reply)
    }

    fn credential(&self, received: &Received) -> Option<Credential> {
        let authorization = received.headers.get(AUTHORIZATION)?;
        Some(self.access.inspect(authorization.as_bytes()))
    }

    fn take_slot(&self) -> Result<(), Duration> {
        let mut windows = lock(&self.windows);
        windows.arrive(Instant::now())
    }

    fn operate(&self, route: &Route, received: &Received) -> Response {
        let requested = requested_status(route.operation, received.content_type(), &received.body);
        let status = match requested {
            Ok(status) => status,
            Err(faults) => return bad_request(&faults),
        };
        match lock(&self.sessions).set_status(&route.session_id, status) {
            Some(session) => json_response(StatusCode::OK, &session),
            None => unknown_session(),
        }
    }

    fn too_many_requests(&self, wait: Duration) -> Response {
        let envelope = Envelope {
            http_status_code: json!(429),
            key: "ERROR_TOO_MANY_REQUESTS",
            text: "Limite de requisições excedido",
        };
        let mut response = json_response(StatusCode::TOO_MANY_REQUESTS, &envelope.body());
        let header = self.retry_after.header(wait);
        if let Some(value) = header.and_then(|text| HeaderValue::try_from(text).ok()) {
            response.headers_mut().insert(RETRY_AFTER, value);
        }
        response
    }

    fn record(&self, received: &Received, credential: Option<Credential>) -> journal::Request {
        journal::Request {
            session_id: session_id_in(&received.target),
            method: received.method.to_string(),
            path: received.target.clone(),
            headers: shown_headers(&received.headers, credential),
            body: serde_json::from_slice(&received.body).unwrap_or(Value::Null),
            body_text: String::from_utf8_lossy(&received.body).into_owned(),
            at_ms: self.started.elapsed().as_millis() as u64,
            connection: received.connection.serial(),
        }
    }
}

/// The headers as the journal shows them: without the key, and those of one name joined.
fn shown_headers(headers: &HeaderMap, credential: Option<Credential>) -> BTreeMap<String, String> {
    let mut shown = BTreeMap::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter();
        let texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        shown.insert(name.to_string(), texts.collect::<Vec<_>>().join(", "));
    }
    if let Some(credential) = credential {
        shown.insert(AUTHORIZATION.to_string(), credential.shown().to_owned());
    }
    shown
}

fn at_once(response: Response) -> (Pause, Reply) {
    (Pause::default(), Reply::Answer(response))
}

fn unauthorized(status: StatusCode) -> Response {
    let envelope =
        Envelope { http_status_code: json!(status.as_u16()), key: "ERROR_UNAUTHORIZED", text: "Acesso negado" };
    json_response(status, &envelope.body())
}

fn unknown_session() -> Response {
    let envelope = Envelope {
        http_status_code: json!("INTERNALSERVERERROR"),
        key: "ENTITY_NOT_FOUND",
        text: "Conversa não encontrada",
    };
    json_response(StatusCode::INTERNAL_SERVER_ERROR, &envelope.body())
}

fn bad_request(faults: &[(String, String)]) -> Response {
    let mut response = json_response(StatusCode::BAD_REQUEST, &problem_details(faults));
    let content_type = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let content_type = [(CONTENT_TYPE, "application/json; charset=utf-8")];
    (status, content_type, body.to_string()).into_response()
}
