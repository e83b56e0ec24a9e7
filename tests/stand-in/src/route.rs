use axum::http::Method;
use percent_encoding::percent_decode_str;

/// The two operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    UpdateStatus,
    Complete,
}

/// An operation on a session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    pub(crate) session_id: String,
}

const SESSION: &str = "/chat/v1/session/";

impl Route {
    /// The route that `method` and the request target address, if any. As in every server, a segment `.` or `..` is none
    /// of its own, however it is spelled.
    pub(crate) fn find(method: &Method, target: &str) -> Option<Self> {
        let (segment, tail) = path_of(target).strip_prefix(SESSION)?.split_once('/')?;
        let operation = match tail {
            "status" => Operation::UpdateStatus,
            "complete" => Operation::Complete,
            _ => return None,
        };
        let session_id = decode(segment);
        let addresses_a_session = method == Method::PUT && !matches!(&*session_id, "" | "." | "..");
        addresses_a_session.then_some(Self { operation, session_id })
    }
}

/// The session id in a request target, also where the rest of it is no route.
pub(crate) fn session_id_in(target: &str) -> Option<String> {
    let (_, after) = path_of(target).split_once(SESSION)?;
    let segment = after.split('/').next().unwrap_or(after);
    Some(decode(segment))
}

fn path_of(target: &str) -> &str {
    let origin_form = match target.split_once("://") {
        Some(("http" | "https", rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        _ => target,
    };
    origin_form.split(['?', '#']).next().unwrap_or(origin_form)
}

fn decode(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(target: &str) -> Option<(Operation, String)> {
        Route::find(&Method::PUT, target).map(|route| (route.operation, route.session_id))
    }

    #[test]
    fn both_operations() {
        assert_eq!(put("/chat/v1/session/a%2Fb/status"), Some((Operation::UpdateStatus, "a/b".to_owned())));
        assert_eq!(put("http://host/chat/v1/session/%C3%A9/complete?x=1"), Some((Operation::Complete, "é".to_owned())));
    }

    #[test]
    fn other_targets_are_no_route() {
        for target in [
            "/",
            "/v1/session/a/status",
            "/chat/v1/session//status",
            "/chat/v1/session/../status",
            "/chat/v1/session/%2e%2E/status",
            "/chat/v1/session/a/status/",
            "/chat/v1/session/a/b/status",
            "/chat/v1/session/a#b/status",
            "/chat/v1/session/a",
            "/x/chat/v1/session/a/status",
        ] {
            assert_eq!(put(target), None, "{target}");
        }
        assert_eq!(Route::find(&Method::GET, "/chat/v1/session/a/status"), None);
    }

    #[test]
    fn the_id_is_found_without_a_route() {
        assert_eq!(session_id_in("/x/chat/v1/session/a%20b/nothing"), Some("a b".to_owned()));
        assert_eq!(session_id_in("/chat/v1/session/a"), Some("a".to_owned()));
        assert_eq!(session_id_in("/v1/session/a/status"), None);
    }
}
